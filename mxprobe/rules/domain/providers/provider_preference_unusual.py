"""A provider's MX hosts are tried in another order than it prescribes.

What it sees. Two hosts of one set whose preferences are the other way round. Other numbers in the same order, and equal
numbers, are nothing; nor are the numbers of a provider that draws them.
Why it matters. All mail takes the way that the provider keeps for its outages. It works until that way is closed.
Example. Typed from memory:
    example.test MX 20 in1-smtp.messagingengine.com
    example.test MX 10 in2-smtp.messagingengine.com
    in1-smtp.messagingengine.com A 192.0.2.1
    in2-smtp.messagingengine.com A 192.0.2.2
What to do. Give the hosts the order that the provider prescribes.
Standards. RFC 5321 §5.1.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.providers import Mx
from mxprobe.mx.providers.published import Party, turned_round
from mxprobe.rules.domain.chain.reading import NO_ANSWER
from mxprobe.rules.domain.providers.reading import can_be_pasted, line_of, published
from mxprobe.rules.pasting import mx_now, mx_records
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive

RULE = Rule(
    code="MX902",
    name="provider-preference-unusual",
    severity=Severity.INFO,
    covers=("MX900",),
    references=("RFC 5321 §5.1",),
)


def find(snapshot: Snapshot) -> Judgement:
    """One finding, with every such host."""
    parties = published(snapshot)
    if parties is None:
        return inconclusive(RULE, NO_ANSWER)
    pairs = turned_round(parties)
    if not pairs:
        return conclude(RULE, [])
    hosts = tuple(party for party in parties if any(party in pair for pair in pairs))
    wanted = [_wanted(party) for party in hosts]
    one, other = pairs[0]
    names = dict.fromkeys(party.known.provider.name for party in hosts if party.known is not None)
    graded = (party.known.within.preferences for party in hosts if party.known is not None and party.known.within)
    words = Words(
        says=f"{one.host} is tried before {other.host}, other than {' and '.join(names)} prescribes",
        about=tuple(party.host for party in hosts),
        seen=(*map(line_of, hosts), f"prescribed: {', '.join(f'{mx.preference} {mx.name}' for mx in wanted)}"),
        means="Mail takes a way that the provider keeps for outages.",
        do="Give the hosts the order that the provider prescribes.",
        paste=_in_order(snapshot, wanted) if all(map(can_be_pasted, graded)) else (),
    )
    return conclude(RULE, [finding(RULE, snapshot.domain, words)])


def _wanted(party: Party) -> Mx:
    """The record of a host as it is prescribed."""
    record = party.known.record if party.known is not None else None
    return Mx(name=party.host, preference=record.preference if record is not None else None)


def _in_order(snapshot: Snapshot, wanted: list[Mx]) -> tuple[str, ...]:
    """All records, these hosts with the preferences that are prescribed; nothing where one is not known."""
    numbers = {one.name: one.preference for one in wanted if one.preference is not None}
    if len(numbers) < len(wanted):
        return ()
    return mx_records(snapshot, ((numbers.get(host, number), host) for number, host in mx_now(snapshot)))
