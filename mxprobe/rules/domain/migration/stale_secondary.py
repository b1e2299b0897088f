"""A name server has not fetched the zone for longer than the zone allows, and its MX records are old.

What it sees. With --baseline: a server whose copy has the serial that it had in the earlier probe, where another one
was ahead of it already; more than the SOA's refresh and retry have passed, and its MX records differ from the others'.
Why it matters. Notifying and transferring do not work: who asks that server uses the old hosts, until the copy expires.
Example. ns2 has been behind since yesterday:
    looked 2026-03-02T08:00Z
    example.test MX 10 mx1.example.test
    mx1.example.test A 192.0.2.1
    ns2.example.test A 192.0.2.54
    authority ns1.example.test example.test MX 10 mx1.example.test
    authority ns1.example.test example.test SOA ns1.example.test. root.example.test. 8 3600 900 604800 300
    authority ns2.example.test example.test MX 10 mx9.example.test
    authority ns2.example.test example.test SOA ns1.example.test. root.example.test. 7 3600 900 604800 300
    before looked 2026-03-01T08:00Z
What to do. Mend NOTIFY and the transfer to that server; have it fetch the zone now.
Standards. RFC 1996; RFC 1912 §2.2; RFC 1982 §3.2.
"""

from mxprobe.facts.beside import Beside
from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.authorities import Voice, speaking, voices_of
from mxprobe.rules.domain.chain.reading import content_of, place_of, zone_side_of
from mxprobe.rules.domain.drift.reading import NO_BASELINE
from mxprobe.rules.domain.migration.split_authority import source_of
from mxprobe.rules.moments import say_left, say_moment
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive

RULE = Rule(
    code="MX413",
    name="stale-secondary",
    severity=Severity.WARNING,
    covers=("MX117",),
    references=("RFC 1996", "RFC 1912 §2.2", "RFC 1982 §3.2"),
)

_HALF = 1 << 31


def find_beside(snapshot: Snapshot, beside: Beside) -> Judgement:
    """One finding for each server that stays behind."""
    side = zone_side_of(snapshot)
    if side.unknown:
        return inconclusive(RULE, side.unknown)
    heard = speaking(side.voices)
    if not any(_newer(voice, heard) for voice in heard):
        return conclude(RULE, [])
    before = beside.before
    if before is None:
        return inconclusive(RULE, f"serials differ, and since when is not known: {NO_BASELINE}")
    then = {place_of(voice): voice for voice in speaking(voices_of(snapshot.domain, before.authorities))}
    found = []
    for voice in heard:
        was, since = then.get(place_of(voice)), snapshot.started_at - before.started_at
        ahead = [one for one in then.values() if was is not None and is_behind(was, one)]
        newer = _newer(voice, heard)
        if was is None or was.serial != voice.serial or not ahead or not newer or since <= _patience(voice):
            continue
        patience = say_left(_patience(voice))
        words = Words(
            says=f"the name server {place_of(voice)} has stayed behind for {say_left(since)} or longer",
            about=(snapshot.domain,),
            seen=(
                content_of(voice),
                *(content_of(one) for one in newer[:4]),
                f"the same serial {say_moment(before.started_at)}; the SOA has it look again within {patience}",
            ),
            means="Who asks it gets the old MX records.",
            do=f"Mend NOTIFY and the transfer of the zone to {voice.authority.server}.",
        )
        found.append(finding(RULE, place_of(voice), words))
    return conclude(RULE, found)


def _newer(voice: Voice, heard: tuple[Voice, ...]) -> list[Voice]:
    """The servers that have a newer copy than this one, and other MX records."""
    return [one for one in heard if is_behind(voice, one) and one.content != voice.content]


def is_behind(one: Voice, other: Voice) -> bool:
    """Whether a copy is older than another of the same source, by the arithmetic of serials (RFC 1982 §3.2)."""
    if one.serial is None or other.serial is None or source_of(one) != source_of(other):
        return False
    return 0 < (other.serial - one.serial) % (1 << 32) < _HALF


def _patience(voice: Voice) -> float:
    """Seconds in which a secondary should have looked, by the refresh and retry of its own copy."""
    numbers = [int(word) for word in voice.soa_words[3:5] if word.isdecimal()]
    return float(sum(numbers))
