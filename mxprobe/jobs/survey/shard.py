"""The worker's side of a cluster: one task is made, and its rows go back as they come.

A shard runs in the worker's own event loop, beside the worker's heartbeats. Dask knows only a function and octets: the
order comes as MessagePack, and rows go back as MessagePack through a queue at the scheduler, so that what was done
before a worker ended is not lost with it. A shard is made once: it takes the word "go" out of a second queue, and one
that Dask starts again finds none and says so. It ends early when it is told to, and when its survey falls silent, so
that nobody is visited for a survey that is no more.
"""

import asyncio
import logging
import pkgutil
from collections.abc import AsyncIterator, Callable
from typing import Any, Literal, Protocol

import msgspec
from msgspec import Struct

from mxprobe.errors import CouldNotLook, MxprobeError
from mxprobe.facts.survey import Manner
from mxprobe.jobs.survey.tasks import ResolveTask, Row, VisitTask

_log = logging.getLogger("mxprobe.jobs")

GO, AWAKE, STOP = b"go", b"awake", b"stop"
"""What a survey says to a shard: begin (once), it is still there, end."""

PERFORM = "mxprobe.jobs.survey.perform:perform"
"""What makes a task in this process, as `pkgutil` names it."""


class Order(Struct, frozen=True, kw_only=True):
    """A task as it travels. `name` is that of its queues; `silence` seconds without a word end the shard."""

    name: str
    task: ResolveTask | VisitTask
    manner: Manner
    performs: str = PERFORM
    silence: float = 60.0


class Rows(Struct, frozen=True, kw_only=True, tag="rows"):
    """Some rows of a shard."""

    rows: tuple[Row, ...]


class Ended(Struct, frozen=True, kw_only=True, tag="ended"):
    """The shard is made, and these were all its rows."""


class Again(Struct, frozen=True, kw_only=True, tag="again"):
    """Dask started the shard anew: whoever made it before was lost."""


class Trouble(Struct, frozen=True, kw_only=True, tag="trouble"):
    """The shard could not be made: what was said. `kind`: the input or the worker's own world; "" is a bug of ours."""

    text: str
    kind: Literal["", "input", "could not look"] = ""


Parcel = Rows | Ended | Again | Trouble

encode_order = msgspec.msgpack.Encoder().encode
decode_order = msgspec.msgpack.Decoder(Order).decode
encode_parcel = msgspec.msgpack.Encoder().encode
decode_parcel: Callable[[bytes], Parcel] = msgspec.msgpack.Decoder(Parcel).decode


class Line(Protocol):
    """How a shard and its survey speak."""

    async def hear(self) -> list[bytes]:
        """The words that have come since the last time; does not wait."""
        ...

    async def send(self, parcel: bytes) -> None:
        """Send a parcel off."""
        ...

    async def waiting(self) -> int:
        """How many parcels nobody has taken yet."""
        ...


async def make_shard(order: bytes) -> None:
    """What Dask runs on a worker: make the task of an `Order`, in a line of two queues at the scheduler."""
    from distributed import Queue, get_client  # an extra, and slow to load

    read = decode_order(order)
    client = await get_client()
    opened: Any = Queue
    rows = await opened(f"{read.name}-rows", client=client)
    words = await opened(f"{read.name}-words", client=client)
    if not await make_in_line(read, _Queues(rows, words)):
        forget(rows, words)  # else by whoever sent the order, and still has to read


def forget(*queues: Any) -> None:
    """Have the scheduler forget queues. It counts who opened one: each of the two sides twice, as it is awaited."""
    for queue in queues:
        for _ in range(4):  # to close it more often does no harm
            queue.close()


class _Queues:
    """Two queues at the scheduler. Nothing here waits there: a wait that runs out is a traceback in its log."""

    def __init__(self, rows: Any, words: Any) -> None:
        self._rows, self._words = rows, words

    async def hear(self) -> list[bytes]:
        return list(await self._words.get(batch=True))

    async def send(self, parcel: bytes) -> None:
        await self._rows.put(parcel)

    async def waiting(self) -> int:
        return int(await self._rows.qsize())


async def make_in_line(order: Order, line: Line) -> bool:
    """Make the task, sending what comes of it; ends early at `STOP`, and where no word comes for `order.silence`.

    False: nobody is at the other end any more.
    """
    if GO not in await line.hear():
        await line.send(encode_parcel(Again()))
        return True
    outbox = _Outbox()
    async with asyncio.TaskGroup() as tasks:
        making = tasks.create_task(_make(order, outbox))
        carrying = tasks.create_task(_carry(outbox, line))
        watching = tasks.create_task(_watch(line, order.silence, (making, carrying)))
        carrying.add_done_callback(lambda _: watching.cancel())
    return watching.cancelled() or watching.result()


class _Outbox:
    """Rows that wait to be sent: while one parcel is on its way the next one grows, up to `MOST` rows."""

    MOST = 2000

    def __init__(self) -> None:
        self._rows: list[Row] = []
        self._last: Parcel | None = None
        self._changed = asyncio.Condition()

    async def put(self, rows: tuple[Row, ...]) -> None:
        async with self._changed:
            await self._changed.wait_for(lambda: len(self._rows) < self.MOST)
            self._rows.extend(rows)
            self._changed.notify_all()

    async def end(self, last: Parcel) -> None:
        async with self._changed:
            self._last = last
            self._changed.notify_all()

    async def parcels(self) -> AsyncIterator[Parcel]:
        """Everything that waits, whenever something does; then the last parcel."""
        while True:
            async with self._changed:
                await self._changed.wait_for(lambda: bool(self._rows) or self._last is not None)
                rows, self._rows = tuple(self._rows), []
                self._changed.notify_all()
            if rows:
                yield Rows(rows=rows)
            elif self._last is not None:
                yield self._last
                return


async def _make(order: Order, outbox: _Outbox) -> None:
    perform = pkgutil.resolve_name(order.performs)
    try:
        async for rows in perform(order.task, order.manner):
            await outbox.put(rows)
    except MxprobeError as error:
        await outbox.end(
            Trouble(text=str(error), kind="could not look" if isinstance(error, CouldNotLook) else "input")
        )
    except Exception as error:  # rim: a task that cannot be made is told, and the others go on
        _log.warning("a task could not be made", exc_info=True)
        await outbox.end(Trouble(text=f"{type(error).__name__}: {error}"))
    else:
        await outbox.end(Ended())


_MOST_WAITING = 4  # parcels; a survey that cannot keep up slows its shards down
_GLANCE = 0.05  # seconds between two looks at the queue
_LISTENING = 0.5  # seconds between two looks for a word


async def _carry(outbox: _Outbox, line: Line) -> None:
    async for parcel in outbox.parcels():
        await _wait_for_room(line)
        await line.send(encode_parcel(parcel))


async def _wait_for_room(line: Line) -> None:
    while True:
        if await line.waiting() < _MOST_WAITING:
            return
        await asyncio.sleep(_GLANCE)


async def _watch(line: Line, silence: float, working: tuple[asyncio.Task[None], ...]) -> bool:
    """Cancel the work when the survey says so, or says nothing any more: then False."""
    loop = asyncio.get_running_loop()
    heard_at = loop.time()
    while True:
        await asyncio.sleep(_LISTENING)
        words = await line.hear()
        if words:
            heard_at = loop.time()
        is_silent = loop.time() - heard_at > silence
        if is_silent or STOP in words:
            if is_silent:
                _log.warning("a survey has been silent for %.0f s: its shard ends here", silence)
            for task in working:
                task.cancel()
            return not is_silent
