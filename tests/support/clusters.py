"""A cluster in memory: its scheduler, workers that make shards with our own code, and what they make of them."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

import msgspec

from mxprobe import __version__
from mxprobe.errors import CouldNotLook, InputError
from mxprobe.facts.session import Endpoint
from mxprobe.facts.snapshot import Vantage
from mxprobe.facts.survey import Depth, Entry, Errand, Manner
from mxprobe.jobs.survey import shard
from mxprobe.jobs.survey.roster import Skills
from mxprobe.jobs.survey.tasks import LineRow, ResolvedRow, ResolveTask, Row, Task, TellTask, VisitedRow, VisitTask

PERFORM = "tests.support.clusters:perform"
PATIENT = 1.0
"""Seconds that a visit takes in `perform`."""

MANNER = Manner(depth=Depth.CONNECT, vantage=Vantage(helo="probe.example.test"))


def entries(*domains: str) -> tuple[Entry, ...]:
    """Entries of a list."""
    return tuple(Entry(number=number, domain=domain, asked=domain) for number, domain in enumerate(domains))


def errands(*hosts: str) -> tuple[Errand, ...]:
    """Visits to hosts, each with an operator of its own."""
    return tuple(
        Errand(key=f"{host}/192.0.2.1", endpoint=Endpoint(host=host, address="192.0.2.1"), operator=host)
        for host in hosts
    )


async def perform(task: Task, manner: Manner) -> AsyncIterator[tuple[Row, ...]]:
    """Make a task of which nothing is true: each visit takes a second, and says from which address it was made."""
    if isinstance(task, ResolveTask):
        for entry in task.entries:
            if entry.domain == "broken.test":
                raise InputError("the file of the CA cannot be read")
            if entry.domain == "nowhere.test":
                raise CouldNotLook("no name server answers")
            if entry.domain == "bug.test":
                raise RuntimeError("a bug of ours")
            yield (ResolvedRow(number=entry.number, started_at=0.0, elapsed=0.0, queries=1, answers=b"[]"),)
    elif isinstance(task, VisitTask):
        for errand in task.errands:
            await asyncio.sleep(PATIENT)
            said = msgspec.json.encode(manner.vantage.source)
            yield (VisitedRow(key=errand.key, sessions=said, place=task.place),)
    else:
        yield tuple(LineRow(number=number, domain="x.test", document=b"{}", tally=b"{}") for number in task.numbers)


class Here:
    """The workforce of one process."""

    size = 1

    def __init__(self) -> None:
        self.told: list[TellTask] = []

    async def perform(self, task: Task, manner: Manner) -> AsyncIterator[tuple[Row, ...]]:
        """Make a task here."""
        if isinstance(task, TellTask):
            self.told.append(task)
        async for rows in perform(task, manner):
            yield rows


class _MemoryLine:
    """Both ends of a line: the shard's, and, in `rows` and `words`, the survey's."""

    def __init__(self) -> None:
        self.rows: list[bytes] = []
        self.words: list[bytes] = [shard.GO]

    async def hear(self) -> list[bytes]:
        heard, self.words = self.words, []
        return heard

    async def send(self, parcel: bytes) -> None:
        self.rows.append(parcel)

    async def waiting(self) -> int:
        return len(self.rows)


class _MemoryOrder:
    """An order that a worker of the memory makes."""

    def __init__(self, line: _MemoryLine, making: asyncio.Task[Exception | None]) -> None:
        self.line = line
        self.making = making
        self.ended = False

    async def take(self) -> list[bytes]:
        taken, self.line.rows = self.line.rows, []
        return taken

    async def say(self, word: bytes) -> None:
        self.line.words.append(word)

    async def require_progress(self) -> None:
        if self.making.done() and not self.making.cancelled() and (error := self.making.result()):
            raise error

    async def end(self, *, is_there: bool) -> None:
        self.ended = True
        self.line.words.append(shard.STOP)


def skilled(*places: str, at_once: int = 1) -> Skills:
    """What a worker at these places has."""
    return Skills(threads=at_once, resources=dict.fromkeys(places, float(at_once)))


class MemoryScheduler:
    """A scheduler: workers by name, each with its resources; `version` is what a worker has of mxprobe."""

    def __init__(self, workers: Mapping[str, Sequence[str]]) -> None:
        self.there = {worker: skilled(*resources) for worker, resources in workers.items()}
        self.version: dict[str, str | Exception] = {}
        self.handed_out: dict[str, list[_MemoryOrder]] = {}
        self.orders: list[tuple[str, shard.Order]] = []
        self.is_lost = False
        self._tasks: asyncio.TaskGroup | None = None

    @asynccontextmanager
    async def reach(self, address: str, connect: float, answer: float) -> AsyncIterator["MemoryScheduler"]:
        """In the place of `scheduler.connected`."""
        try:
            async with asyncio.TaskGroup() as self._tasks:
                yield self
        except BaseExceptionGroup as group:
            raise group.exceptions[0] from None

    async def workers(self) -> dict[str, Skills]:
        if self.is_lost:
            raise CouldNotLook("the scheduler is lost")
        return dict(self.there)

    async def versions(self, workers: Sequence[str]) -> Mapping[str, str | Exception]:
        return {worker: self.version.get(worker, __version__) for worker in workers}

    async def hand_out(self, order: shard.Order, worker: str, place: str) -> _MemoryOrder:
        assert self._tasks is not None
        assert not place or self.there[worker].room_for(place)
        read = shard.decode_order(shard.encode_order(order))
        self.orders.append((worker, read))
        line = _MemoryLine()
        made = _MemoryOrder(line, self._tasks.create_task(_made(read, line)))
        self.handed_out.setdefault(worker, []).append(made)
        return made

    def lose(self, worker: str) -> None:
        """A worker ends in the middle of all it does."""
        del self.there[worker]
        for made in self.handed_out.get(worker, []):
            made.making.cancel()


async def _made(order: shard.Order, line: _MemoryLine) -> Exception | None:
    try:
        await shard.make_in_line(order, line)
    except Exception as error:
        return error
    return None
