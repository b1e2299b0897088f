"""Who makes the tasks of a survey on this machine: this process, or a process for each core.

A worker has several tasks at one time, so that the slow end of one leaves it something to do. What a worker prints or
warns of on its standard error is a warning here.
"""

import asyncio
import contextlib
import logging
import os
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from typing import Self

from mxprobe.errors import CouldNotLook, MxprobeError
from mxprobe.facts.survey import Manner
from mxprobe.jobs.survey.messages import Awake, Begin, Broken, Do, Done, Drop, Hello, Rows, Word, decode_word, encode
from mxprobe.jobs.survey.tasks import ResolveTask, Row, Task, VisitTask, WorkerLost
from mxprobe.wire.pipes import Pipe, PipeEnded, start_process

_log = logging.getLogger("mxprobe.jobs")

_WAITING = 4  # batches of a task that wait here, before its worker has to
_START = 30.0  # seconds until a worker says hello
_FAREWELL = 3.0  # seconds until a worker that was told to end is ended
_LINE = 2000
_GLANCE, _MOST_SILENT = 10.0, 6  # seconds between two looks whether a worker said anything, and how many may be in vain

Performer = Callable[[Task, Manner], AsyncGenerator[tuple[Row, ...], None]]


def _perform(task: Task, manner: Manner) -> AsyncGenerator[tuple[Row, ...], None]:
    from mxprobe.jobs.survey.perform import perform  # loads all that looks and judges

    return perform(task, manner)


class InProcess:
    """This process and its event loop: for short lists. `performer` makes the tasks."""

    size = 1

    def __init__(self, performer: Performer = _perform) -> None:
        self._performer = performer

    async def perform(self, task: Task, manner: Manner) -> AsyncIterator[tuple[Row, ...]]:
        """Make a task; its rows come in batches. Raises WorkerLost where it cannot be made, and MxprobeError."""
        async with aclosing(self._performer(task, manner)) as batches:
            try:
                async for rows in batches:
                    yield rows
            except (MxprobeError, WorkerLost):
                raise
            except Exception as error:  # rim: a task that cannot be made is told, and the others go on
                _log.warning("a task could not be made", exc_info=True)
                raise WorkerLost(f"{type(error).__name__}: {error}") from error


class Processes:
    """`async with Processes(2) as workforce`: so many worker processes, each started again when it is lost."""

    def __init__(self, count: int, command: tuple[str, ...] = ()) -> None:
        self.size = count
        self._command = command or (sys.executable, "-m", "mxprobe.jobs.survey.worker")
        self._workers: list[_Worker] = []
        self._tasks = asyncio.TaskGroup()
        self._starting = asyncio.Lock()
        self._works = False

    async def __aenter__(self) -> Self:
        """Start them all: they load what they need while the list is read. Raises CouldNotLook."""
        await self._tasks.__aenter__()
        try:
            for _ in range(self.size):
                self._employ(await _start(self._command))
        except BaseException:
            await self.__aexit__()
            raise
        return self

    def _employ(self, worker: "_Worker") -> None:
        self._workers.append(worker)
        self._tasks.create_task(worker.run())

    async def __aexit__(self, *_: object) -> None:
        try:
            for worker in self._workers:
                worker.pipe.close()
                self._tasks.create_task(worker.end())
        finally:
            await self._tasks.__aexit__(None, None, None)  # what was raised in the body is none of the group's

    async def perform(self, task: Task, manner: Manner) -> AsyncIterator[tuple[Row, ...]]:
        """Make a task on the worker that has least to do; its rows come in batches. Raises WorkerLost, MxprobeError."""
        worker = await self._choose(_size(task))
        async with aclosing(worker.perform(task, manner)) as batches:
            async for rows in batches:
                yield rows

    async def _choose(self, owed: int) -> "_Worker":
        """Whoever has least to do, and owes so much more from now on. Raises CouldNotLook where nobody starts."""
        async with self._starting:
            self._workers = [worker for worker in self._workers if not worker.is_lost]
            if len(self._workers) < self.size:
                self._employ(await _start(self._command))
                worker = self._workers[-1]
            else:
                worker = min(self._workers, key=lambda worker: worker.load)
            worker.load += owed
        try:
            await worker.greeted()
        except BaseException as error:
            worker.load -= owed
            if self._works and isinstance(error, CouldNotLook):  # another one can make what this one cannot
                raise WorkerLost(str(error)) from error
            raise
        self._works = True
        return worker


