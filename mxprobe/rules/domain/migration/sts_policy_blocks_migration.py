"""The domain's MTA-STS policy rules out a host that a migration is to bring.

What it sees. With --expect FILE, which plans a `migration`, before its cut-over: the policy that is served is enforced,
does not name a host of `new`, and what senders fetch of it now lasts beyond the cut-over.
Why it matters. Senders that have the policy do not use the new host: their mail waits until they learn of another one.
Example. The policy names the old host alone:
    looked 2026-02-27T08:00Z
    approved migration: {old: [10 mx.old.test], new: [10 mx.new.test], cut-over: 2026-03-01T08:00Z, old-ttl: 1d}
    example.test MX 10 mx.old.test
    mx.old.test A 192.0.2.9
    _mta-sts.example.test TXT v=STSv1; id=1
    policy "version: STSv1" "mode: enforce" "mx: mx.old.test" "max_age: 604800"
What to do. Serve a policy that names old and new hosts, then change the id of the record; cut over a day later; take
the old hosts out at the end.
Standards. RFC 8461 §5, §5.1, §8.1.
"""

from mxprobe.facts.beside import Beside
from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.mtasts import Mode
from mxprobe.mx.policyseen import policy_of
from mxprobe.rules.domain.migration.reading import is_over, no_plan
from mxprobe.rules.moments import say_moment
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive

RULE = Rule(
    code="MX411",
    name="sts-policy-blocks-migration",
    severity=Severity.ERROR,
    covers=("MX775",),
    references=("RFC 8461 §5", "RFC 8461 §5.1", "RFC 8461 §8.1"),
)


def find_beside(snapshot: Snapshot, beside: Beside) -> Judgement:
    """A finding for each new host that the policy does not name."""
    plan = beside.migration
    if plan is None:
        return inconclusive(RULE, no_plan(beside))
    if is_over(plan, snapshot):
        return conclude(RULE, [])
    seen = policy_of(snapshot)
    if seen.unknown:
        return inconclusive(RULE, seen.unknown)
    policy = seen.in_force
    lasts = snapshot.started_at + policy.max_age if policy is not None else 0.0
    if policy is None or policy.mode is not Mode.ENFORCE or lasts <= plan.cut_over:
        return conclude(RULE, [])
    found = []
    for host in plan.coming:
        if policy.allows(host):
            continue
        words = Words(
            says=f"the enforced MTA-STS policy of {snapshot.domain} does not name the new MX host {host}",
            seen=(
                f"mx: {', '.join(policy.mx[:8])}; max_age {policy.max_age}, so kept until {say_moment(lasts)}",
                f"the cut-over is {say_moment(plan.cut_over)}",
            ),
            means=f"Senders that obey it do not deliver to {host} until they fetch another policy.",
            do=f"Add `mx: {host}` to the policy, then change its id, at least a day before the cut-over.",
        )
        found.append(finding(RULE, host, words))
    return conclude(RULE, found)
