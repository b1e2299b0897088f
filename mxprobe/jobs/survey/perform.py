"""Makes a task of a survey in this process: the same code in the survey's own process, in workers, and in a cluster.

What a task is made with (sockets, the stub, the TLS context with its store) is made once for a manner, and kept as long
as the process and its event loop.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from msgspec import Struct

from mxprobe.facts.dns import index_answers
from mxprobe.facts.survey import Asked, Depth, Manner, Named, Pace, PutOff, Visited
from mxprobe.jobs.survey.batches import in_batches
from mxprobe.jobs.survey.materials import Materials
from mxprobe.jobs.survey.stand_in import line_of, make_errands, name_all
from mxprobe.jobs.survey.tasks import (
    LineRow,
    PaceRow,
    PutOffRow,
    ResolvedRow,
    ResolveTask,
    Row,
    Task,
    TellTask,
    ToldRow,
    VisitedRow,
    VisitTask,
)
from mxprobe.mx.consent import Consent, consent_question, read_consent
from mxprobe.mx.surveyed import errands_of
from mxprobe.wire.dial import SocketDialer
from mxprobe.wire.exchange import ask_over_sockets
from mxprobe.wire.resolver import Patience, Resolver
from mxprobe.wire.session import Means
from mxprobe.wire.tls import TlsContext

_LINES = 2  # told between two looks at other tasks


async def perform(task: Task, manner: Manner) -> AsyncGenerator[tuple[Row, ...], None]:
    """Make a task; its rows come in batches, as they are done. To be closed."""
    async with aclosing(_rows(task, manner)) as rows, aclosing(in_batches(rows)) as batches:
        async for batch in batches:
            yield batch


async def _rows(task: Task, manner: Manner) -> AsyncGenerator[Row, None]:
    match task:
        case ResolveTask():
            async for named in name_all(task.entries, manner, _equipment(manner).resolver, time.time):
                yield _resolved(named, manner)
        case VisitTask():
            async for made in make_errands(task.errands, task.paces, manner, _equipment(manner).means):
                yield _made(made)
        case TellTask():
            async for line in _tell(task, manner):
                yield line


def _resolved(named: Named, manner: Manner) -> ResolvedRow:
    return ResolvedRow(
        number=named.entry.number,
        started_at=named.started_at,
        elapsed=named.elapsed,
        queries=named.queries,
        answers=_encode(named.answers),
        errands=errands_of(named, manner, _asks(named, manner)),
    )


def _asks(named: Named, manner: Manner) -> Asked | None:
    """What the hosts of an entry may be asked about: its recipients, where its domain allows it today."""
    entry = named.entry
    if not manner.depth.reaches(Depth.RCPT) or not entry.recipients:
        return None
    if not manner.owned:
        today = datetime.fromtimestamp(named.started_at, UTC).date()
        answer = index_answers(named.answers).get(consent_question(entry.domain))
        if not isinstance(read_consent(entry.domain, answer, today), Consent):
            return None
    return Asked(number=entry.number, sender=manner.vantage.mail_from, recipients=entry.recipients)


def _made(made: Visited | PutOff | Pace) -> Row:
    match made:
        case Visited():
            told = tuple(ToldRow(number=one.number, session=one.session, turns=_encode(one.turns)) for one in made.told)
            sessions = _encode(made.sessions)
            return VisitedRow(key=made.key, sessions=sessions, told=told, throttled=made.throttled, place=made.place)
        case PutOff():
            return PutOffRow(put_off=made)
        case Pace():
            return PaceRow(pace=made)


async def _tell(task: TellTask, manner: Manner) -> AsyncIterator[LineRow]:
    """The lines of entries; lets other tasks have their turn, since telling waits for nobody."""
    with Materials(Path(task.journal)) as materials:
        for count, material in enumerate(materials.of(task.numbers), start=1):
            yield line_of(material, manner, _equipment(manner).memory)
            if count % _LINES == 0:
                await asyncio.sleep(0)


_encode = msgspec.json.Encoder().encode


class _Equipment(Struct):
    """What tasks are made with."""

    resolver: Resolver
    means: Means
    memory: object


_kept: tuple[object, Manner, _Equipment] | None = None


def _equipment(manner: Manner) -> _Equipment:
    """What tasks of this manner are made with here, made at the first of them."""
    global _kept
    loop = asyncio.get_running_loop()
    if _kept is None or _kept[0] is not loop or _kept[1] != manner:
        _kept = (loop, manner, _make_equipment(manner))
    return _kept[2]


def _make_equipment(manner: Manner) -> _Equipment:
    tls = TlsContext(Path(manner.cafile) if manner.cafile else None) if manner.depth.reaches(Depth.TLS) else None
    patience = Patience(at_once=manner.lookups_at_once)
    return _Equipment(
        resolver=Resolver(ask_over_sockets, manner.vantage.nameservers, patience),
        means=Means(dialer=SocketDialer(), tls=tls, wall=time.time),
        memory={},
    )
