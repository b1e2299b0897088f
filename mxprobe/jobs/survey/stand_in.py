"""Plain ways to name, visit and tell, one after the other, that stand where the fast ones will."""

import asyncio
from collections.abc import AsyncIterator, Callable

import msgspec

from mxprobe import __version__
from mxprobe.facts.dns import Answer, index_answers
from mxprobe.facts.session import Session, Turn
from mxprobe.facts.smtp import Phase
from mxprobe.facts.snapshot import Snapshot, Visit
from mxprobe.facts.survey import Entry, Errand, Manner, Named, Pace, PutOff, Told, Visited
from mxprobe.jobs.survey.material import Material
from mxprobe.jobs.survey.tasks import LineRow
from mxprobe.mx.plan import plan_mx
from mxprobe.mx.surveyed import next_survey_questions
from mxprobe.report.json import LookDocument
from mxprobe.wire.resolver import Resolver
from mxprobe.wire.session import Means, SessionScript, Transaction, speak


async def name_all(
    entries: tuple[Entry, ...], manner: Manner, resolver: Resolver, wall: Callable[[], float]
) -> AsyncIterator[Named]:
    """Name some entries at a time."""
    for begin in range(0, len(entries), 50):
        async with asyncio.TaskGroup() as tasks:
            made = [tasks.create_task(_name(entry, manner, resolver, wall)) for entry in entries[begin : begin + 50]]
        for one in made:
            yield one.result()


async def _name(entry: Entry, manner: Manner, resolver: Resolver, wall: Callable[[], float]) -> Named:
    started_at = wall()
    answers: dict[object, Answer] = {}
    while questions := next_survey_questions(entry.domain, index_answers(answers.values()), manner):
        for question in questions:
            answers[question] = await resolver.ask(question)
    return Named(
        entry=entry,
        started_at=started_at,
        elapsed=wall() - started_at,
        answers=tuple(answers.values()),
        queries=len(answers),
    )


async def make_errands(
    errands: tuple[Errand, ...], paces: tuple[Pace, ...], manner: Manner, means: Means
) -> AsyncIterator[Visited | PutOff | Pace]:
    """Visit some endpoints at a time."""
    for begin in range(0, len(errands), 50):
        async with asyncio.TaskGroup() as tasks:
            made = [tasks.create_task(_visit(errand, manner, means)) for errand in errands[begin : begin + 50]]
        for one in made:
            yield one.result()


async def _visit(errand: Errand, manner: Manner, means: Means) -> Visited:
    first, further = (errand.asks[0], errand.asks[1:]) if errand.asks else (None, ())
    script = SessionScript(
        helo=manner.helo,
        mail_from=first.sender if first else "",
        recipients=first.recipients if first else (),
        further=tuple(Transaction(mail_from=ask.sender, recipients=ask.recipients) for ask in further),
        source=manner.vantage.source,
    )
    session = await speak(errand.endpoint, script, means)
    told: list[list[Turn]] = []
    for turn in session.turns:
        if turn.phase is Phase.MAIL:
            told.append([])
        if told and turn.phase in (Phase.MAIL, Phase.RCPT, Phase.RSET):
            told[-1].append(turn)
    answered = tuple(
        Told(number=ask.number, session=0, turns=tuple(turns)) for ask, turns in zip(errand.asks, told, strict=False)
    )
    return Visited(key=errand.key, sessions=(session,), told=answered, place=errand.place)


def line_of(material: Material, manner: Manner, memory: object) -> LineRow:
    """The line of an entry with nothing judged."""
    answers = msgspec.json.decode(material.answers, type=tuple[Answer, ...])
    plan = plan_mx(material.entry.domain, index_answers(answers))
    preferences = {target.endpoint: target.preference for target in plan.targets(manner.vantage.port)}
    visits = tuple(
        Visit(
            endpoint=visit.endpoint,
            preference=preferences.get(visit.endpoint, 0),
            sessions=msgspec.json.decode(visit.sessions or b"[]", type=tuple[Session, ...]),
        )
        for visit in sorted(material.visits, key=lambda visit: visit.endpoint)
    )
    snapshot = Snapshot(
        domain=material.entry.domain,
        asked=material.entry.asked,
        version=__version__,
        started_at=material.started_at,
        elapsed=material.elapsed,
        vantage=manner.vantage,
        recipients=material.entry.recipients,
        answers=answers,
        visits=visits,
        queries=material.queries,
    )
    document = msgspec.json.encode(LookDocument(snapshot=snapshot))
    tally = msgspec.json.encode({"endpoints": len(visits), "plan": plan.cell})
    return LineRow(number=material.entry.number, domain=material.entry.domain, document=document, tally=tally)
