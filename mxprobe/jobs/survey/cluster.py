"""The workers of a Dask cluster as a workforce, and vantage points as what some of them have and others do not.

Each task goes to one free worker as one Dask task: no task of Dask is smaller than a shard of endpoints, since each
costs 2 ms. Dask tries nothing again by itself: a lost worker is told as `WorkerLost`, so that whoever hands tasks out
gives the rest of them to another, at the paces learnt. Lines are told here, beside the journal. Names are resolved at
the first place alone.

What Dask keeps at its defaults or in its own configuration is left there: addresses, TLS between machines, uvloop in
the workers (`distributed.admin.event-loop`).
"""

import asyncio
import logging
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, aclosing
from typing import Protocol, Self

from msgspec import Struct
from msgspec.structs import replace

from mxprobe import __version__
from mxprobe.errors import CouldNotLook, InputError
from mxprobe.facts.survey import Manner
from mxprobe.facts.vantages import VantagePoint
from mxprobe.jobs.survey import shard
from mxprobe.jobs.survey.roster import Roster, Skills
from mxprobe.jobs.survey.scheduler import GOES_ON, connected
from mxprobe.jobs.survey.tasks import Row, Task, TellTask, VisitTask, WorkerLost, Workforce

_log = logging.getLogger("mxprobe.jobs")

LEAST_ENDPOINTS = 500
"""A visit shard has at least so many endpoints where there are so many."""

_GLANCES = (0.01, 0.2)  # seconds between two looks for rows: the first, and the longest


class HandingOut(Protocol):
    """An order on its way to a worker, as `scheduler.HandedOut` is one."""

    async def take(self) -> list[bytes]:
        """The parcels that have come; does not wait."""
        ...

    async def say(self, word: bytes) -> None:
        """Let the shard hear a word."""
        ...

    async def require_progress(self) -> None:
        """Raise why the shard will not end."""
        ...

    async def end(self, *, is_there: bool) -> None:
        """Forget the shard; one that has not ended may stop first, while its worker `is_there`."""
        ...


class Scheduling(Protocol):
    """What is asked of a scheduler, as `scheduler.Scheduler` asks it."""

    async def workers(self) -> Mapping[str, Skills]:
        """The addresses of its workers, each with what it has."""
        ...

    async def versions(self, workers: Sequence[str]) -> Mapping[str, str | Exception]:
        """The version of mxprobe that each has, or why there is none; OSError: it was not reached."""
        ...

    async def hand_out(self, order: shard.Order, worker: str, place: str) -> HandingOut:
        """Have that worker make an order."""
        ...


Reaching = Callable[[str, float, float], AbstractAsyncContextManager[Scheduling]]
"""`scheduler.connected`, or what stands for it."""


class Terms(Struct, frozen=True, kw_only=True):
    """How a cluster is dealt with, in seconds: until the scheduler is reached and has a worker, until it answers,
    between two looks at its workers, without a worker that could go on, and in which a worker that hears nothing of us
    goes on. `performs` names what makes tasks on the workers."""

    connect: float = 10.0
    answer: float = 30.0
    look: float = 1.0
    workerless: float = 60.0
    silence: float = 60.0
    performs: str = shard.PERFORM


