"""Puts what comes one by one into batches: as many as are there, and none waits long for the next."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Generic, TypeVar

T = TypeVar("T")

MOST = 50
"""So many are given at once: long lines, too, are still in the processor's cache, and fit into a worker's pipe."""

LONGEST = 0.2
"""So many seconds the first of a batch waits for company."""


async def in_batches(source: AsyncIterator[T]) -> AsyncGenerator[tuple[T, ...], None]:
    """All of the source, in batches. It goes on while a batch is looked at, up to another batch. To be closed."""
    box = _Box[T]()
    closed = False
    async with asyncio.TaskGroup() as tasks:
        filling = tasks.create_task(box.fill(source))
        try:
            while batch := await box.take():
                yield batch
        except GeneratorExit:
            # A task group would wrap it, and whoever closes us would not know it again.
            closed = True
            filling.cancel()
    if box.failure is not None and not closed:
        raise box.failure


class _Box(Generic[T]):
    """Between who fills and who takes."""

    def __init__(self) -> None:
        self.failure: Exception | None = None
        self._items: list[T] = []
        self._ended = False
        self._came = asyncio.Event()
        self._full = asyncio.Event()
        self._taken = asyncio.Event()

    async def fill(self, source: AsyncIterator[T]) -> None:
        """Take over all of the source. What it raises is kept for whoever takes."""
        try:
            async for item in source:
                while len(self._items) >= MOST:
                    self._taken.clear()
                    await self._taken.wait()
                self._items.append(item)
                self._came.set()
                if len(self._items) >= MOST:
                    self._full.set()
        except Exception as error:  # rim: raised where the batches are taken, and not inside a group
            self.failure = error
        finally:
            self._ended = True
            self._came.set()
            self._full.set()

    async def take(self) -> tuple[T, ...]:
        """The next batch; nothing at the end."""
        await self._came.wait()
        if not self._full.is_set():
            try:
                async with asyncio.timeout(LONGEST):
                    await self._full.wait()
            except TimeoutError:
                pass
        batch, self._items = tuple(self._items), []
        if not self._ended:
            self._came.clear()
            self._full.clear()
        self._taken.set()
        return batch
