"""An MX names a host that does not exist.

What it sees. NXDOMAIN for the name of an MX host.
Why it matters. Senders skip it; where it is the only host, mail bounces. A name that anybody may register is an open
door.
Example. 10 mx.old-provider.example, after the provider is gone.
What to do. Create the host's addresses, or remove the record.
Standards. RFC 5321 §5.1.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.plan import Basis, HostProblem
from mxprobe.rules.domain.reading import chain_of
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive

RULE = Rule(code="MX201", name="mx-target-nxdomain", severity=Severity.ERROR, references=("RFC 5321 §5.1",))


def find(snapshot: Snapshot) -> Judgement:
    """A finding for each such host."""
    plan = chain_of(snapshot)
    if plan.basis is Basis.UNKNOWN:
        return inconclusive(RULE, "the MX lookup gave no answer")
    found = []
    for host in plan.excluded:
        if host.problem is not HostProblem.NXDOMAIN:
            continue
        words = Words(
            says=f"the MX host {host.name} does not exist",
            seen=(f"MX {host.preference} {host.name}, TTL {host.ttl}",),
            means="Senders skip it." if plan.tiers else "No MX host can be used: mail bounces.",
            do="Create the host's addresses, or remove the record.",
        )
        found.append(finding(RULE, host.name, words))
    return conclude(RULE, found)