async def _start(command: tuple[str, ...]) -> "_Worker":
    """A worker process that finds the modules where this one does. Raises CouldNotLook."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path)}
    try:
        process, pipe = await start_process(command, environment)
    except OSError as error:
        raise CouldNotLook(f"cannot start a worker process: {error.strerror}") from error
    return _Worker(process, pipe)


class _Worker:
    """One worker process. `load` is how many entries, errands or lines it still owes."""

    def __init__(self, process: Process, pipe: Pipe) -> None:
        self.pipe = pipe
        self.load = 0
        self.is_lost = False
        self._process = process
        self._manner: Manner | None = None
        self._number = 0
        self._waiting = dict[int, asyncio.Queue[Word]]()
        self._greeted = asyncio.Event()
        self._complaint = ""
        self._listens = True
        self._words = 0

    async def greeted(self) -> None:
        """Wait until it works. Raises CouldNotLook."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_START):
                await self._greeted.wait()
        if self.is_lost or not self._greeted.is_set():
            raise CouldNotLook(f"a worker process of the survey does not start: {self._complaint or 'no word of it'}")

    async def run(self) -> None:
        """Hear what it says until it ends."""
        try:
            async with asyncio.TaskGroup() as tasks:
                watching = tasks.create_task(self._watch())
                tasks.create_task(self._hear()).add_done_callback(lambda _: watching.cancel())
                tasks.create_task(self._warn())
        finally:
            self.is_lost = True
            self._greeted.set()
            await self.end()

    async def _hear(self) -> None:
        with contextlib.suppress(PipeEnded):
            while True:
                self._listens = True
                word = decode_word(await self.pipe.read())
                self._listens, self._words = False, self._words + 1
                if isinstance(word, Hello):
                    self._greeted.set()
                elif isinstance(word, Awake):
                    continue
                elif (queue := self._waiting.get(word.number)) is not None:
                    await queue.put(word)
        self.is_lost = True
        for number, queue in list(self._waiting.items()):
            await queue.put(Broken(number=number, reason="its process ended"))

    async def _watch(self) -> None:
        """End a worker that hangs: it says nothing while it is listened to.

        Counted are looks and not seconds, since this process and its workers may all have been stopped for a while.
        """
        await self._greeted.wait()
        words, silent = -1, 0
        while silent < _MOST_SILENT:
            await asyncio.sleep(_GLANCE)
            silent = silent + 1 if self._listens and self._words == words else 0
            words = self._words
        _log.warning("a worker process says nothing any more, and is ended")
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    async def _warn(self) -> None:
        stream = self._process.stderr
        while stream is not None and (line := await stream.read(_LINE)):
            if text := line.decode(errors="replace").strip():
                self._complaint = text[-200:]
                _log.warning("worker: %s", text)

    async def end(self) -> None:
        """Wait until it has ended, as it does when its pipe is closed; one that hangs is ended."""
        try:
            async with asyncio.timeout(_FAREWELL):
                await self._process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()
        self.pipe.abandon()

    async def perform(self, task: Task, manner: Manner) -> AsyncGenerator[tuple[Row, ...], None]:
        """Make a task here that is in `load` already."""
        self._number += 1
        number, queue = self._number, asyncio.Queue[Word](_WAITING)
        owed = _size(task)
        self._waiting[number] = queue
        word: Word | None = None
        try:
            if manner is not self._manner:
                self._manner = manner
                await self.pipe.write(encode(Begin(manner=manner)))
            await self.pipe.write(encode(Do(number=number, task=task)))
            if self.is_lost:
                raise PipeEnded
            while isinstance(word := await queue.get(), Rows):
                given = min(owed, len(word.rows))
                owed -= given
                self.load -= given
                yield word.rows
        except PipeEnded as error:
            raise WorkerLost("its process ended") from error
        finally:
            self.load -= owed
            del self._waiting[number]
            while not queue.empty():
                queue.get_nowait()  # its worker may wait for a place
            if not isinstance(word, (Done, Broken)) and not self.is_lost:
                with contextlib.suppress(PipeEnded, TimeoutError):
                    async with asyncio.timeout(_FAREWELL):
                        await self.pipe.write(encode(Drop(number=number)))
        if isinstance(word, Broken):
            raise MxprobeError(word.reason) if word.ours else WorkerLost(word.reason)


def _size(task: Task) -> int:
    match task:
        case ResolveTask():
            return len(task.entries)
        case VisitTask():
            return len(task.errands)
        case _:
            return len(task.numbers)
