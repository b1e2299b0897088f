"""A provider prescribes more MX records than are published.

What it sees. The best preference is a provider's, and of the records that it prescribes together some are not there.
Where every name of the provider leads to a large pool, or its set is known from memory alone, it is a note. Records of
a former provider at worse preferences are no set that lacks something (MX305).
Why it matters. Mail works as long as the one host does. The provider counts on the others when it takes one down.
Example. The second record was forgotten:
    example.test MX 10 in1-smtp.messagingengine.com
    in1-smtp.messagingengine.com A 192.0.2.1
    in1-smtp.messagingengine.com A 192.0.2.2
What to do. Add the records that lack.
Standards. RFC 5321 §5.1.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.providers import Grade
from mxprobe.mx.providers.patterns import shown
from mxprobe.mx.providers.published import Lack, best_of, lack_of
from mxprobe.rules.domain.chain.reading import NO_ANSWER
from mxprobe.rules.domain.providers.reading import can_be_pasted, line_of, published
from mxprobe.rules.pasting import mx_now, mx_records
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive

RULE = Rule(
    code="MX901",
    name="provider-set-incomplete",
    severity=Severity.WARNING,
    covers=("MX900",),
    references=("RFC 5321 §5.1",),
)


def find(snapshot: Snapshot) -> Judgement:
    """One finding where the best preference is one provider's; several are told by other rules."""
    parties = published(snapshot)
    if parties is None:
        return inconclusive(RULE, NO_ANSWER)
    best = best_of(parties) if parties else ()
    known = [party.known for party in best if party.known is not None]
    if not known or len({(one.provider.operator, one.provider.role) for one in known}) != 1:
        return conclude(RULE, [])
    lack = lack_of(known[0].provider, parties)
    if lack is None:
        return conclude(RULE, [])
    within = lack.within
    words = Words(
        says=f"{len(lack.present)} of {within.whole} MX records of {lack.provider.name} are published",
        seen=(*map(line_of, lack.present), _prescribed(lack)),
        means=_meaning(lack),
        do=f"Add the records that {lack.provider.name} prescribes; compare with what its own pages say today.",
        paste=_whole(snapshot, lack) if _can_be_written(lack) else (),
    )
    note = within.is_pool or within.names is Grade.REMEMBERED
    return conclude(RULE, [finding(RULE, snapshot.domain, words, Severity.INFO if note else None)])


def _prescribed(lack: Lack) -> str:
    """The whole set, by the provider's grade."""
    if lack.within.enough:
        names = " ".join(shown(record.name) for record in lack.within.records)
        return f"prescribed: {lack.within.enough} of {names} ({lack.within.names})"
    return f"prescribed besides: {', '.join(record.name for record in lack.missing)} ({lack.within.names})"


def _meaning(lack: Lack) -> str:
    if lack.within.is_pool:
        return "Many machines stand behind each name; a name more is another way to them."
    return f"When {lack.present[0].host} is down, senders do not know the other hosts that the provider runs."


def _whole(snapshot: Snapshot, lack: Lack) -> tuple[str, ...]:
    """All records, the whole set as it is prescribed; nothing where a preference is not known."""
    here = [(party.host, party.known.record) for party in lack.present if party.known is not None]
    wanted = {host: record.preference for host, record in here if record is not None}
    wanted |= {one.name: one.preference for one in lack.missing}
    if None in wanted.values():
        return ()
    others = [(number, host) for number, host in mx_now(snapshot) if host not in wanted]
    return mx_records(snapshot, (*others, *((number or 0, host) for host, number in wanted.items())))


def _can_be_written(lack: Lack) -> bool:
    return not lack.within.enough and can_be_pasted(lack.within.names) and can_be_pasted(lack.within.preferences)
