"""The domain says that it takes no mail.

What it sees. Exactly one MX record, the null MX.
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
    words = Words(says=f"{snapshot.domain} takes no mail, and says so", seen=(f"MX 0 ., TTL {plan.ttl}",))
    return conclude(RULE, [finding(RULE, snapshot.domain, words)] if plan.basis is Basis.NULL else [])
