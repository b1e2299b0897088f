"""Tells one domain of a survey: from what the journal has of it to its line of the results. No I/O.

The snapshot is the one that `mxprobe probe` would have made with the same questions; it is judged and forecast with
local parts of mail addresses cut short, as it is written. Sessions that many domains have in common are decoded,
masked, encoded and judged once while they are remembered.
"""

from collections import OrderedDict
from collections.abc import Sequence
from datetime import UTC, date, datetime
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
from mxprobe.facts.text import mask, mask_bytes
from mxprobe.facts.vantages import Differs
from mxprobe.jobs.survey.line import Elsewhere, ShortFinding, SurveyLine, VisitLine, encode_line, with_raw
from mxprobe.jobs.survey.material import Material, VisitMaterial
from mxprobe.jobs.survey.tasks import LineRow
from mxprobe.mx.consent import NoConsent
from mxprobe.mx.delivery import Target
from mxprobe.mx.envelopes import Attempts
from mxprobe.mx.foretold import foretell
from mxprobe.mx.kinship import operator_name
from mxprobe.mx.once import chain_by
from mxprobe.mx.surveyed import asks_of, key_of, with_reasons
from mxprobe.mx.tallied import tally_of
from mxprobe.mx.vantages import compare_places
from mxprobe.mx.wishes import WISHES
from mxprobe.probe.matrix import plain_questions
from mxprobe.rules import judge_snapshot

MOST_OCTETS = 8_388_608
"""So many octets of sessions' JSON are remembered."""

MOST_SESSIONS = 1024
"""So many endpoints are remembered at the most."""

_NEVER_ASKED = ("MX007",)
"""That nobody was asked about a recipient is no finding where the survey's depth asks about none."""

_ANSWERS = msgspec.json.Decoder(tuple[Answer, ...])
_SESSIONS = msgspec.json.Decoder(tuple[Session, ...])
_TURNS = msgspec.json.Decoder(tuple[Turn, ...])
_NO_SESSIONS = b"[]"


class Heard(Struct, frozen=True, kw_only=True):
    """The sessions with an endpoint, masked: `whole` as they were made, and as an entry sees them that asked about
    nobody, with their JSON."""

    whole: Attempts
    sessions: tuple[Session, ...]
    octets: bytes


class Memory:
    """What one process remembers from one entry to the next; bounded, the oldest goes first."""

    def __init__(self, most_octets: int = MOST_OCTETS) -> None:
        self._most = most_octets
        self._octets = 0
        self._heard: OrderedDict[bytes, Heard] = OrderedDict()

    def heard(self, octets: bytes) -> Heard:
        """The sessions of an endpoint by their JSON. Raises msgspec.MsgspecError."""
        known = self._heard.get(octets)
        if known is not None:
            self._heard.move_to_end(octets)
            return known
        whole = _SESSIONS.decode(octets)
        whole = masked(whole) if _has_address(octets, whole) else whole
        attempts = Attempts(whole)
        sessions = attempts.as_seen(None)
        heard = Heard(whole=attempts, sessions=sessions, octets=msgspec.json.encode(sessions))
        self._heard[octets] = heard
        self._octets += len(octets)
        while len(self._heard) > MOST_SESSIONS or (self._octets > self._most and len(self._heard) > 1):
            gone, _ = self._heard.popitem(last=False)
            self._octets -= len(gone)
        return heard


def _has_address(octets: bytes, sessions: tuple[Session, ...]) -> bool:
    """Whether sessions may have the address of a mailbox: in their JSON, or in the bytes that it has as base64."""
    if b"@" in octets or any(b"@" in session.surplus for session in sessions):
        return True
    return any(
        (turn.command is not None and b"@" in turn.command) or (turn.reply is not None and b"@" in turn.reply.raw)
        for session in sessions
        for turn in session.turns
    )


class _Seen(Struct, frozen=True, kw_only=True):
    """One visit as a fact, and as it is written."""

    visit: Visit
    line: VisitLine


