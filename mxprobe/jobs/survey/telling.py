"""Tells one domain of a survey: from what the journal has of it to its line of the results. No I/O.

The snapshot is the one that `mxprobe probe` would have made with the same questions; it is judged and forecast with
local parts of mail addresses cut short, as it is written. What many domains have in common is remembered
(`remembered.py`).
"""

from collections.abc import Sequence
from functools import lru_cache

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from mxprobe import __version__
from mxprobe.facts.codec import masked
from mxprobe.facts.dns import Answer, AnswerStatus
from mxprobe.facts.finding import Judgement
from mxprobe.facts.matrix import AskedAbout
from mxprobe.facts.session import Session, Turn
from mxprobe.facts.snapshot import NotVisited, Snapshot, Visit
from mxprobe.facts.survey import Depth, Entry, Manner, Named, Told
from mxprobe.facts.tally import Tally
from mxprobe.facts.text import mask
from mxprobe.facts.vantages import Differs
from mxprobe.jobs.survey.line import Elsewhere, ShortFinding, SurveyLine, VisitLine, encode_line, with_raw
from mxprobe.jobs.survey.material import Material, VisitMaterial
from mxprobe.jobs.survey.remembered import Memory, names_of
from mxprobe.jobs.survey.tasks import LineRow
from mxprobe.mx.consent import NoConsent
from mxprobe.mx.delivery import Target
from mxprobe.mx.foretold import foretell
from mxprobe.mx.kinship import operator_name
from mxprobe.mx.surveyed import asks_of, key_of, with_reasons
from mxprobe.mx.tallied import Account, tally_of
from mxprobe.mx.vantages import compare_places
from mxprobe.mx.wishes import WISHES
from mxprobe.probe.matrix import plain_questions
from mxprobe.rules import judge_snapshot

_NEVER_ASKED = ("MX007",)
"""That nobody was asked about a recipient is no finding where the survey's depth asks about none."""

_TURNS = msgspec.json.Decoder(tuple[Turn, ...])
_NO_SESSIONS = b"[]"
_TURN = b'{"phase":'  # begins a turn, and is nowhere within one


class _Seen(Struct, frozen=True, kw_only=True):
    """One visit as a fact, and as it is written; what is counted of it where that is known.

    Then turns of its own that an entry has stand in the line alone.
    """

    visit: Visit
    line: VisitLine
    account: Account | None = None


def line_of(material: Material, manner: Manner, memory: Memory, *, findings: bool = True) -> LineRow:
    """The line of one entry; without `findings` neither rules nor forecast are asked: facts alone."""
    known = _by_place(material)
    names = names_of(material, memory)
    asked = _asked_about(material, manner, names.own)
    recipients = len(asked[1])
    reader = _Reader(memory=memory, plain=0 if findings or len(known) > 1 else recipients, asks_nobody=not recipients)
    chain = names.targets(material.entry.domain, manner.vantage.port)
    seen = {place: _visits(chain, visits, manner, material.entry, reader) for place, visits in known.items()}
    first, *others = seen
    here = seen[first]
    snapshot = _snapshot(material, manner, names.answers, asked, tuple([one.visit for one in here]))
    unwanted = () if manner.depth.reaches(Depth.RCPT) else _NEVER_ASKED
    judgements = judge_snapshot(snapshot, unwanted=unwanted) if findings else None
    foretold = foretell(snapshot) if findings else None
    tally = tally_of(snapshot, manner.depth, foretold, judgements, [one.account for one in here])
    differs = _compared(seen, material) if others else ()
    line = SurveyLine(
        snapshot=with_raw(snapshot, names.octets, tuple([one.line for one in here])),
        findings=None if judgements is None else _in_short(judgements),
        foretold=foretold,
        tally=_with_troubles(tally, material, differs),
        place=first,
        elsewhere=tuple([Elsewhere(place=place, visits=tuple([one.line for one in seen[place]])) for place in others]),
        differs=differs,
    )
    return LineRow(
        number=material.entry.number,
        domain=material.entry.domain,
        document=encode_line(line),
        tally=msgspec.json.encode(line.tally),
    )


# -- the snapshot ------------------------------------------------------------------------------------------------------


_Asked = tuple[AskedAbout | None, tuple[str, ...]]
"""What the hosts were asked about, or why about nobody; and the recipients. Both masked."""


def _snapshot(
    material: Material, manner: Manner, answers: tuple[Answer, ...], asked: _Asked, visits: tuple[Visit, ...]
) -> Snapshot:
    """The snapshot as seen from the first place; masked, but for turns that stand in the line alone."""
    entry, vantage = material.entry, manner.vantage
    asked_about, recipients = asked
    return Snapshot(
        domain=entry.domain,
        asked=masked(entry.asked),
        version=__version__,
        started_at=material.started_at,
        elapsed=material.elapsed,
        vantage=masked(vantage) if "@" in vantage.mail_from else vantage,
        recipients=recipients,
        answers=answers,
        visits=visits,
        complete=not material.failure and NotVisited.INTERRUPTED not in [one.not_visited for one in visits],
        asked_about=asked_about,
        asked_for=_wishes(manner.wishes),
        unasked=tuple([answer.question for answer in answers if answer.status is AnswerStatus.NOT_ASKED]),
        queries=sum([answer.tries for answer in answers]),  # what it takes for one domain alone; a survey remembers
    )


