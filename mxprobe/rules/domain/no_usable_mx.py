"""MX records are there, and none can be used.

What it sees. At least one MX record, and no host with an address that a sender could try.
Why it matters. Mail bounces. Senders must not use the domain's own addresses instead.
Example. An address was written where a name belongs:
    example.test MX 10 192.0.2.1
What to do. Let at least one record name a host with a public address.
Standards. RFC 5321 §5.1; RFC 1035 §3.3.9.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.plan import Basis
from mxprobe.rules.domain.reading import chain_of, not_resolved
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive

RULE = Rule(code="MX204", name="no-usable-mx", severity=Severity.ERROR, references=("RFC 5321 §5.1", "RFC 1035 §3.3.9"))


def find(snapshot: Snapshot) -> Judgement:
    """One finding where records exist and no host is left."""
    plan = chain_of(snapshot)
    doubt = not_resolved(plan)
    if plan.tiers or plan.basis is not Basis.EXPLICIT:
        return inconclusive(RULE, doubt) if doubt and not plan.tiers else conclude(RULE, [])
    if doubt:
        return inconclusive(RULE, doubt)
    words = Words(
        says=f"no MX record of {snapshot.domain} can be used",
        seen=tuple(f"MX {host.preference} {host.name}: {host.problem}" for host in plan.excluded),
        means="Mail bounces; senders must not use the domain's own addresses instead.",
        do="Let at least one record name a host with a public address.",
    )
    return conclude(RULE, [finding(RULE, snapshot.domain, words)])
