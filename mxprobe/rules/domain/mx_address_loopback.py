"""An MX host has a loopback address.

What it sees. An address that no sender elsewhere can reach, by its special-use block.
Why it matters. Senders fail, or talk to themselves.
Example. mx1 A 127.0.0.1.
What to do. Publish the public address; where no mail is wanted, a null MX.
Standards. RFC 6890 §2.2.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.plan import Basis, special_use
from mxprobe.rules.domain.reading import chain_of
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive

RULE = Rule(code="MX206", name="mx-address-loopback", severity=Severity.ERROR, references=("RFC 6890 §2.2",))


def find(snapshot: Snapshot) -> Judgement:
    """A finding for each address; a probe that was allowed to dial them looks at a lab, and only notes them."""
    plan = chain_of(snapshot)
    if plan.basis is Basis.UNKNOWN:
        return inconclusive(RULE, "the MX lookup gave no answer")
    visited = {visit.endpoint.address for visit in snapshot.visits if visit.not_visited is None}
    found = []
    for host in plan.hosts:
        for address in host.addresses:
            if special_use(address) not in ("loopback",):
                continue
            words = Words(
                says=f"{host.name} has the {special_use(address)} address {address}",
                seen=(f"{host.name} {address}",),
                means="No sender elsewhere can reach it.",
                do="Publish the public address.",
            )
            severity = Severity.INFO if address in visited else Severity.ERROR
            found.append(finding(RULE, f"{host.name}/{address}", words, severity))
    return conclude(RULE, found)
