"""The domain's MTA-STS policy does not name one of its MX hosts.

What it sees. The policy is enforced, and none of its patterns matches the host. In testing mode it is a warning.
Why it matters. Senders that obey MTA-STS pass over this host; if it is the backup, mail waits in an outage.
Example. The policy forgets the backup:
    example.test MX 10 mx1.example.test
    example.test MX 20 mx2.example.test
    mx1.example.test A 192.0.2.1
    mx2.example.test A 192.0.2.2
    _mta-sts.example.test TXT v=STSv1; id=1
    policy "version: STSv1" "mode: enforce" "mx: mx1.example.test" "max_age: 604800"
What to do. Add the host to the policy, then change the id of the TXT record.
Standards. RFC 8461 §4.1, §5.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.proof import Proof
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.mtasts import Mode
from mxprobe.mx.policyseen import policy_of
from mxprobe.rules.domain.policy.hosts import hosts_under
from mxprobe.rules.pasting import policy_body
from mxprobe.rules.proof.reading import NOTHING_SENT, known_routes, was_sent
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive

RULE = Rule(
    code="MX775",
    name="sts-mx-not-covered",
    severity=Severity.ERROR,
    references=("RFC 8461 §4.1", "RFC 8461 §5"),
)

_MEANS = {
    Mode.ENFORCE: "Senders that obey it never use {host}.",
    Mode.TESTING: "Senders will never use {host} once the policy enforces.",
}


def find(snapshot: Snapshot) -> Judgement:
    """A finding for each MX host that the policy rules out, those that senders leave out for other reasons too."""
    seen = policy_of(snapshot)
    if seen.unknown:
        return inconclusive(RULE, seen.unknown)
    policy, found = seen.in_force, []
    if policy is None:
        return conclude(RULE, [])
    missing = [host for host in hosts_under(snapshot) if not policy.allows(host)]
    for host in missing:
        words = Words(
            says=f"the MTA-STS policy of {snapshot.domain} does not name its MX host {host}",
            seen=(f"mode {policy.mode}; mx: {', '.join(policy.mx)}",),
            means=_MEANS[policy.mode].format(host=host),
            do=f"Add `mx: {host}` to the policy, then change its id.",
            paste=policy_body(snapshot, policy.mode, (*policy.mx, *missing), policy.max_age),
        )
        found.append(finding(RULE, host, words, None if policy.mode is Mode.ENFORCE else Severity.WARNING))
    return conclude(RULE, found)


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
