"""Which workers of a cluster there are, what each is good for, and who is free: one shard a worker process at a time.

A worker process has one event loop, and the limits of a `Manner` are for each process: a second shard beside the first
would double them. So a worker with many threads gets one shard, too; whoever has many cores starts a worker for each
(`dask worker --nworkers 8 --nthreads 1`). A vantage point is a resource of workers (`--resources eu=1`).
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from mxprobe.errors import CouldNotLook, InputError


class Roster:
    """The workers by address, each with the names of its resources. `places` are those that are wanted; none: any."""

    def __init__(self, scheduler: str, places: Sequence[str] = ()) -> None:
        self._scheduler = scheduler
        self._places = tuple(places)
        self._workers: dict[str, frozenset[str]] = {}
        self._busy: set[str] = set()
        self._failure: CouldNotLook | None = None
        self._changed = asyncio.Condition()

    @property
    def size(self) -> int:
        """Workers that can be given shards."""
        return sum(1 for resources in self._workers.values() if not self._places or resources & set(self._places))

    def has(self, worker: str) -> bool:
        """Whether a worker is there."""
        return worker in self._workers

    def missing(self) -> tuple[str, ...]:
        """The places wanted of which no worker is there; where any will do and none is there: the empty name."""
        return tuple(place for place in self._places or ("",) if not self._at(place))

    def require_places(self) -> None:
        """Raise InputError where a place that is wanted has no worker, naming those there are."""
        if missing := [place for place in self.missing() if place]:
            names = sorted(set().union(*self._workers.values()))
            there = ", ".join(f"{name} ({self._count(len(self._at(name)))})" for name in names) or "none"
            raise InputError(
                f"no worker at {self._scheduler} has the vantage point '{missing[0]}'",
                hint=f"Vantage points there: {there}. One more is started with:"
                f' dask worker {self._scheduler} --nthreads 1 --resources "{missing[0]}=1"',
            )

    async def update(self, workers: Mapping[str, frozenset[str]]) -> None:
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
            self._busy.add(worker)
        try:
            yield worker
        finally:
            self._busy.discard(worker)
            async with self._changed:
                self._changed.notify_all()

    def _at(self, place: str) -> list[str]:
        return [worker for worker, resources in self._workers.items() if not place or place in resources]

    def _free(self, place: str) -> list[str]:
        return [worker for worker in self._at(place) if worker not in self._busy]

    @staticmethod
    def _count(workers: int) -> str:
        return "1 worker" if workers == 1 else f"{workers} workers"
