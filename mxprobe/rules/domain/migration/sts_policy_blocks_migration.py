"""The domain's MTA-STS policy rules out a host that a migration is to bring.

What it sees. With the plan of --migration FILE, before its cut-over: the policy that is served is enforced,
does not name a host of `new`, and what senders fetch of it now lasts beyond the cut-over. As a warning: it names them,
and does so (`sts-published`) for less than a day when the cut-over comes; senders look for a new policy once a day.
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
from mxprobe.facts.finding import Finding, Judgement, Severity
from mxprobe.facts.migration import Migration
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.migration import STS_REFRESH, enforced_policy, left_out
from mxprobe.mx.mtasts import Policy, record_question
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
    policy = enforced_policy(snapshot)
    if policy is None:
        return conclude(RULE, [])
    if not left_out(policy, plan.coming):
        return conclude(RULE, _too_late(snapshot, plan, policy))
    lasts = snapshot.started_at + policy.max_age
    if lasts <= plan.cut_over:
        return conclude(RULE, [])
    found, record = [], f"TXT {record_question(snapshot.domain).name}"
    for host in left_out(policy, plan.coming):
        words = Words(
            says=f"the enforced MTA-STS policy of {snapshot.domain} does not name the new MX host {host}",
            seen=(
                f"mx: {', '.join(policy.mx[:8])}; max_age {policy.max_age}, so kept until {say_moment(lasts)}",
                f"the cut-over is {say_moment(plan.cut_over)}",
            ),
            means=f"Senders that obey it do not deliver to {host} until they fetch another policy.",
            do=f"Add the host to the policy, then change its id ({record}), at least a day before the cut-over.",
            paste=(f"mx: {host}",),
        )
        found.append(finding(RULE, host, words))
    return conclude(RULE, found)


def _too_late(snapshot: Snapshot, plan: Migration, policy: Policy) -> list[Finding]:
    """The policy allows the new hosts, and not for long enough when the cut-over comes."""
    safe = plan.sts_published + STS_REFRESH if plan.sts_published is not None else 0.0
    if safe <= plan.cut_over or not plan.coming:
        return []
    words = Words(
        says=f"the MTA-STS policy of {snapshot.domain} allows the new hosts for less than a day before the cut-over",
        seen=(
            f"mx: {', '.join(policy.mx[:8])}; since {say_moment(plan.sts_published or 0.0)}",
            f"the cut-over is {say_moment(plan.cut_over)}",
        ),
        means="Senders that have the policy of the day before do not deliver to the new hosts until they look again.",
        do=f"Put the cut-over off to {say_moment(safe)} or later.",
    )
    return [finding(RULE, snapshot.domain, words, Severity.WARNING)]
