"""Frames over pipes between this process and one that it started: a length of four octets, then so many octets.

A pipe that ends in the middle of a frame has ended; what it means is decided elsewhere. A frame is read into the place
where it stays, and what the other process sends has a large pipe, since its frames are: both halve what they cost.
"""

import asyncio
import contextlib
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections import deque
from collections.abc import Mapping, Sequence
from typing import BinaryIO, cast

_LENGTH = 4
_MOST = 1 << 28  # octets; a frame that claims to be longer is none of ours
_ROOM = 1 << 20  # octets of a pipe: the most that Linux gives to anybody, and some 64 times to one user
_WAITING = 4  # frames that are read ahead


class PipeEnded(Exception):
    """The other process reads and writes no more."""


class _Frames(asyncio.BufferedProtocol):
    """Takes frames off a pipe. Loops that know no buffered protocols for pipes call `data_received`."""

    def __init__(self) -> None:
        self.whole = deque[bytearray]()
        self.changed = asyncio.Event()
        self.is_over = False
        self._reads = True
        self._expect(_LENGTH, is_length=True)

    def _expect(self, size: int, *, is_length: bool) -> None:
        self._frame, self._filled, self._is_length = bytearray(size), 0, is_length
        self._room = memoryview(self._frame)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.ReadTransport, transport)  # uvloop's are none of asyncio's by birth

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._room[self._filled :]

    def buffer_updated(self, nbytes: int) -> None:
        self._filled += nbytes
        if self._filled < len(self._frame) or self.is_over:
            return
        if not self._is_length:
            self.whole.append(self._frame)
            self.changed.set()
            self._expect(_LENGTH, is_length=True)
            self.pace()
            return
        size = int.from_bytes(self._frame, "big")
        if 0 < size <= _MOST:
            self._expect(size, is_length=False)
        else:
            self.close()

    def data_received(self, data: bytes) -> None:
        """The same with octets that the loop has put somewhere else."""
        left = memoryview(data)
        while left and not self.is_over:
            room = self.get_buffer(len(left))
            count = min(len(room), len(left))
            room[:count] = left[:count]
            self.buffer_updated(count)
            left = left[count:]

    def pace(self) -> None:
        """Read on, or wait until what was read ahead is taken."""
        reads = len(self.whole) < _WAITING
        if reads is not self._reads and not self.is_over:
            self._reads = reads
            (self._transport.resume_reading if reads else self._transport.pause_reading)()

    def connection_lost(self, exc: Exception | None) -> None:
        self.end()

    def close(self) -> None:
        """Read no more."""
        self.end()
        self._transport.close()

    def end(self) -> None:
        """Nothing more comes, or is wanted."""
        self.is_over = True
        self.changed.set()


class Pipe:
    """Whole frames in both directions. One task reads; several may write."""

    def __init__(self, frames: _Frames, writer: asyncio.StreamWriter) -> None:
        self._frames = frames
        self._writer = writer

    async def read(self) -> bytearray:
        """The next frame. Raises PipeEnded."""
        frames = self._frames
        while not frames.whole:
            if frames.is_over:
                raise PipeEnded
            frames.changed.clear()
            await frames.changed.wait()
        frame = frames.whole.popleft()
        frames.pace()
        return frame

    async def write(self, frame: bytes) -> None:
        """Send a frame of one octet or more; waits while the other process does not read. Raises PipeEnded."""
        try:
            self._writer.write(len(frame).to_bytes(_LENGTH, "big"))
            self._writer.write(frame)  # not joined with its length: that would copy it
            await self._writer.drain()
        except (OSError, RuntimeError) as error:  # RuntimeError: uvloop's word for a transport that is closed
            raise PipeEnded from error

    def close(self) -> None:
        """Say that nothing more comes."""
        self._writer.close()

    def abandon(self) -> None:
        """Neither read nor write any more."""
        self._writer.close()
        self._frames.close()


async def start_process(command: Sequence[str], environment: Mapping[str, str]) -> tuple[Process, Pipe]:
    """Start a process, with a pipe to its standard input and from its standard output; its standard error is a stream.

    Raises OSError.
    """
    reading, writing = os.pipe()
    try:
        _widen(writing)
        frames = await _frames_from(os.fdopen(reading, "rb", buffering=0))
        try:
            # The last that is waited for: nobody can be left with a process that he knows nothing of.
            process = await asyncio.create_subprocess_exec(
                *command, stdin=PIPE, stdout=writing, stderr=PIPE, env=environment
            )
        except BaseException:
            frames.close()
            raise
    finally:
        os.close(writing)
    return process, Pipe(frames, cast(asyncio.StreamWriter, process.stdin))


async def own_pipe() -> Pipe:
    """The pipe to the process that started this one. What is printed from here on goes to standard error."""
    loop = asyncio.get_running_loop()
    incoming, outgoing = _own_streams()
    frames = await _frames_from(incoming)
    transport, protocol = await loop.connect_write_pipe(
        lambda: asyncio.StreamReaderProtocol(asyncio.StreamReader()), outgoing
    )
    return Pipe(frames, asyncio.StreamWriter(transport, protocol, None, loop))


async def _frames_from(file: BinaryIO) -> _Frames:
    frames = _Frames()
    try:
        # It takes a turn or two of the loop; cut short, uvloop closes the file behind the back of its object.
        await asyncio.shield(_connect(frames, file))
    except asyncio.CancelledError:
        frames.end()
        raise
    return frames


async def _connect(frames: _Frames, file: BinaryIO) -> None:
    await asyncio.get_running_loop().connect_read_pipe(lambda: frames, file)
    if frames.is_over:  # whoever wanted it has been cancelled
        frames.close()


def _widen(descriptor: int) -> None:
    """Give a pipe room for more than the system's usual 64 KiB, where it lets us."""
    try:
        from fcntl import F_SETPIPE_SZ, fcntl
    except ImportError:  # no Linux
        return
    with contextlib.suppress(OSError):
        fcntl(descriptor, F_SETPIPE_SZ, _ROOM)


def _own_streams() -> tuple[BinaryIO, BinaryIO]:
    """Standard input and output under descriptors of their own; nobody reads or prints into a frame by chance."""
    incoming, outgoing = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return os.fdopen(incoming, "rb", buffering=0), os.fdopen(outgoing, "wb", buffering=0)
