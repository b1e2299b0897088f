"""The domain says that it takes no mail.

What it sees. Exactly one MX record, the null MX; a warning where its preference is not 0.
Why it matters. Senders give up at once, which is what the record is for.
Example. A domain that only has a web site:
    example.test MX 0 .
What to do. Nothing.
Standards. RFC 7505 §3, §4.1.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.plan import Basis
from mxprobe.rules.domain.reading import chain_of
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive

RULE = Rule(code="MX106", name="null-mx", severity=Severity.OK, references=("RFC 7505 §3", "RFC 7505 §4.1"))


def find(snapshot: Snapshot) -> Judgement:
    """A positive statement."""
    plan = chain_of(snapshot)
    if plan.basis is Basis.UNKNOWN:
        return inconclusive(RULE, "the MX lookup gave no answer")
    answer = snapshot.mx
    if plan.basis is not Basis.NULL or answer is None or len(answer.mx) > 1:
        return conclude(RULE, [])
    (record,) = answer.mx
    odd = "" if record.preference == 0 else f", with preference {record.preference} in place of 0"
    words = Words(
        says=f"{snapshot.domain} takes no mail, and says so{odd}",
        seen=(f"MX {record.preference} ., TTL {record.ttl}",),
        means="Some senders know a null MX by its 0 alone." if odd else "",
        do=f"{snapshot.domain}. 3600 IN MX 0 ." if odd else "",
    )
    return conclude(RULE, [finding(RULE, snapshot.domain, words, Severity.WARNING if odd else Severity.OK)])