def line_of(material: Material, manner: Manner, memory: Memory, *, findings: bool = True) -> LineRow:
    """The line of one entry; without `findings` neither rules nor forecast are asked: facts alone."""
    places = _places(material)
    whole = _ANSWERS.decode(material.answers)
    answers, octets = _masked_answers(whole, material.answers)
    snapshot = _bare_snapshot(material, manner, answers, _asked_about(material, manner, whole))
    chain = chain_by(answers, snapshot.domain).targets(manner.vantage.port)
    seen = {place: _visits(chain, _by_key(material, place), manner, material.entry, memory) for place in places}
    here = seen[places[0]]
    missing = any(one.visit.not_visited is NotVisited.INTERRUPTED for one in here)
    snapshot = replace(
        snapshot,
        visits=tuple(one.visit for one in here),
        complete=not material.failure and not missing,
    )
    unwanted = () if manner.depth.reaches(Depth.RCPT) else _NEVER_ASKED
    judgements = judge_snapshot(snapshot, unwanted=unwanted) if findings else None
    foretold = foretell(snapshot) if findings else None
    tally = tally_of(snapshot, manner.depth, foretold, judgements)
    differs = compare_places({place: [one.visit for one in seen[place]] for place in places}, set(material.silent))
    line = SurveyLine(
        snapshot=with_raw(snapshot, octets, tuple(one.line for one in here)),
        findings=None if judgements is None else _in_short(judgements),
        foretold=foretold,
        tally=_with_troubles(tally, material, differs),
        place=places[0],
        elsewhere=tuple(Elsewhere(place=place, visits=tuple(one.line for one in seen[place])) for place in places[1:]),
        differs=differs,
    )
    return LineRow(
        number=material.entry.number,
        domain=material.entry.domain,
        document=encode_line(line),
        tally=msgspec.json.encode(line.tally),
    )


# -- the snapshot ------------------------------------------------------------------------------------------------------


def _masked_answers(answers: tuple[Answer, ...], octets: bytes) -> tuple[tuple[Answer, ...], bytes]:
    """The answers and their JSON, masked where there is anything to mask."""
    if b"@" not in octets:
        return answers, octets
    answers = masked(answers)
    return answers, msgspec.json.encode(answers)


_Asked = tuple[AskedAbout | None, tuple[str, ...]]
"""What the hosts were asked about, or why about nobody; and the recipients."""


def _bare_snapshot(material: Material, manner: Manner, answers: tuple[Answer, ...], asked: _Asked) -> Snapshot:
    """All of the snapshot but the visits."""
    entry, vantage = material.entry, manner.vantage
    asked_about, recipients = asked
    return Snapshot(
        domain=entry.domain,
        asked=masked(entry.asked),
        version=__version__,
        started_at=material.started_at,
        elapsed=material.elapsed,
        vantage=masked(vantage) if "@" in vantage.mail_from else vantage,
        recipients=masked(recipients),
        answers=answers,
        asked_about=masked(asked_about),
        asked_for=_wishes(manner.wishes),
        unasked=tuple(answer.question for answer in answers if answer.status is AnswerStatus.NOT_ASKED),
        queries=sum(answer.tries for answer in answers),  # what it takes for one domain alone; a survey remembers
    )


@lru_cache(maxsize=16)
def _wishes(names: tuple[str, ...]) -> tuple[str, ...]:
    """The families of facts that are asked for, in the order in which a probe names them."""
    return tuple(wish.name for wish in WISHES if wish.name in names)


def _asked_about(material: Material, manner: Manner, answers: tuple[Answer, ...]) -> _Asked:
    """What the hosts were asked about; by answers that are not masked."""
    if not manner.depth.reaches(Depth.RCPT):
        return None, ()
    named = Named(
        entry=material.entry,
        started_at=material.started_at,
        elapsed=material.elapsed,
        answers=answers,
    )
    asks = asks_of(named, manner, _day(material.started_at))
    if isinstance(asks, NoConsent):
        return AskedAbout(sender=manner.vantage.mail_from, refused=asks.reason), ()
    return (None, ()) if asks is None else (plain_questions(asks.recipients, asks.sender), asks.recipients)


