"""Which workers of a cluster there are, what each is good for, and who has least to do.

A worker process has one event loop, so that whoever has many cores starts a worker for each. It gets up to `MOST`
shards at one time, so that the slow end of one leaves it something to do, and no more than it has threads, since Dask
makes no more; a vantage point is a resource of workers, and limits the shards there as well:
`dask worker ADDRESS --nworkers 8 --nthreads 3 --resources "eu=3"`.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from msgspec import Struct

from mxprobe.errors import CouldNotLook, InputError

MOST = 3
"""Shards that a worker has at one time."""


class Skills(Struct, frozen=True, kw_only=True):
    """What a worker has: threads, and so much of each resource."""

    threads: int = MOST
    resources: Mapping[str, float] = {}

    def room_for(self, place: str) -> int:
        """Shards that it makes at one time at a place ("": anywhere)."""
        return min(MOST, self.threads, int(self.resources.get(place, 0)) if place else MOST)


class Roster:
    """The workers by address. `places` are those that are wanted; none: any."""

    def __init__(self, scheduler: str, places: Sequence[str] = ()) -> None:
        self._scheduler = scheduler
        self._places = tuple(places)
        self._workers: dict[str, Skills] = {}
        self._shards = Counter[tuple[str, str]]()
        self._failure: CouldNotLook | None = None
        self._changed = asyncio.Condition()

    @property
    def size(self) -> int:
        """Workers that can be given shards."""
        return len({worker for place in self._places or ("",) for worker in self._at(place)})

    def has(self, worker: str) -> bool:
        """Whether a worker is there."""
        return worker in self._workers

    def missing(self) -> tuple[str, ...]:
        """The places wanted of which no worker is there; where any will do and none is there: the empty name."""
        return tuple(place for place in self._places or ("",) if not self._at(place))

    def require_places(self) -> None:
        """Raise InputError where a place that is wanted has no worker, naming those there are."""
        if missing := [place for place in self.missing() if place]:
            names = sorted({name for skills in self._workers.values() for name in skills.resources})
            there = ", ".join(f"{name} ({self._count(len(self._at(name)))})" for name in names) or "none"
            raise InputError(
                f"no worker at {self._scheduler} has the vantage point '{missing[0]}'",
                hint=f"Vantage points there: {there}. One more is started with:"
                f' dask worker {self._scheduler} --nthreads 1 --resources "{missing[0]}=1"',
            )

    async def update(self, workers: Mapping[str, Skills]) -> None:
        """Take over who is there now."""
        async with self._changed:
            self._workers = dict(workers)
            self._changed.notify_all()

    async def give_up(self, failure: CouldNotLook) -> None:
        """Let nobody wait for a worker any longer."""
        async with self._changed:
            self._failure = failure
            self._changed.notify_all()

    def raise_failure(self) -> None:
        """Raise what ended the search for workers, if anything did."""
        if self._failure is not None:
            raise CouldNotLook(str(self._failure))

    @asynccontextmanager
    async def worker(self, place: str) -> AsyncIterator[str]:
        """A free worker at a place ("": anywhere) for as long as the context lasts. Raises CouldNotLook."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._failure is not None or bool(self._free(place)))
            self.raise_failure()
            worker = self._free(place)[0]
            self._shards[worker, place] += 1
        try:
            yield worker
        finally:
            self._shards[worker, place] -= 1
            async with self._changed:
                self._changed.notify_all()

    def _at(self, place: str) -> list[str]:
        return [worker for worker, skills in self._workers.items() if skills.room_for(place)]

    def _free(self, place: str) -> list[str]:
        """Workers with room for one more shard at a place, whoever has the fewest first."""
        free = [
            worker
            for worker in self._at(place)
            if self._shards[worker, place] < self._workers[worker].room_for(place)
            and self._load(worker) < self._workers[worker].room_for("")
        ]
        return sorted(free, key=self._load)

    def _load(self, worker: str) -> int:
        return sum(self._shards[worker, place] for place in ("", *self._places))

    @staticmethod
    def _count(workers: int) -> str:
        return "1 worker" if workers == 1 else f"{workers} workers"
