"""An MX host that the enforced MTA-STS policy names cannot prove who it is.

What it sees. The policy is enforced; the host offers no STARTTLS, or its certificate does not hold.
Why it matters. Senders that obey MTA-STS pass over this host; if it is the backup, mail waits in an outage.
Example. The backup's certificate bears another name:
    mta-sts: {mode: enforce, mx: [mx1, mx2]}
    hosts: {mx2: {always: {certificate: wrong-name}}}
    steps:
      - {at: 0m, prove: drill, to: alice}
What to do. Give the host a certificate that bears its name, and renew it in time.
Standards. RFC 8461 §4.2, §5."""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.proof import Proof
from mxprobe.mx.proving import State, state_of
from mxprobe.rules.proof.reading import NOTHING_SENT, known_routes, was_sent
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive

RULE = Rule(
    code="MX777",
    name="sts-mx-fails-validation",
    severity=Severity.ERROR,
    references=("RFC 8461 §4.2", "RFC 8461 §5"),
)


def find_in_proof(proof: Proof) -> Judgement:
    """A finding for each host that did not prove who it is."""
    if not was_sent(proof):
        return inconclusive(RULE, NOTHING_SENT)
    if proof.policy_missing:
        return inconclusive(RULE, proof.policy_missing)
    found = []
    for route in known_routes(proof):
        last = route.last
        if last is None or last.cell == "T0" or state_of(route, proof) is not State.UNTRUSTED:
            continue
        why = next((turn.failure.detail for turn in reversed(last.turns) if turn.failure is not None), None)
        words = Words(
            says=f"{route.via} does not hold under the enforced MTA-STS policy: {why or 'it offers no STARTTLS'}",
            seen=(f"{route.via} {last.endpoint.address}",),
            means=f"Senders that obey the policy never use {route.via}.",
            do=f"Give {route.via} a valid certificate that bears its name.",
        )
        found.append(finding(RULE, route.via, words))
    return conclude(RULE, found)
