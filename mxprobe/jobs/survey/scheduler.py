"""What is asked of a Dask scheduler: who its workers are, and to have one of them make an order.

Nothing waits at the scheduler: a wait there that runs out is a traceback in its log, so that queues are looked at again
and again. Dask's own objects have few types, and are `Any` here.
"""

import asyncio
import itertools
import logging
import pkgutil
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar

from mxprobe.errors import CouldNotLook, InputError
from mxprobe.jobs.survey import shard
from mxprobe.jobs.survey.roster import Skills
from mxprobe.jobs.survey.tasks import WorkerLost

_Thing = TypeVar("_Thing")

GOES_ON = "The journal is good: the same command with --resume goes on where this one stopped."

_LOGGERS = ("distributed", "distributed.client", "distributed.core", "distributed.utils")

_STOPPING = 3.0  # seconds that a shard gets to stop, and a scheduler to be told that we go


@asynccontextmanager
async def connected(address: str, connect: float, answer: float) -> AsyncIterator["Scheduler"]:
    """The scheduler at an address; it has `connect` seconds to be reached and `answer` seconds for each answer.

    Raises InputError and CouldNotLook.
    """
    try:
        from distributed import Client
    except ImportError:
        raise InputError("--scheduler needs Dask", hint="It comes with: pip install 'mxprobe[dask]'") from None
    client: Any = None
    begin: Any = Client
    levels = {name: logging.getLogger(name).level for name in _LOGGERS}
    try:
        for name in _LOGGERS:
            logging.getLogger(name).setLevel(logging.CRITICAL)  # what they would say at length, we say in one line
        try:
            client = begin(address, asynchronous=True, set_as_default=False, timeout=connect)
            await client
        except ValueError:
            hint = "For example: --scheduler tcp://scheduler.example.net:8786"
            raise InputError(f"'{address}' is no address of a Dask scheduler", hint=hint) from None
        except OSError as error:
            raise CouldNotLook(f"no Dask scheduler answers at {address}") from error
        yield Scheduler(address, client, answer)
    finally:
        if client is not None:
            with suppress(OSError):
                await client.close(timeout=_STOPPING)
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)


class Scheduler:
    """A scheduler that was reached. Raises CouldNotLook wherever it does not answer."""

    def __init__(self, address: str, client: Any, answer: float) -> None:
        self.address = address
        self._client = client
        self._answer = answer

    async def workers(self) -> dict[str, Skills]:
        """The addresses of its workers, each with what it has."""
        identity = await self.asked(self._client.scheduler.identity(n_workers=-1))
        return {
            address: Skills(threads=worker["nthreads"], resources=worker.get("resources") or {})
            for address, worker in identity["workers"].items()
        }

    async def versions(self, workers: Sequence[str]) -> dict[str, str | Exception]:
        """The version of mxprobe that each of these workers has, or why there is none; OSError: it was not reached."""
        trying = self._client.run(pkgutil.resolve_name, "mxprobe:__version__", workers=list(workers), on_error="return")
        return dict(await self.asked(trying))

    async def hand_out(self, order: shard.Order, worker: str, place: str) -> "HandedOut":
        """Have that worker make an order, and nobody else; it takes one of the resource `place` ("": none)."""
        from distributed import Queue

        opened: Any = Queue
        rows = await self.asked(opened(f"{order.name}-rows", client=self._client))
        words = await self.asked(opened(f"{order.name}-words", client=self._client))
        await self.asked(words.put(shard.GO))
        future = self._client.submit(
            shard.make_shard,
            shard.encode_order(order),
            key=order.name,
            workers=[worker],
            allow_other_workers=False,
            resources={place: 1} if place else None,
            retries=0,
            pure=False,
        )
        return HandedOut(self, future, rows, words)

    async def asked(self, asking: Awaitable[_Thing]) -> _Thing:
        """What the scheduler answers. Raises CouldNotLook where it does not."""
        try:
            async with asyncio.timeout(self._answer if self._client.status == "running" else 0.0):
                return await asking
        except (OSError, KeyError) as error:  # a scheduler that was started anew knows no queue of ours
            raise self.lost() from error

    def lost(self) -> CouldNotLook:
        """That it is gone. Dask connects again, but has dropped our tasks by then."""
        return CouldNotLook(f"the Dask scheduler at {self.address} is lost. {GOES_ON}")


class HandedOut:
    """An order on its way: the task of Dask, and the two queues between it and us."""

    def __init__(self, scheduler: Scheduler, future: Any, rows: Any, words: Any) -> None:
        self._scheduler = scheduler
        self._future = future
        self._rows, self._words = rows, words

    async def take(self) -> list[bytes]:
        """The parcels that have come; does not wait."""
        return list(await self._scheduler.asked(self._rows.get(batch=True)))

    async def say(self, word: bytes) -> None:
        """Let the shard hear a word."""
        await self._scheduler.asked(self._words.put(word))

    async def require_progress(self) -> None:
        """Raise what Dask says of a task that will not end: WorkerLost, CouldNotLook."""
        if self._future.status == "error":
            error = await self._scheduler.asked(self._future.exception())
            raise WorkerLost(f"{type(error).__name__}: {error}")
        if self._future.status in ("cancelled", "lost"):
            raise self._scheduler.lost()

    async def end(self, *, is_there: bool) -> None:
        """Have the scheduler forget the shard; one that has not ended may stop first, while its worker `is_there`."""
        with suppress(OSError, KeyError):
            async with asyncio.timeout(_STOPPING if is_there else 0.0):
                await self._stop()
        self._future.release()
        shard.forget(self._rows, self._words)

    async def _stop(self) -> None:
        for told in itertools.count():
            if self._future.done():
                return
            if not told:
                await self._words.put(shard.STOP)
            await asyncio.sleep(_GLANCE)


_GLANCE = 0.02  # seconds between two looks whether a shard has stopped
