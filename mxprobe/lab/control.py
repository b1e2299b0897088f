"""A socket in the file system that takes lines and answers each, so that other programs can drive a held world."""

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

from mxprobe.errors import InputError, Place

_LONGEST_LINE = 4096


class _Lines(asyncio.Protocol):
    """One client: a line in, a line out; whoever sends a line without end is left."""

    def __init__(self, answer: Callable[[str], str], clients: set[asyncio.BaseTransport]) -> None:
        self._answer, self._clients = answer, clients
        self._transport: asyncio.Transport | None = None
        self._begun = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._clients.add(transport)
        self._transport = transport  # type: ignore[assignment]  # a Protocol is given a Transport

    def data_received(self, data: bytes) -> None:
        if self._transport is None:
            return
        *lines, self._begun = (self._begun + data).split(b"\n")
        for line in lines:
            said = self._answer(line[:_LONGEST_LINE].decode("utf-8", "replace").strip())
            self._transport.write(said.encode() + b"\n")
        if len(self._begun) > _LONGEST_LINE:
            self._transport.abort()

    def connection_lost(self, _error: Exception | None) -> None:
        if self._transport is not None:
            self._clients.discard(self._transport)


@contextlib.contextmanager
def listen_at(path: Path) -> Iterator[socket.socket]:
    """A socket at a path where nothing was before, for its owner alone, and removed at the end.

    Raises InputError where that cannot be.
    """
    if os.path.lexists(path):
        raise InputError("there is something at this path already", place=Place(str(path)))
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        mask = os.umask(0o177)
        try:
            sock.bind(str(path))
        except OSError as error:
            why = error.strerror or str(error)
            raise InputError(f"no control socket can be here: {why}", place=Place(str(path))) from error
        finally:
            os.umask(mask)
        try:
            yield sock
        finally:
            path.unlink(missing_ok=True)


@contextlib.asynccontextmanager
async def serve_lines(sock: socket.socket, answer: Callable[[str], str]) -> AsyncIterator[None]:
    """Answer lines while the context lasts."""
    clients: set[asyncio.BaseTransport] = set()
    server = await asyncio.get_running_loop().create_unix_server(lambda: _Lines(answer, clients), sock=sock)
    try:
        yield
    finally:
        server.close()
        for client in tuple(clients):
            client.close()
