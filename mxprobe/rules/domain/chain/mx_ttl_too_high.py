"""Resolvers keep the MX records for more than a day.

What it sees. A TTL of the MX records above 86400 seconds, as the zone's own servers say it; a resolver's cache shows
less and less of it.
Why it matters. After a change senders use the old hosts until their resolver's copy runs out: old hosts have to take
mail, or hand it on, for that long.
Example. Two days:
    example.test MX 10 mx1.example.test
    example.test MX ttl 172800
    mx1.example.test A 192.0.2.1
What to do. Publish a TTL of at most a day. Before a change lower it, and wait for the old TTL before you change.
Standards. RFC 1035 §3.2.1; RFC 1912 §2.2; RFC 2181 §8.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.authorities import speaking
from mxprobe.rules.domain.chain.reading import NO_ANSWER, place_of, records_of, zone_side_of
from mxprobe.rules.pasting import TTL, mx_now, mx_records
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive

RULE = Rule(
    code="MX401",
    name="mx-ttl-too-high",
    severity=Severity.WARNING,
    references=("RFC 1035 §3.2.1", "RFC 1912 §2.2", "RFC 2181 §8"),
)

_MOST = 86400


def find(snapshot: Snapshot) -> Judgement:
    """One finding. A cache shows less than the TTL: alone it can prove the fault, and not its absence."""
    records = records_of(snapshot)
    if records is None:
        return inconclusive(RULE, NO_ANSWER)
    side = zone_side_of(snapshot)
    told = {place_of(voice): voice.ttl for voice in speaking(side.voices) if voice.ttl is not None}
    cached = min((record.ttl for record in records), default=0)
    if cached > _MOST and not any(ttl > _MOST for ttl in told.values()):
        told = {snapshot.zone.path if snapshot.zone else "the resolver's copy": cached}
    high = {place: ttl for place, ttl in told.items() if ttl > _MOST}
    if not high:
        known = bool(told) or not records or snapshot.zone is not None
        return conclude(RULE, []) if known else inconclusive(RULE, side.unknown or "no server told the TTL")
    longest = max(high.values())
    words = Words(
        says=f"the MX records of {snapshot.domain} have a TTL of {longest} s",
        seen=tuple(f"{place}: MX TTL {ttl}" for place, ttl in high.items()),
        means=f"After a change the old hosts get mail for up to {longest / 3600:.0f} h more.",
        do="Publish a TTL of 3600 to 86400; lower it one old TTL before a change.",
        paste=mx_records(snapshot, mx_now(snapshot), TTL),
    )
    return conclude(RULE, [finding(RULE, snapshot.domain, words)])
