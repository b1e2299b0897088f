"""Frames over pipes: whole or not at all, whatever pieces they come in, and no more read ahead than is wanted."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from mxprobe.wire.pipes import Pipe, PipeEnded, _Frames, start_process

Runner = Callable[[Coroutine[Any, Any, None]], None]
LOOPS: list[Runner] = [asyncio.run]
with suppress(ImportError):  # an extra
    import uvloop

    LOOPS.append(uvloop.run)
SIZES = (1, 3, 4, 5, 65_535, 65_536, 65_537, 3_000_000)
ECHO = """
import asyncio
from mxprobe.wire.pipes import PipeEnded, own_pipe
async def main():
    pipe = await own_pipe()
    print("printed into no frame")
    try:
        while True:
            await pipe.write(bytes(await pipe.read())[::-1])
    except PipeEnded:
        pass
asyncio.run(main())
"""
HALF = "import os; os.write(1, (9).to_bytes(4, 'big') + b'half')"
TOO_LONG = "import os, sys; os.write(1, b'\\xff\\xff\\xff\\xff' + b'x' * 9); sys.stdin.read()"
EMPTY = "import os, sys; os.write(1, (0).to_bytes(4, 'big') * 9); sys.stdin.read()"
MANY = "import os\nfor n in range(1, 30): os.write(1, n.to_bytes(4, 'big') + bytes([n]) * n)"

each_loop = pytest.mark.parametrize("run", LOOPS)


@asynccontextmanager
async def started(code: str) -> AsyncIterator[Pipe]:
    """A pipe to a process that runs this code, which ends with the block."""
    process, pipe = await start_process([sys.executable, "-c", code], dict(os.environ))
    try:
        yield pipe
    finally:
        pipe.abandon()
        await process.wait()


@each_loop
def test_frames_of_every_size_come_and_go_whole(run: Runner) -> None:
    async def story() -> None:
        async with started(ECHO) as pipe:
            for size in SIZES:
                frame = os.urandom(size)
                await pipe.write(frame)
                assert await pipe.read() == frame[::-1]

    run(story())


@each_loop
@pytest.mark.parametrize("code", [HALF, TOO_LONG, EMPTY, "pass"])
def test_what_is_no_frame_ends_the_pipe(run: Runner, code: str) -> None:
    async def story() -> None:
        async with started(code) as pipe:
            for _ in range(2):
                with pytest.raises(PipeEnded):
                    await pipe.read()

    run(story())


@each_loop
def test_frames_that_came_before_the_end_are_read(run: Runner) -> None:
    async def story() -> None:
        async with started(MANY) as pipe:
            frames = [await pipe.read() for _ in range(1, 30)]
            with pytest.raises(PipeEnded):
                await pipe.read()
        assert frames == [bytes([number]) * number for number in range(1, 30)]

    run(story())


@each_loop
def test_nothing_stays_of_a_start_that_is_cancelled(run: Runner) -> None:
    async def story() -> None:
        async with started("pass"):  # for which a loop opens descriptors that it keeps
            pass
        before, others = len(os.listdir("/proc/self/fd")), _children()
        cancelled = 0
        for turns in range(30):
            starting = asyncio.create_task(start_process([sys.executable, "-c", ECHO], dict(os.environ)))
            for _ in range(turns):
                await asyncio.sleep(0)
            if starting.done():
                break
            starting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await starting
            cancelled += 1
        process, pipe = await starting
        pipe.abandon()
        await process.wait()
        for _ in range(1000):
            if _children() <= others and len(os.listdir("/proc/self/fd")) <= before:
                break
            await asyncio.sleep(0.01)
        assert _children() <= others
        assert len(os.listdir("/proc/self/fd")) <= before
        assert cancelled > 2

    run(story())


def _children() -> set[str]:
    """The processes that this one has started, and that have not ended."""
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, parent = stat.read_text().rpartition(")")[2].split()[:2]
            if parent == str(os.getpid()) and state != "Z":
                found.add(stat.parent.name)
    return found


@each_loop
def test_a_pipe_that_is_abandoned_is_read_to_no_end(run: Runner) -> None:
    async def story() -> None:
        async with started(ECHO) as pipe:
            reading = asyncio.create_task(pipe.read())
            await asyncio.sleep(0)
            pipe.abandon()
            with pytest.raises(PipeEnded):
                await reading

    run(story())


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux gives a pipe more room")
async def test_what_a_process_sends_has_a_large_pipe() -> None:
    size = "fcntl.fcntl(1, fcntl.F_GETPIPE_SZ).to_bytes(4, 'big')"
    code = f"import fcntl, os; os.write(1, bytes([0, 0, 0, 4]) + {size})"
    async with started(code) as pipe:
        assert int.from_bytes(await pipe.read(), "big") >= 65_536 * 2


class _Transport(asyncio.ReadTransport):
    """Remembers whether it reads."""

    reads = True

    def pause_reading(self) -> None:
        self.reads = False

    def resume_reading(self) -> None:
        self.reads = True

    def close(self) -> None:
        self.reads = False


@pytest.mark.parametrize("piece", [1, 2, 3, 7, 100])
async def test_frames_come_in_any_pieces_and_few_are_read_ahead(piece: int) -> None:
    transport, frames = _Transport(), _Frames()
    frames.connection_made(transport)
    stream = b"".join(len(word).to_bytes(4, "big") + word for word in [b"one", b"three", b"seven", b"nine", b"x"])
    for first in range(0, len(stream), piece):
        assert transport.reads is (len(frames.whole) < 4)
        frames.data_received(stream[first : first + piece])

    assert not transport.reads
    assert list(frames.whole) == [b"one", b"three", b"seven", b"nine", b"x"]
    pipe = Pipe(frames, None)  # type: ignore[arg-type]
    assert await pipe.read() == b"one"
    assert not transport.reads
    assert await pipe.read() == b"three"
    assert transport.reads
