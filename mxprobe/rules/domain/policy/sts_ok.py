"""The domain has an MTA-STS policy that works: every MX host is allowed by it, and proves who it is.

What it sees. A right TXT record, a policy that enforces or tests and was fetched, and of every MX host a handshake with
a valid certificate for its name.
Why it matters. Senders that obey it cannot be led astray by a forged MX record or a stripped STARTTLS.
Example. One host, and a policy that names it:
    example.test MX 10 mx1.example.test
    mx1.example.test A 192.0.2.1
    192.0.2.1 "220 mx1.example.test ESMTP" "250-mx1.example.test" "250 STARTTLS"
    192.0.2.1 certificate valid
    _mta-sts.example.test TXT v=STSv1; id=1
    policy "version: STSv1" "mode: enforce" "mx: mx1.example.test" "max_age: 604800"
What to do. Nothing.
Standards. RFC 8461 §3, §4, §5.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.policyseen import policy_of
from mxprobe.rules.domain.policy.hosts import hosts_under, is_right_at
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive

RULE = Rule(
    code="MX770",
    name="sts-ok",
    severity=Severity.OK,
    references=("RFC 8461 §3", "RFC 8461 §4", "RFC 8461 §5"),
)


def find(snapshot: Snapshot) -> Judgement:
    """One finding for the domain; a host that was not seen leaves it open."""
    seen = policy_of(snapshot)
    if seen.unknown:
        return inconclusive(RULE, seen.unknown)
    policy = seen.in_force
    if policy is None:
        return conclude(RULE, [])
    states = {host: is_right_at(snapshot, host) if policy.allows(host) else False for host in hosts_under(snapshot)}
    if not states or False in states.values():
        return conclude(RULE, [])
    unseen = [host for host, right in states.items() if right is None]
    if unseen:
        return inconclusive(RULE, f"no handshake was seen at every address of {', '.join(unseen)}")
    words = Words(
        says=f"every MX host meets the MTA-STS policy of {snapshot.domain}",
        seen=(f"mode {policy.mode}; mx: {', '.join(policy.mx)}; max_age {policy.max_age}",),
    )
    return conclude(RULE, [finding(RULE, snapshot.domain, words)])