class Cluster:
    """`async with Cluster(address, local, places) as workforce`; `local` makes the tasks that read the journal.

    `size` is the number of workers that can be given shards. Raises InputError and CouldNotLook.
    """

    def __init__(
        self,
        address: str,
        local: Workforce,
        places: Sequence[VantagePoint] = (),
        terms: Terms | None = None,
        reach: Reaching = connected,
    ) -> None:
        self._address = address
        self._local = local
        self._places = {place.name: place for place in places}
        self._terms = terms or Terms()
        self._reach = reach
        self._roster = Roster(address, tuple(self._places))
        self._is_sound: dict[str, bool] = {}
        self._handed_out: set[HandingOut] = set()
        self._open = AsyncExitStack()
        self.size = 1

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as opening:
            reached = self._reach(self._address, self._terms.connect, self._terms.answer)
            scheduler = await opening.enter_async_context(reached)
            self._scheduler = scheduler
            await self._find_workers()
            tasks = await opening.enter_async_context(asyncio.TaskGroup())
            opening.callback(tasks.create_task(self._tend()).cancel)
            self._open = opening.pop_all()
        return self

    async def __aexit__(self, *raised: object) -> None:
        await self._open.aclose()  # what was raised in the body is none of the task group's

    async def perform(self, task: Task, manner: Manner) -> AsyncIterator[tuple[Row, ...]]:
        """Make a task at its place; its rows come in batches. Raises WorkerLost, CouldNotLook and InputError."""
        if isinstance(task, TellTask):
            async for rows in self._local.perform(task, manner):
                yield rows
            return
        place = task.place if isinstance(task, VisitTask) else next(iter(self._places), "")
        order = shard.Order(
            name=f"mxprobe-{uuid.uuid4().hex}",
            task=task,
            manner=self._manner_at(place, manner),
            performs=self._terms.performs,
            silence=self._terms.silence,
        )
        async with self._roster.worker(place) as worker, aclosing(self._make(order, worker, place)) as made:
            async for rows in made:
                yield rows

    def _manner_at(self, place: str, manner: Manner) -> Manner:
        source = self._places[place].source if place in self._places else None
        return manner if source is None else replace(manner, vantage=replace(manner.vantage, source=source))

    # -- one shard -----------------------------------------------------------------------------------------------------

    async def _make(self, order: shard.Order, worker: str, place: str) -> AsyncGenerator[tuple[Row, ...]]:
        handed_out = await self._scheduler.hand_out(order, worker, place)
        self._handed_out.add(handed_out)
        try:
            async with aclosing(self._parcels(handed_out, worker)) as parcels:
                async for parcel in parcels:
                    if isinstance(parcel, shard.Rows):
                        yield parcel.rows
                    else:
                        _raise(parcel, worker)
        finally:
            self._handed_out.discard(handed_out)
            await handed_out.end(is_there=self._roster.has(worker))

    async def _parcels(self, handed_out: HandingOut, worker: str) -> AsyncGenerator[shard.Parcel]:
        """What comes from a shard up to its end. Raises WorkerLost where the end does not come."""
        pause, longest = _GLANCES
        while True:
            is_there = self._roster.has(worker)  # looked at before the parcels: what was sent off comes, even so
            parcels = [shard.decode_parcel(parcel) for parcel in await handed_out.take()]
            for parcel in parcels:
                yield parcel
                if isinstance(parcel, shard.Ended):
                    return
            if parcels:
                pause = _GLANCES[0]
                continue
            self._roster.raise_failure()
            if not is_there:
                raise WorkerLost(f"the worker {worker} has left the cluster")
            await handed_out.require_progress()
            await asyncio.sleep(pause)
            pause = min(2 * pause, longest)

    # -- the workers ---------------------------------------------------------------------------------------------------

    async def _find_workers(self) -> None:
        """Wait for the first worker. Raises InputError where one cannot make our tasks, or a place has none."""
        end = asyncio.get_running_loop().time() + self._terms.connect
        while True:
            wrong = await self._look()
            if wrong:
                hint = f"Every worker needs the same one: pip install 'mxprobe[dask]=={__version__}'"
                raise InputError(f"the worker {min(wrong)} {wrong[min(wrong)]}", hint=hint)
            if self._is_sound:
                self._roster.require_places()
                return
            if asyncio.get_running_loop().time() > end:
                raise CouldNotLook(f"the Dask scheduler at {self._address} has no worker")
            await asyncio.sleep(self._terms.look / 10)

    async def _look(self) -> dict[str, str]:
        """Take over who is there; the new workers that cannot make our tasks, and why."""
        found = await self._scheduler.workers()
        wrong = await self._try_out([worker for worker in found if worker not in self._is_sound])
        self._is_sound = {worker: is_sound for worker, is_sound in self._is_sound.items() if worker in found}
        await self._roster.update({worker: found[worker] for worker, is_sound in self._is_sound.items() if is_sound})
        self.size = max(1, self._roster.size)
        return wrong

    async def _try_out(self, workers: list[str]) -> dict[str, str]:
        """Whether these workers have our version of mxprobe; those that have not, and what they have."""
        wrong: dict[str, str] = {}
        for worker, version in (await self._scheduler.versions(workers) if workers else {}).items():
            if isinstance(version, OSError):
                continue  # gone meanwhile, or not yet there: it is tried again
            self._is_sound[worker] = version == __version__
            if isinstance(version, Exception):
                wrong[worker] = "cannot import mxprobe"
            elif version != __version__:
                wrong[worker] = f"has mxprobe {version}, and this is {__version__}"
        return wrong

    async def _tend(self) -> None:
        """Know who is there, and let the workers know that we are."""
        loop = asyncio.get_running_loop()
        complete_at = spoke_at = loop.time()
        try:
            while True:
                await asyncio.sleep(self._terms.look)
                for worker, why in (await self._look()).items():
                    _log.warning("the worker %s is left out: it %s", worker, why)
                missing, now = self._roster.missing(), loop.time()
                complete_at = complete_at if missing else now
                if now - complete_at > self._terms.workerless:
                    raise CouldNotLook(f"no worker {_where(missing[0])} is left at {self._address}. {GOES_ON}")
                if now - spoke_at > self._terms.silence / 6:
                    spoke_at = now
                    for handed_out in tuple(self._handed_out):
                        await handed_out.say(shard.AWAKE)
        except CouldNotLook as failure:
            await self._roster.give_up(failure)


def _where(place: str) -> str:
    return f"with the vantage point '{place}'" if place else "of any kind"


def _raise(parcel: shard.Ended | shard.Again | shard.Trouble, worker: str) -> None:
    if isinstance(parcel, shard.Again):
        raise WorkerLost(f"the worker {worker} was started anew")
    if isinstance(parcel, shard.Trouble):
        kind = {"": WorkerLost, "input": InputError, "could not look": CouldNotLook}[parcel.kind]
        raise kind(f"the worker {worker}: {parcel.text}")