def _day(at: float) -> date:
    return datetime.fromtimestamp(at, UTC).date()


def _places(material: Material) -> tuple[str, ...]:
    """The vantage points, as they were named; those from which nobody was heard last."""
    places = dict.fromkeys(visit.place for visit in material.visits)
    return tuple(sorted(places, key=lambda place: place in material.silent)) or ("",)


def _by_key(material: Material, place: str) -> dict[str, VisitMaterial]:
    return {visit.key: visit for visit in material.visits if visit.place == place}


def _visits(
    chain: tuple[Target, ...], known: dict[str, VisitMaterial], manner: Manner, entry: Entry, memory: Memory
) -> tuple[_Seen, ...]:
    """Every address of the chain, in its order, as it was seen from one place."""
    found = []
    for target, why in with_reasons(chain, manner, entry.domain):
        material = known.get(key_of(target.endpoint, entry.number, manner)) if why is None else None
        sessions, octets = _heard(material, entry.number, memory)
        why = why or (None if sessions else NotVisited.INTERRUPTED)
        visit = Visit(endpoint=target.endpoint, preference=target.preference, sessions=sessions, not_visited=why)
        line = VisitLine(
            endpoint=target.endpoint, preference=target.preference, sessions=msgspec.Raw(octets), not_visited=why
        )
        found.append(_Seen(visit=visit, line=line))
    return tuple(found)


def _heard(material: VisitMaterial | None, number: int, memory: Memory) -> tuple[tuple[Session, ...], bytes]:
    """The sessions with an endpoint as one entry sees them, and their JSON; none where nobody came so far."""
    if material is None or material.sessions is None:
        return (), _NO_SESSIONS
    heard = memory.heard(material.sessions)
    if material.turns is None or material.session is None:
        return heard.sessions, heard.octets
    turns = tuple([_masked_turn(turn) for turn in _TURNS.decode(material.turns)])
    sessions = heard.whole.as_seen(Told(number=number, session=material.session, turns=turns))
    return sessions, msgspec.json.encode(sessions)


def _masked_turn(turn: Turn) -> Turn:
    """As `masked` has it; most turns of an envelope have an address in what was said to the host, and nowhere else."""
    reply, command, subject = turn.reply, turn.command, turn.subject
    if turn.failure is not None or (reply is not None and (b"@" in reply.raw or b"IMAP " in reply.raw)):
        return masked(turn)
    if command is None or b"@" not in command:
        return turn if subject is None or "@" not in subject else masked(turn)
    return replace(turn, command=mask_bytes(command), subject=None if subject is None else mask(subject))


# -- what follows ------------------------------------------------------------------------------------------------------


def _in_short(judgements: Sequence[Judgement]) -> tuple[ShortFinding, ...]:
    """Every finding, the worst first."""
    found = [one for judgement in judgements for one in judgement.findings]
    return tuple(
        ShortFinding(code=one.code, severity=one.severity, subject=masked(one.subject), says=masked(one.says))
        for one in sorted(found, key=lambda one: one.severity.rank)
    )


def _with_troubles(tally: Tally, material: Material, differs: tuple[Differs, ...]) -> Tally:
    """The tally with what the journal knows of troubles, and what was not alike from all vantage points."""
    throttled = (operator_name(visit.endpoint.host) for visit in material.visits if visit.throttled)
    failures = (material.failure, *(visit.failure for visit in material.visits))
    untold = dict.fromkeys((*tally.untold, *filter(None, failures)))
    return replace(
        tally,
        throttled=tuple(dict.fromkeys(throttled)),
        untold=tuple(untold),
        differs=tuple(dict.fromkeys(one.showing.value for one in differs)),
        silent=material.silent,
    )
