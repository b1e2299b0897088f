"""The MTA-STS policy was fetched, and senders cannot use what it says.

What it sees. A file without version, mode or max_age, a mode that does not exist, a pattern that is no host name.
Why it matters. Senders act as if there were no policy.
Example. No host is allowed:
    example.test MX 10 mx1.example.test
    mx1.example.test A 192.0.2.1
    _mta-sts.example.test TXT v=STSv1; id=1
    policy "version: STSv1" "mode: enforce" "max_age: 604800"
What to do. Mend the line.
Standards. RFC 8461 §3.2.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.mtasts import POLICY_PATH, Mode, UnusablePolicy, policy_host
from mxprobe.mx.policyseen import policy_of
from mxprobe.rules.domain.policy.hosts import hosts_under
from mxprobe.rules.pasting import policy_body
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive

RULE = Rule(code="MX774", name="sts-policy-malformed", severity=Severity.ERROR, references=("RFC 8461 §3.2",))


_WEEK = 604800


def find(snapshot: Snapshot) -> Judgement:
    """One finding for the domain."""
    seen = policy_of(snapshot)
    if seen.unknown:
        return inconclusive(RULE, seen.unknown)
    if not isinstance(seen.policy, UnusablePolicy):
        return conclude(RULE, [])
    where = f", line {seen.policy.line}" if seen.policy.line is not None else ""
    words = Words(
        says=f"senders cannot use the MTA-STS policy: {seen.policy.reason}",
        seen=(f"https://{policy_host(snapshot.domain)}{POLICY_PATH}{where}",),
        means="They act as if there were none.",
        do="Mend that line of the file; or begin anew with one that only tests.",
        paste=policy_body(snapshot, Mode.TESTING, hosts_under(snapshot), _WEEK),
    )
    return conclude(RULE, [finding(RULE, snapshot.domain, words)])
