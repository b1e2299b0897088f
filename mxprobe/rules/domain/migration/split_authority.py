"""Two copies of the zone are served that do not come from one source, and their MX records differ.

What it sees. Servers of the zone, each asked itself, with different MX records and different first fields of the SOA
(the primary server): two providers have the zone, and neither follows the other. What the parent's delegation says
beside the zone's own NS records is not asked for.
Why it matters. Some resolvers see the one zone and some the other, until somebody ends it: no transfer ever will.
Example. The DNS moved to another provider, and the MX records were changed there alone:
    example.test MX 10 mx1.example.test
    mx1.example.test A 192.0.2.1
    ns1.old.test A 192.0.2.53
    ns1.new.test A 198.51.100.53
    authority ns1.old.test example.test MX 10 mx9.example.test
    authority ns1.old.test example.test SOA ns1.old.test. root.old.test. 2026010101 3600 900 604800 300
    authority ns1.new.test example.test MX 10 mx1.example.test
    authority ns1.new.test example.test SOA ns1.new.test. root.new.test. 7 3600 900 604800 300
What to do. Finish the move of the DNS: copy all records, then change the delegation, then delete the old zone.
Standards. RFC 1034 §4.2.2; RFC 1912 §2.3, §2.8.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.authorities import Voice, contents, speaking
from mxprobe.mx.drift import plain_name
from mxprobe.rules.domain.chain.reading import content_of, zone_side_of
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive

RULE = Rule(
    code="MX412",
    name="split-authority",
    severity=Severity.ERROR,
    covers=("MX117",),
    references=("RFC 1034 §4.2.2", "RFC 1912 §2.3", "RFC 1912 §2.8"),
)


def find(snapshot: Snapshot) -> Judgement:
    """One finding, where zones of different sources have different MX records."""
    side = zone_side_of(snapshot)
    if side.unknown:
        return inconclusive(RULE, side.unknown)
    heard = speaking(side.voices)
    if len(contents(heard)) < 2:
        return conclude(RULE, [])
    told = [voice for voice in heard if voice.soa_words]
    sources = {source_of(voice) for voice in told}
    sets = {frozenset(voice.content for voice in told if source_of(voice) == name) for name in sources}
    if len(sources) < 2 or len(sets) < 2:
        silent = next((voice.authority.server for voice in heard if not voice.soa_words), None)
        return conclude(RULE, []) if silent is None else inconclusive(RULE, f"{silent} did not tell its SOA")
    words = Words(
        says=f"{len(sources)} separate zones of {snapshot.domain} are served, with different MX records",
        seen=tuple(f"{content_of(voice)}; SOA of {source_of(voice)}" for voice in told),
        means="Senders see one zone or the other, until one of them is gone.",
        do="Finish the move of the DNS: copy the records, then change the delegation, then delete the old zone.",
    )
    return conclude(RULE, [finding(RULE, snapshot.domain, words)])


def source_of(voice: Voice) -> str:
    """The primary server that the SOA of a server's copy names."""
    return plain_name(voice.soa_words[0]) if voice.soa_words else ""
