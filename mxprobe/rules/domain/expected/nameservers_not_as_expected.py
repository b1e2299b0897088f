"""The zone of the domain is served by others than the operator expects.

What it sees. With --expect FILE, which lists all name servers (`nameservers`): the NS records of the zone that the
domain lies in name another one, or lack one.
Why it matters. Who holds the delegation can answer whatever he likes, the MX records too.
Example. One name server was replaced:
    approved nameservers: [ns1, ns2]
    example.test MX 10 mx1.example.test
    example.test NS ns1.example.test
    example.test NS ns.stranger.test
    mx1.example.test A 192.0.2.1
What to do. If it was not you, ask the registrar who changed it, and have the domain locked there.
Standards. RFC 1034 §4.2.1.
"""

from mxprobe.facts.beside import Beside
from mxprobe.facts.dns import Question, RecordType
from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.drift import differ, texts_in, zone_of
from mxprobe.mx.once import known_answers
from mxprobe.rules.domain.expected.reading import Broken, or_change, silent, tell_broken
from mxprobe.rules.rule import Behind, Rule, conclude, inconclusive

RULE = Rule(
    code="MX539",
    name="nameservers-not-as-expected",
    severity=Severity.ERROR,
    covers=("MX526",),
    references=("RFC 1034 §4.2.1",),
    behind=(Behind.SERVER,),
)


def find_beside(snapshot: Snapshot, beside: Beside) -> Judgement:
    """One finding for the domain."""
    approved = beside.approved
    if approved is None or approved.nameservers is None:
        return inconclusive(RULE, silent(beside))
    apex = zone_of(snapshot) or snapshot.domain
    texts = texts_in(known_answers(snapshot), Question(name=apex, rrtype=RecordType.NS))
    if isinstance(texts, str):
        return inconclusive(RULE, texts)
    difference = differ(frozenset(approved.nameservers), texts)
    broken = [
        Broken(
            seen=f"{apex} has no NS {name}", expected=name, place=approved.place(f"nameservers {name}", "nameservers")
        )
        for name in difference.gone
    ]
    broken += [
        Broken(seen=f"{apex} NS {name}", expected="no such name server", place=approved.place("nameservers"))
        for name in difference.new
    ]
    if not broken:
        return conclude(RULE, [])
    says = f"the name servers of {apex} are not as expected"
    do = f"If it was not you, ask the registrar who changed it; {or_change(approved)}."
    return conclude(RULE, [tell_broken(RULE, snapshot.domain, says, broken, do)])
