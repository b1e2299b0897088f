"""Makes a task of a survey in this process: the same code in the survey's own process, in workers, and in a cluster.

What tasks have in common (the dialer, the TLS context with its store, sessions that were read) is made once for a
manner, and kept as long as the process and its event loop.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from pathlib import Path

import msgspec
from msgspec import Struct

from mxprobe.facts.survey import Depth, Manner, Pace, PutOff, Visited
from mxprobe.jobs.survey.batches import in_batches
from mxprobe.jobs.survey.chains import Chains
from mxprobe.jobs.survey.materials import Materials
from mxprobe.jobs.survey.remembered import Memory
from mxprobe.jobs.survey.tasks import (
    LineRow,
    PaceRow,
    PutOffRow,
    ResolveTask,
    Row,
    Task,
    TellTask,
    VisitedRow,
    VisitTask,
)
from mxprobe.jobs.survey.telling import line_of
from mxprobe.jobs.survey.told import encode_told
from mxprobe.probe.errands import make_errands
from mxprobe.probe.naming import name_all
from mxprobe.wire.descriptors import allow_many_connections
from mxprobe.wire.dial import SocketDialer
from mxprobe.wire.session import Means
from mxprobe.wire.stub import Stub
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
            chains = Chains(manner)
            async with Stub(manner.vantage.nameservers) as stub:
                async for named in name_all(task.entries, manner, stub, time.time):
                    yield chains.row(named)
        case VisitTask():
            means = _equipment(manner).means
            async with aclosing(make_errands(task.errands, task.paces, manner, means)) as visits:
                async for made in visits:
                    yield _made(made)
        case TellTask():
            async for line in _tell(task, manner):
                yield line


def _made(made: Visited | PutOff | Pace) -> Row:
    match made:
        case Visited():
            return VisitedRow(
                key=made.key,
                sessions=_encode(made.sessions),
                told=encode_told(made.told) if made.told else b"",
                heard=any(one.turns for one in made.told),
                throttled=made.throttled,
                place=made.place,
            )
        case PutOff():
            return PutOffRow(put_off=made)
        case Pace():
            return PaceRow(pace=made)


async def _tell(task: TellTask, manner: Manner) -> AsyncIterator[LineRow]:
    """The lines of entries; lets other tasks have their turn, since telling waits for nobody."""
    memory = _equipment(manner).memory
    with Materials(Path(task.journal)) as materials:
        for count, material in enumerate(materials.of(task.numbers), start=1):
            yield line_of(material, manner, memory, findings=manner.judged)
            if count % _LINES == 0:
                await asyncio.sleep(0)


_encode = msgspec.json.Encoder().encode


class _Equipment(Struct):
    """What tasks are made with."""

    means: Means
    memory: Memory


_kept: tuple[object, Manner, _Equipment] | None = None


def _equipment(manner: Manner) -> _Equipment:
    """What tasks of this manner are made with here, made at the first of them."""
    global _kept
    loop = asyncio.get_running_loop()
    if _kept is None or _kept[0] is not loop or _kept[1] != manner:
        _kept = (loop, manner, _make_equipment(manner))
    return _kept[2]


def _make_equipment(manner: Manner) -> _Equipment:
    allow_many_connections()
    tls = TlsContext(Path(manner.cafile) if manner.cafile else None) if manner.depth.reaches(Depth.TLS) else None
    return _Equipment(
        means=Means(dialer=SocketDialer(), tls=tls, wall=time.time),
        memory=Memory(),
    )
