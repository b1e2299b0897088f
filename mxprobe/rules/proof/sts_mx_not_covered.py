"""The domain's enforced MTA-STS policy does not name one of its MX hosts.

What it sees. The policy is enforced, and none of its patterns matches the host: nothing was sent to it.
Why it matters. Senders that obey MTA-STS pass over this host; if it is the backup, mail waits in an outage.
Example. The policy forgets the backup:
    mta-sts: {mode: enforce, mx: [mx1]}
    steps:
      - {at: 0m, prove: drill, to: alice}
What to do. Add the host to the policy, then change the id of the TXT record.
Standards. RFC 8461 §4.1, §5."""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.proof import Proof
from mxprobe.rules.proof.reading import NOTHING_SENT, known_routes, was_sent
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive

RULE = Rule(
    code="MX775",
    name="sts-mx-not-covered",
    severity=Severity.ERROR,
    references=("RFC 8461 §4.1", "RFC 8461 §5"),
)


def find_in_proof(proof: Proof) -> Judgement:
    """A finding for each host that the policy rules out."""
    if not was_sent(proof):
        return inconclusive(RULE, NOTHING_SENT)
    if proof.policy_missing:
        return inconclusive(RULE, proof.policy_missing)
    found = []
    for route in known_routes(proof):
        if route.last is not None and route.last.cell == "T0":
            words = Words(
                says=f"the enforced MTA-STS policy of {proof.domain} does not name {route.via}",
                means=f"Senders that obey it never use {route.via}.",
                do=f"Add `mx: {route.via}` to the policy, then change its id.",
            )
            found.append(finding(RULE, route.via, words))
    return conclude(RULE, found)
