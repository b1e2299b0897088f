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
from mxprobe.mx.plan import Basis, HostProblem, PlannedHost
from mxprobe.rules.domain.reading import chain_of, not_resolved
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive

RULE = Rule(
    code="MX204",
    name="no-usable-mx",
    severity=Severity.ERROR,
    covers=("MX107", "MX110", "MX111", "MX112", "MX201", "MX202"),
    references=("RFC 5321 §5.1", "RFC 1035 §3.3.9"),
)


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
        about=tuple(dict.fromkeys(host.name for host in plan.excluded)),
        seen=tuple(f"MX {host.preference} {host.name}: {_why(host)}" for host in plan.excluded),
        means="Mail bounces; senders must not use the domain's own addresses instead.",
        do="Let at least one record name a host with a public address.",
    )
    return conclude(RULE, [finding(RULE, snapshot.domain, words)])


_WHY = {
    HostProblem.NXDOMAIN: "which does not exist",
    HostProblem.NO_ADDRESS: "which has no address",
}


def _why(host: PlannedHost) -> str:
    """What is the matter with a host, at the end of its aliases."""
    if not host.aliases or host.problem not in _WHY:
        return str(host.problem)
    return f"leads to {host.aliases[-1].points_to}, {_WHY[host.problem]}"
