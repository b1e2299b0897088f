"""Resolvers keep the MX records for more than a day, or for too long before a migration.

What it sees. A TTL of the MX records above 86400 seconds, as the zone's own servers say it; a resolver's cache shows
less and less of it. With the plan of --migration FILE in the week before its cut-over: above 3600, and as
a note above 300, while the old records are there.
Why it matters. After a change senders use the old hosts until their resolver's copy runs out: old hosts have to take
mail, or hand it on, for that long.
Example. Two days:
    example.test MX 10 mx1.example.test
    example.test MX ttl 172800
    mx1.example.test A 192.0.2.1
What to do. Publish a TTL of at most a day. Before a change lower it, and wait for the old TTL before you change.
Standards. RFC 1035 §3.2.1; RFC 1912 §2.2; RFC 2181 §8.
"""

from mxprobe.facts.beside import Beside
from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.migration import LOW_TTL, Migration
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.authorities import speaking
from mxprobe.mx.migration import AROUND, WHOLE_TTL, is_to_change
from mxprobe.rules.domain.chain.reading import NO_ANSWER, place_of, records_of, zone_side_of
from mxprobe.rules.moments import say_left, say_moment
from mxprobe.rules.pasting import TTL, mx_now, mx_records
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive

RULE = Rule(
    code="MX401",
    name="mx-ttl-too-high",
    severity=Severity.WARNING,
    references=("RFC 1035 §3.2.1", "RFC 1912 §2.2", "RFC 2181 §8"),
)

_MOST = 86400


def find_beside(snapshot: Snapshot, beside: Beside) -> Judgement:
    """One finding. A cache shows less than the TTL: alone it can prove the fault, and not its absence."""
    records = records_of(snapshot)
    if records is None:
        return inconclusive(RULE, NO_ANSWER)
    plan = beside.migration
    soon = plan is not None and 0 < plan.cut_over - snapshot.started_at < AROUND and is_to_change(plan, snapshot)
    most = LOW_TTL if soon else _MOST
    side = zone_side_of(snapshot)
    told = {place_of(voice): voice.ttl for voice in speaking(side.voices) if voice.ttl is not None}
    cached = min((record.ttl for record in records), default=0)
    if cached > most and not any(ttl > most for ttl in told.values()) and not (soon and told):
        told = {snapshot.zone.path if snapshot.zone else "the resolver's copy": cached}
    high = {place: ttl for place, ttl in told.items() if ttl > most}
    if not high:
        known = bool(told) or not records or snapshot.zone is not None
        return conclude(RULE, []) if known else inconclusive(RULE, side.unknown or "no server told the TTL")
    longest = max(high.values())
    seen = tuple(f"{place}: MX TTL {ttl}" for place, ttl in high.items())
    if plan is None or not soon:
        words = Words(
            says=f"the MX records of {snapshot.domain} have a TTL of {longest} s",
            seen=seen,
            means=f"After a change the old hosts get mail for up to {longest / 3600:.0f} h more.",
            do="Publish a TTL of 3600 to 86400; lower it one old TTL before a change.",
            paste=mx_records(snapshot, mx_now(snapshot), TTL),
        )
        return conclude(RULE, [finding(RULE, snapshot.domain, words)])
    severity = Severity.WARNING if longest > WHOLE_TTL else Severity.INFO
    return conclude(RULE, [finding(RULE, snapshot.domain, _before_a_move(snapshot, plan, longest, seen), severity)])


def _before_a_move(snapshot: Snapshot, plan: Migration, longest: int, seen: tuple[str, ...]) -> Words:
    """What is told in the week before a cut-over."""
    left = plan.cut_over - snapshot.started_at
    return Words(
        says=f"the MX records of {snapshot.domain} have a TTL of {longest} s, {say_left(left)} before the cut-over",
        seen=(*seen, f"the cut-over is {say_moment(plan.cut_over)}"),
        means=f"After the cut-over the old hosts get mail for up to {say_left(longest)} more.",
        do=f"Lower the TTL, one old TTL ({say_left(plan.old_ttl)}) before the cut-over at the latest.",
        paste=mx_records(snapshot, mx_now(snapshot), plan.ttl),
    )
