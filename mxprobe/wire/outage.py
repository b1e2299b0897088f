"""Waits until hosts are down, or up again: by asking them now and then, politely, whether they take connections.

Standards: RFC 5321 §4.5.4.1 (who is not reached is asked again after a while).
"""

import asyncio
import contextlib
from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import replace

from mxprobe.facts.session import Endpoint
from mxprobe.wire.dial import Connect, ConnectDialer

_EVERY = 60.0
_PATIENCE = 60.0
_FAREWELL = 5.0
_IN_A_ROW = 2
"""So many rounds in a row nobody answers before a host counts as down."""

_SOON = 5.0
"""Seconds to the next round where nobody has answered."""


class Watched(Struct, frozen=True, kw_only=True):
    """The hosts with their addresses, the port, and for how long they are watched at most, in seconds."""

    hosts: tuple[tuple[str, tuple[str, ...]], ...]
    port: int = 25
    at_most: float = 43200.0
    every: float = _EVERY


async def until_down(watched: Watched, connect: Connect, tell: Callable[[str], None]) -> bool:
    """Wait until no address of the hosts takes connections; False where that did not come in time."""
    loop = asyncio.get_running_loop()
    until, silent = loop.time() + watched.at_most, 0
    names = ", ".join(host for host, _ in watched.hosts)
    tell(f"waiting for {names} to go down; asked every {watched.every:.0f} s")
    while loop.time() < until:
        silent = 0 if any((await _ask_all(watched, connect)).values()) else silent + 1
        if silent >= _IN_A_ROW:
            tell(f"{names} is down")
            return True
        await asyncio.sleep(watched.every if not silent else min(watched.every, _SOON))
    return False


async def until_up(watched: Watched, connect: Connect) -> None:
    """Wait until each of the hosts takes connections again, at one of its addresses; for as long as it takes."""
    while True:
        if await are_up(watched, connect):
            return
        await asyncio.sleep(watched.every)


async def who_is_down(watched: Watched, connect: Connect) -> tuple[str, ...]:
    """The hosts that take no connection at any address, asked once more before that is said of one."""
    down = tuple(host for host, _ in watched.hosts)
    for number in range(_IN_A_ROW):
        hosts = tuple((host, addresses) for host, addresses in watched.hosts if host in down)
        if number and hosts:
            await asyncio.sleep(min(watched.every, _SOON))
        answers = await _ask_all(replace(watched, hosts=hosts), connect)
        up = {endpoint.host for endpoint, says in answers.items() if says}
        down = tuple(host for host in down if host not in up)
    return down


async def are_up(watched: Watched, connect: Connect) -> bool:
    """Whether each of the hosts takes connections, at one of its addresses."""
    answers = await _ask_all(watched, connect)
    return {host for host, _ in watched.hosts} <= {endpoint.host for endpoint, says in answers.items() if says}


async def _ask_all(watched: Watched, connect: Connect) -> dict[Endpoint, bool]:
    """Whether each address of the hosts answers, asked at once."""
    async with asyncio.TaskGroup() as group:
        asked = {one: group.create_task(_answers(one, connect)) for one in _endpoints(watched)}
    return {endpoint: task.result() for endpoint, task in asked.items()}


def _endpoints(watched: Watched) -> list[Endpoint]:
    return [
        Endpoint(host=host, address=address, port=watched.port)
        for host, addresses in watched.hosts
        for address in addresses
    ]


async def _answers(endpoint: Endpoint, connect: Connect) -> bool:
    """Whether a connection is taken, and something is said on it."""
    try:
        async with asyncio.timeout(_PATIENCE):
            transport, ear = await ConnectDialer(connect).open(_Ear, endpoint.address, endpoint.port)
            try:
                return await ear.heard and await ear.farewell()
            finally:
                transport.abort()
    except (OSError, TimeoutError):
        return False


class _Ear(asyncio.Protocol):
    """Hears whether anything is said before the connection ends, and says nothing but goodbye."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.heard: asyncio.Future[bool] = loop.create_future()
        self.ended: asyncio.Future[None] = loop.create_future()
        self.transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A connection was taken."""
        self.transport = transport if isinstance(transport, asyncio.WriteTransport) else None

    def data_received(self, data: bytes) -> None:
        """Something was said."""
        if not self.heard.done():
            self.heard.set_result(True)

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is over."""
        if not self.heard.done():
            self.heard.set_result(False)
        if not self.ended.done():
            self.ended.set_result(None)

    async def farewell(self) -> bool:
        """Say goodbye, and wait a moment for the host to end the connection."""
        if self.transport is not None:
            self.transport.write(b"QUIT\r\n")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_FAREWELL):
                await self.ended
        return True
