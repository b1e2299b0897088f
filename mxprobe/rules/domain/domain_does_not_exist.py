"""The domain does not exist.

What it sees. NXDOMAIN for the domain.
Why it matters. Senders bounce mail for it at once.
Example. A typing error, or a registration that ran out:
    example.test NXDOMAIN
What to do. Register or delegate the domain, or correct the address.
Standards. RFC 5321 §5.1.
"""

from mxprobe.facts.dns import AnswerStatus
from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive

RULE = Rule(code="MX101", name="domain-does-not-exist", severity=Severity.ERROR, references=("RFC 5321 §5.1",))


def find(snapshot: Snapshot) -> Judgement:
    """One finding on NXDOMAIN."""
    answer = snapshot.mx
    if answer is None or answer.status.is_temporary:
        return inconclusive(RULE, "the MX lookup gave no answer")
    if answer.status is not AnswerStatus.NXDOMAIN:
        return conclude(RULE, [])
    way = tuple(f"{alias.name} CNAME {alias.points_to}, TTL {alias.ttl}" for alias in answer.aliases)
    leads = f"leads to {answer.aliases[-1].points_to}, which " if answer.aliases else ""
    words = Words(
        says=f"{snapshot.domain} {leads}does not exist",
        seen=(*way, f"MX {snapshot.domain}: NXDOMAIN from {answer.server}"),
        means="Senders bounce mail for it at once.",
        do="Register or delegate the domain, or correct the address.",
    )
    return conclude(RULE, [finding(RULE, snapshot.domain, words)])