@lru_cache(maxsize=16)
def _wishes(names: tuple[str, ...]) -> tuple[str, ...]:
    """The families of facts that are asked for, in the order in which a probe names them."""
    return tuple(wish.name for wish in WISHES if wish.name in names)


def _asked_about(material: Material, manner: Manner, answers: tuple[Answer, ...]) -> _Asked:
    """What the hosts were asked about, masked; by answers about the domain that are not."""
    if not manner.depth.reaches(Depth.RCPT):
        return None, ()
    named = Named(
        entry=material.entry,
        started_at=material.started_at,
        elapsed=material.elapsed,
        answers=answers,
    )
    asks = asks_of(named, manner)
    if isinstance(asks, NoConsent):
        return masked(AskedAbout(sender=manner.vantage.mail_from, refused=asks.reason)), ()
    if asks is None:
        return None, ()
    recipients = tuple([mask(name) for name in asks.recipients])
    return plain_questions(recipients, mask(asks.sender)), recipients


def _by_place(material: Material) -> dict[str, dict[str, VisitMaterial]]:
    """The visits by vantage point and key; the places as they were named, those from which nobody was heard last."""
    places: dict[str, dict[str, VisitMaterial]] = {}
    for visit in material.visits:
        places.setdefault(visit.place, {})[visit.key] = visit
    if len(places) < 2:
        return places or {"": {}}
    return dict(sorted(places.items(), key=lambda one: one[0] in material.silent))


class _Reader(Struct, frozen=True, kw_only=True):
    """How visits are read: where `plain` recipients were taken, and no others asked about, no turn is looked at.

    `asks_nobody`: the entry has no recipients.
    """

    memory: Memory
    plain: int
    asks_nobody: bool


def _visits(
    chain: tuple[Target, ...], known: dict[str, VisitMaterial], manner: Manner, entry: Entry, reader: _Reader
) -> tuple[_Seen, ...]:
    """Every address of the chain, in its order, as it was seen from one place."""
    found = []
    for target, why in with_reasons(chain, manner, entry.domain):
        material = known.get(key_of(target.endpoint, entry.number, manner)) if why is None else None
        sessions, octets, account = _heard(material, entry.number, reader)
        why = why or (None if sessions else NotVisited.INTERRUPTED)
        visit = Visit(endpoint=target.endpoint, preference=target.preference, sessions=sessions, not_visited=why)
        line = VisitLine(
            endpoint=target.endpoint, preference=target.preference, sessions=msgspec.Raw(octets), not_visited=why
        )
        found.append(_Seen(visit=visit, line=line, account=account))
    return tuple(found)


_Read = tuple[tuple[Session, ...], bytes, Account | None]


def _heard(material: VisitMaterial | None, number: int, reader: _Reader) -> _Read:
    """The sessions with an endpoint as one entry sees them, and their JSON; none where nobody came so far."""
    if material is None or material.sessions is None:
        return (), _NO_SESSIONS, None
    heard = reader.memory.heard(material.sessions)
    session, turns = material.session, material.turns
    if turns is None or session is None:
        return heard.sessions, heard.octets, heard.account if reader.asks_nobody else None
    if reader.plain and material.taken == reader.plain:
        frame = heard.frame(session, turns.count(_TURN))
        if frame is not None:
            return frame.sessions, b"".join((frame.before, turns[1:-1], frame.behind)), frame.account
    sessions = heard.whole.as_seen(Told(number=number, session=session, turns=_TURNS.decode(turns)))
    return sessions, msgspec.json.encode(sessions), None


# -- what follows ------------------------------------------------------------------------------------------------------


def _in_short(judgements: Sequence[Judgement]) -> tuple[ShortFinding, ...]:
    """Every finding, the worst first."""
    found = [one for judgement in judgements for one in judgement.findings]
    return tuple(
        ShortFinding(code=one.code, severity=one.severity, subject=masked(one.subject), says=masked(one.says))
        for one in sorted(found, key=lambda one: one.severity.rank)
    )


def _compared(seen: dict[str, tuple[_Seen, ...]], material: Material) -> tuple[Differs, ...]:
    """What was not alike from all vantage points."""
    places = {place: [one.visit for one in visits] for place, visits in seen.items()}
    return compare_places(places, set(material.silent))


def _with_troubles(tally: Tally, material: Material, differs: tuple[Differs, ...]) -> Tally:
    """The tally with what the journal knows of troubles, and what was not alike from all vantage points."""
    throttled = [operator_name(visit.endpoint.host) for visit in material.visits if visit.throttled]
    failures = [failure for failure in (material.failure, *[visit.failure for visit in material.visits]) if failure]
    if not (throttled or failures or differs or material.silent):
        return tally
    untold = dict.fromkeys((*tally.untold, *failures))
    return replace(
        tally,
        throttled=tuple(dict.fromkeys(throttled)),
        untold=tuple(untold),
        differs=tuple(dict.fromkeys(one.showing.value for one in differs)),
        silent=material.silent,
    )
