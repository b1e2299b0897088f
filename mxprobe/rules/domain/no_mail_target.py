"""The domain has neither an MX record nor an address.

What it sees. The domain exists, and has no MX, no A and no AAAA record.
Why it matters. Senders bounce mail for it. That is right where no mail is wanted.
Example. A name that only holds other records:
    example.test NODATA
What to do. Publish MX records where mail is wanted; a null MX where it is not.
Standards. RFC 5321 §5.1; RFC 7505 §3.
"""

from mxprobe.facts.dns import AnswerStatus
from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.rules.domain.reading import chain_of, not_resolved
from mxprobe.rules.pasting import mx_records, under
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive

RULE = Rule(code="MX105", name="no-mail-target", severity=Severity.INFO, references=("RFC 5321 §5.1", "RFC 7505 §3"))


def find(snapshot: Snapshot) -> Judgement:
    """One finding for a domain that exists without a target."""
    plan = chain_of(snapshot)
    doubt = not_resolved(plan)
    if doubt:
        return inconclusive(RULE, doubt)
    answer = snapshot.mx
    if plan.tiers or answer is None or answer.mx or answer.status is AnswerStatus.NXDOMAIN:
        return conclude(RULE, [])
    words = Words(
        says=f"{snapshot.domain} has neither an MX record nor an address",
        seen=(f"MX {snapshot.domain}: no such record, from {answer.server}",),
        means="Senders bounce mail for it.",
        do="Publish MX records where mail is wanted, and a null MX where it is not.",
        paste=under("where no mail is wanted", mx_records(snapshot, ((0, "."),))),
    )
    return conclude(RULE, [finding(RULE, snapshot.domain, words)])
