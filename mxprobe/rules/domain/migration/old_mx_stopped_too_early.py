"""After the cut-over of a migration an old host stopped taking mail while senders still know it.

What it sees. With the plan of --migration FILE: between the cut-over and the end of the old TTL (two hours
more for queues) a host of `old` that is not in `new` has no address, is down at all of them, or refuses a recipient who
is there (--to) with 5yz. A host that says 4yz does no harm. Old hosts are asked though no MX record names them.
Why it matters. Until then caches send mail to the old host. What it refuses comes back to its sender; what cannot reach
it waits.
Example. The old host was switched off an hour after the change, the TTL was a day:
    looked 2026-03-01T09:00Z
    approved migration: {old: [10 mx.old.test], new: [10 mx.new.test], cut-over: 2026-03-01T08:00Z, old-ttl: 1d}
    example.test MX 10 mx.new.test
    mx.new.test A 192.0.2.1
    mx.old.test A 192.0.2.9
    192.0.2.9 refuses connections
What to do. Start it again, until the old TTL is over; better for five days, for mail that waits in queues.
Standards. RFC 1035 §3.2.1; RFC 5321 §4.5.4.1.
"""

from mxprobe.facts.beside import Beside
from mxprobe.facts.finding import Finding, Judgement, Severity
from mxprobe.facts.migration import Migration
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.migration import old_record_ends
from mxprobe.mx.movers import Seen, seen_of
from mxprobe.mx.standing import Standing
from mxprobe.rules.domain.migration.reading import TOLD_BY_PLAN, is_over, no_plan, trouble_of
from mxprobe.rules.moments import say_left, say_moment
from mxprobe.rules.rule import Rule, Words, conclude, decide, finding, inconclusive

RULE = Rule(
    code="MX407",
    name="old-mx-stopped-too-early",
    severity=Severity.ERROR,
    covers=TOLD_BY_PLAN,
    references=("RFC 1035 §3.2.1", "RFC 5321 §4.5.4.1"),
)


def find_beside(snapshot: Snapshot, beside: Beside) -> Judgement:
    """A finding for each old host."""
    plan = beside.migration
    if plan is None:
        return inconclusive(RULE, no_plan(beside))
    if not is_over(plan, snapshot) or snapshot.started_at >= old_record_ends(plan):
        return conclude(RULE, [])
    found, unknown = list[Finding](), list[str]()
    for host in plan.leaving:
        seen = seen_of(snapshot, host)
        how, lines = trouble_of(seen, "has no address any more")
        if lines:
            found.append(finding(RULE, host, _words(seen, how, lines, plan)))
        elif doubt := _doubt(seen):
            unknown.append(doubt)
    return decide(RULE, found, unknown)


def _doubt(seen: Seen) -> str:
    """What has to be known before it can be said that the host still takes mail."""
    if seen.unknown:
        return seen.unknown
    open_ones = [one for one in seen.standings if not one.is_known]
    if open_ones and len(open_ones) == len(seen.standings):
        return f"{seen.host}: {open_ones[0]}"
    if Standing.ANSWERS in seen.standings and not seen.goods:
        return f"no recipient was asked for at {seen.host}: --to you@{seen.snapshot.domain}"
    return ""


def _words(seen: Seen, how: str, lines: tuple[str, ...], plan: Migration) -> Words:
    ends = old_record_ends(plan)
    left = say_left(ends - seen.snapshot.started_at)
    return Words(
        says=f"the old MX host {seen.host} {how}, and senders know it for another {left}",
        about=seen.subjects,
        seen=(*lines[:8], f"the cut-over was {say_moment(plan.cut_over)}, the TTL before it {say_left(plan.old_ttl)}"),
        means="Mail of senders that cached the old records waits or comes back.",
        do=f"Let {seen.host} take and hand on mail (or say 4yz) until {say_moment(ends)}.",
    )
