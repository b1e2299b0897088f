"""Frames over pipes between this process and one that it started: a length of four octets, then so many octets.

A pipe that ends in the middle of a frame has ended; what it means is decided elsewhere.
"""

import asyncio
import os
import sys
from asyncio.subprocess import Process
from typing import BinaryIO

_LENGTH = 4
_MOST = 1 << 28  # a frame that claims to be longer is none of ours
_BUFFER = 1 << 20


class PipeEnded(Exception):
    """The other process reads and writes no more."""


class Pipe:
    """Whole frames in both directions. One task reads; several may write."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def read(self) -> bytes:
        """The next frame. Raises PipeEnded."""
        try:
            length = int.from_bytes(await self._reader.readexactly(_LENGTH), "big")
            if length > _MOST:
                raise PipeEnded
            return await self._reader.readexactly(length)
        except (asyncio.IncompleteReadError, OSError) as error:
            raise PipeEnded from error

    async def write(self, frame: bytes) -> None:
        """Send a frame; waits while the other process does not read. Raises PipeEnded."""
        try:
            self._writer.write(len(frame).to_bytes(_LENGTH, "big") + frame)
            await self._writer.drain()
        except (OSError, RuntimeError) as error:  # RuntimeError: uvloop's word for a transport that is closed
            raise PipeEnded from error

    def close(self) -> None:
        """Say that nothing more comes."""
        self._writer.close()


def pipe_to(process: Process) -> Pipe:
    """The pipe to a process that was started with both of its standard streams piped."""
    if process.stdin is None or process.stdout is None:
        raise ValueError("a process without pipes")
    return Pipe(process.stdout, process.stdin)


async def own_pipe() -> Pipe:
    """The pipe to the process that started this one. What is printed from here on goes to standard error."""
    loop = asyncio.get_running_loop()
    incoming, outgoing = _own_streams()
    reader = asyncio.StreamReader(limit=_BUFFER)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), incoming)
    transport, protocol = await loop.connect_write_pipe(
        lambda: asyncio.StreamReaderProtocol(asyncio.StreamReader()), outgoing
    )
    return Pipe(reader, asyncio.StreamWriter(transport, protocol, None, loop))


def _own_streams() -> tuple[BinaryIO, BinaryIO]:
    """Standard input and output under descriptors of their own; nobody reads or prints into a frame by chance."""
    incoming, outgoing = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return os.fdopen(incoming, "rb", buffering=0), os.fdopen(outgoing, "wb", buffering=0)
