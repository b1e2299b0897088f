"""Before the cut-over of a migration a new host does not take mail yet.

What it sees. With the plan of --migration FILE: before the cut-over a host of `new` that is not in `old`
has no address, is down at all of them, or refuses a recipient who is there (--to) with 5yz. What it puts off with 4yz
stays open. New hosts are asked though no MX record names them.
Why it matters. From the cut-over on the mail goes there, and what is refused comes back to its sender.
Example. The new system has not been told of the domain:
    looked 2026-02-27T08:00Z
    approved migration: {old: [10 mx.old.test], new: [10 mx.new.test], cut-over: 2026-03-01T08:00Z, old-ttl: 1d}
    example.test MX 10 mx.old.test
    mx.old.test A 192.0.2.9
    mx.new.test A 192.0.2.1
    192.0.2.1 "220 mx.new.test ESMTP" "250 mx.new.test"
    192.0.2.1 good "550 5.7.1 Relay access denied"
What to do. Set up the domain and its recipients at the new host before the cut-over.
Standards. RFC 5321 §3.6.2, §4.2.2.
"""

from mxprobe.facts.beside import Beside
from mxprobe.facts.finding import Finding, Judgement, Severity
from mxprobe.facts.migration import Migration
from mxprobe.facts.proof import Answer
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.movers import Seen, seen_of
from mxprobe.mx.standing import Standing
from mxprobe.rules.domain.asked import still_open
from mxprobe.rules.domain.migration.reading import TOLD_BY_PLAN, is_over, no_plan, trouble_of
from mxprobe.rules.moments import say_left, say_moment
from mxprobe.rules.rule import Rule, Words, conclude, decide, finding, inconclusive

RULE = Rule(
    code="MX408",
    name="new-mx-not-ready",
    severity=Severity.ERROR,
    covers=TOLD_BY_PLAN,
    references=("RFC 5321 §3.6.2", "RFC 5321 §4.2.2"),
)


def find_beside(snapshot: Snapshot, beside: Beside) -> Judgement:
    """A finding for each new host."""
    plan = beside.migration
    if plan is None:
        return inconclusive(RULE, no_plan(beside))
    if is_over(plan, snapshot):
        return conclude(RULE, [])
    found, unknown = list[Finding](), list[str]()
    for host in plan.coming:
        seen = seen_of(snapshot, host)
        how, lines = trouble_of(seen, "has no address yet")
        if lines:
            found.append(finding(RULE, host, _words(seen, how, lines, plan)))
        elif doubt := _doubt(seen):
            unknown.append(doubt)
    return decide(RULE, found, unknown)


def _doubt(seen: Seen) -> str:
    """What has to be known before it can be said that the host is ready."""
    if seen.unknown:
        return seen.unknown
    goods = seen.goods
    if any(given.answer is Answer.ACCEPTED for given in goods):
        return ""
    if goods:
        return still_open(goods)
    states = ", ".join(sorted({one.value for one in seen.standings if one is not Standing.ANSWERS}))
    return f"{seen.host}: {states}" if states else f"no recipient was asked for: --to you@{seen.snapshot.domain}"


def _words(seen: Seen, how: str, lines: tuple[str, ...], plan: Migration) -> Words:
    left = say_left(plan.cut_over - seen.snapshot.started_at)
    return Words(
        says=f"the new MX host {seen.host} {how}, {left} before the cut-over",
        about=seen.subjects,
        seen=lines[:8],
        means=f"From {say_moment(plan.cut_over)} on mail goes there, and waits or comes back.",
        do=f"Set up {seen.snapshot.domain} and its recipients at {seen.host}, or put the cut-over off.",
    )
