"""An MX host that the MTA-STS policy names cannot prove who it is.

What it sees. The policy is enforced; the host offers no STARTTLS, or its certificate does not hold. In testing mode it
is a warning.
Why it matters. Senders that obey MTA-STS pass over this host; if it is the backup, mail waits in an outage.
Example. The backup's certificate bears another name:
    example.test MX 10 mx1.example.test
    mx1.example.test A 192.0.2.1
    192.0.2.1 "220 mx1.example.test ESMTP" "250-mx1.example.test" "250 STARTTLS"
    192.0.2.1 certificate another name
    _mta-sts.example.test TXT v=STSv1; id=1
    policy "version: STSv1" "mode: enforce" "mx: mx1.example.test" "max_age: 604800"
What to do. Give the host a certificate that bears its name, and renew it in time.
Standards. RFC 8461 §4.2, §5.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.proof import Proof
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.mtasts import Mode
from mxprobe.mx.policyseen import policy_of
from mxprobe.mx.proving import State, state_of
from mxprobe.rules.domain.policy.hosts import failures_at, hosts_under, is_right_at
from mxprobe.rules.proof.reading import NOTHING_SENT, known_routes, was_sent
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive

RULE = Rule(
    code="MX777",
    name="sts-mx-fails-validation",
    severity=Severity.ERROR,
    covers=("MX701", "MX702", "MX707", "MX708", "MX709", "MX715"),
    references=("RFC 8461 §4.2", "RFC 8461 §5"),
)


def find(snapshot: Snapshot) -> Judgement:
    """A finding for each host that the policy allows and that fails; one that was not seen leaves it open."""
    seen = policy_of(snapshot)
    if seen.unknown:
        return inconclusive(RULE, seen.unknown)
    policy, found, unseen = seen.in_force, [], []
    for host in hosts_under(snapshot):
        if policy is None or not policy.allows(host):
            continue
        failures = tuple(failures_at(snapshot, host))
        if not failures:
            unseen += [host] if is_right_at(snapshot, host) is None else []
            continue
        enforced = policy.mode is Mode.ENFORCE
        words = Words(
            says=f"{host} does not meet the MTA-STS policy of {snapshot.domain}",
            seen=(*failures, f"policy: mode {policy.mode}; mx: {', '.join(policy.mx)}"),
            means=f"Senders that enforce it {'skip' if enforced else 'will skip'} {host}.",
            do=f"Give {host} STARTTLS and a valid certificate that bears its name.",
        )
        found.append(finding(RULE, host, words, None if enforced else Severity.WARNING))
    if unseen and not found:
        return inconclusive(RULE, f"no handshake was seen at every address of {', '.join(unseen)}")
    return conclude(RULE, found)


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
