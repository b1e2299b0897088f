"""The TTL of the MX records is, or was, lowered too late for the cut-over of a migration.

What it sees. With the plan of --migration FILE, before its cut-over: the records still have a long TTL that
ends behind the cut-over, or were lowered (`ttl-lowered`, or between the probe of --baseline and this one) less than
`old-ttl` before it. A TTL of up to five minutes has not to be lowered.
Why it matters. Who asked just before the change was lowered keeps the old records for the old TTL, beyond the cut-over.
Example. Lowered in the morning, cut over in the evening, the TTL was a day:
    looked 2026-03-01T12:00Z
    approved migration:
    approved   old: [10 mx.old.test]
    approved   new: [10 mx.new.test]
    approved   cut-over: 2026-03-01T20:00Z
    approved   old-ttl: 1d
    approved   ttl-lowered: 2026-03-01T08:00Z
    example.test MX 10 mx.old.test
    example.test MX ttl 300
    mx.old.test A 192.0.2.9
What to do. Put the cut-over off until a whole old TTL has passed since the lower one was published everywhere.
Standards. RFC 1035 §3.2.1; RFC 2181 §8.
"""

from mxprobe.facts.beside import Beside
from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.migration import LOW_TTL, Migration
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.drift import mx_unknown
from mxprobe.mx.migration import is_drafted, ttl_given, ttl_held
from mxprobe.rules.domain.migration.reading import file_of, is_over, no_plan
from mxprobe.rules.moments import say_left, say_moment
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive

RULE = Rule(
    code="MX409",
    name="ttl-not-lowered-in-time",
    severity=Severity.WARNING,
    covers=("MX401",),
    references=("RFC 1035 §3.2.1", "RFC 2181 §8"),
)


def find_beside(snapshot: Snapshot, beside: Beside) -> Judgement:
    """One finding for the domain."""
    plan = beside.migration
    if plan is None:
        return inconclusive(RULE, no_plan(beside))
    if is_over(plan, snapshot) or plan.old_ttl <= LOW_TTL or plan.old == plan.new:
        return conclude(RULE, [])
    reason = mx_unknown(snapshot)
    if reason:
        return inconclusive(RULE, reason)
    given = ttl_given(snapshot) if not is_drafted(plan, snapshot) else None
    now, held = snapshot.started_at, ttl_held(snapshot)
    is_still_to_be = plan.ttl_lowered is not None and plan.ttl_lowered > now
    if given is not None and given > LOW_TTL and not is_still_to_be:
        gives = f"{snapshot.zone.path} gives" if snapshot.zone is not None else "authoritative servers give"
        return _judge(snapshot, plan, now + given, f"{gives} the MX records a TTL of {given} s")
    if held > LOW_TTL and now + held > plan.cut_over:
        return _judge(snapshot, plan, now + held, f"a cache holds the MX records for another {held} s")
    if plan.ttl_lowered is not None:
        lowered = f"{'to be ' if is_still_to_be else ''}lowered {say_moment(plan.ttl_lowered)}"
        lowered += f" from {say_left(plan.old_ttl)}"
        return _judge(snapshot, plan, plan.ttl_lowered + plan.old_ttl, lowered)
    return _between(snapshot, beside, plan, given)


def _between(snapshot: Snapshot, beside: Beside, plan: Migration, given: int | None) -> Judgement:
    """By two looks, where nobody said when the TTL was lowered: after the one that still saw it long."""
    before = beside.before
    was = ttl_given(before) if before is not None and before.zone is None else None
    if before is not None and was is not None and was > LOW_TTL and before.started_at + plan.old_ttl > plan.cut_over:
        lowered = f"{was} s in the probe of {say_moment(before.started_at)}, lowered since"
        return _judge(snapshot, plan, snapshot.started_at + plan.old_ttl, lowered)
    low_since = before.started_at if before is not None and was is not None and was <= LOW_TTL else snapshot.started_at
    if given is not None and low_since + plan.old_ttl <= plan.cut_over:
        return conclude(RULE, [])
    is_told = given is not None or snapshot.zone is not None
    what = "when the TTL was lowered is not known" if is_told else "no authoritative server gave the TTL"
    return inconclusive(RULE, f"{what}: `ttl-lowered` in {file_of(beside)} would tell")


def _judge(snapshot: Snapshot, plan: Migration, safe: float, evidence: str) -> Judgement:
    """A finding where the cut-over is earlier than is safe."""
    if safe <= plan.cut_over:
        return conclude(RULE, [])
    words = Words(
        says=f"caches keep the old MX records of {snapshot.domain} beyond the cut-over",
        seen=(evidence, f"the cut-over is {say_moment(plan.cut_over)}, {say_left(safe - plan.cut_over)} too early"),
        means="Mail goes to the old hosts after the cut-over.",
        do=f"Put the cut-over off to {say_moment(safe)} or later, or let the old hosts take mail until then.",
    )
    return conclude(RULE, [finding(RULE, snapshot.domain, words)])
