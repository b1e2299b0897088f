"""The zone's own name servers have different MX records.

What it sees. Servers of the zone, each asked itself, that answer with authority and with different MX records; TTL and
order do not count. A server that gives no such answer has no part in it. Where their serials differ it is a warning: a
zone that was edited a moment ago is not the same everywhere yet.
Why it matters. Which hosts a sender tries depends on which server its resolver has asked: some mail takes the old way,
for as long as it stays so.
Example. ns2 has not fetched the zone since the backup was added:
    example.test MX 10 mx1.example.test
    example.test MX 20 mx2.example.test
    mx1.example.test A 192.0.2.1
    mx2.example.test A 192.0.2.2
    authority ns1.example.test example.test MX 10 mx1.example.test
    authority ns1.example.test example.test MX 20 mx2.example.test
    authority ns2.example.test example.test MX 10 mx1.example.test
What to do. With different serials: let the secondaries fetch the zone (look again when the SOA's refresh has passed).
With one serial, or two providers: put the same records into both.
Standards. RFC 1034 §4.3.5; RFC 2181 §5.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.authorities import Heard, contents, speaking
from mxprobe.rules.domain.chain.reading import content_of, zone_side_of
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive

RULE = Rule(
    code="MX117",
    name="mx-inconsistent-between-authorities",
    severity=Severity.ERROR,
    references=("RFC 1034 §4.3.5", "RFC 2181 §5"),
)


def find(snapshot: Snapshot) -> Judgement:
    """One finding with what each server has; one server alone cannot be compared while others are unheard."""
    side = zone_side_of(snapshot)
    if side.unknown:
        return inconclusive(RULE, side.unknown)
    heard = speaking(side.voices)
    different = contents(heard)
    if len(different) < 2:
        silent = [voice.authority.server for voice in side.voices if voice.heard is not Heard.SPEAKS]
        if len({voice.authority.server for voice in heard}) < 2 and silent:
            return inconclusive(RULE, f"only {heard[0].authority.server} was heard: {silent[0]} was not")
        return conclude(RULE, [])
    serials = {voice.serial for voice in heard} - {None}
    fetch = "Let the secondaries fetch the zone: the serials differ."
    words = Words(
        says=f"the name servers of {heard[0].authority.zone} have {len(different)} different sets of MX records",
        seen=tuple(content_of(voice) for voice in heard),
        means="Which hosts senders try depends on which name server was asked.",
        do=fetch if len(serials) > 1 else "Put the same records into every name server.",
    )
    # A zone that was edited a moment ago is not the same everywhere yet.
    return conclude(RULE, [finding(RULE, snapshot.domain, words, Severity.WARNING if len(serials) > 1 else None)])
