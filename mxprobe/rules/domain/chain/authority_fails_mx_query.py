"""A name server of the zone does not answer for the domain's MX records.

What it sees. A server of the zone, asked itself, says nothing (two tries), gives an error, or answers without authority
(a lame delegation), while another one answers over the same address family. Or it has no address at all,
which is what a zone file can show.
Why it matters. Resolvers lose time with it at every lookup; when the others are down as well, mail waits.
Example. ns2 was taken out of service, and is still in the zone:
    example.test MX 10 mx1.example.test
    mx1.example.test A 192.0.2.1
    authority ns1.example.test example.test MX 10 mx1.example.test
    authority ns2.example.test example.test MX REFUSED
What to do. Let the server serve the zone, or take it out of the zone's and the parent's NS records.
Standards. RFC 1912 §2.8; RFC 2308 §7.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.authorities import Heard, Voice, failing, without_address, zone_of
from mxprobe.mx.once import known_answers
from mxprobe.rules.domain.chain.reading import place_of, zone_side_of
from mxprobe.rules.rule import Behind, Rule, Words, decide, finding, inconclusive

RULE = Rule(
    code="MX118",
    name="authority-fails-mx-query",
    severity=Severity.WARNING,
    references=("RFC 1912 §2.8", "RFC 2308 §7"),
    behind=(Behind.SERVER,),
)


def find(snapshot: Snapshot) -> Judgement:
    """A finding for each such server; where none of a family was heard, the way may be closed on our side."""
    side = zone_side_of(snapshot)
    if side.unknown and snapshot.zone is None:
        return inconclusive(RULE, side.unknown)
    blamed = failing(side.voices)
    unknown = [
        f"{place_of(voice)}: {_said(voice)}"
        for voice in side.voices
        if voice not in blamed and voice.heard is not Heard.SPEAKS
    ]
    seen: dict[str, list[str]] = {}
    for voice in blamed:
        seen.setdefault(voice.authority.server, []).append(f"{place_of(voice)}: {_said(voice)}")
    answers = known_answers(snapshot)
    for server in without_address(zone_of(snapshot.domain, answers), answers):
        seen.setdefault(server, []).append(f"{server}: neither A nor AAAA")
    found = []
    for server, lines in seen.items():
        words = Words(
            says=f"the name server {server} does not answer for the MX records of {snapshot.domain}",
            seen=tuple(lines),
            means="Lookups that meet it take longer; when the others fail, mail waits.",
            do=f"Let {server} serve the zone, or take it out of the NS records.",
        )
        found.append(finding(RULE, server, words))
    return decide(RULE, found, [side.unknown] if side.unknown else unknown[:4])


def _said(voice: Voice) -> str:
    """How it failed, and whether it said to be an authority."""
    authority = {True: ", AA", False: ", no AA", None: ""}[voice.mx.authoritative]
    detail = f" ({voice.mx.detail})" if voice.mx.detail else ""
    return f"{voice.heard.value}: {voice.mx.status}{authority}{detail}"
