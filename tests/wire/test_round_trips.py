"""What a look costs on real sockets: through a relay that delays, seven round trips and little more."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from mxprobe.facts.session import Endpoint, Session
from mxprobe.wire.dial import SocketDialer
from mxprobe.wire.session import Means, SessionScript, speak
from tests.wire.hosts import issue, mail_host, trusting

ROUND_TRIP = 0.1


@asynccontextmanager
async def relay(port: int) -> AsyncIterator[int]:
    """A port of this machine that leads to another, half a round trip away.

    The banner comes half a round trip after the client's ACK would have come to the host: a whole one in all.
    """
    loop = asyncio.get_running_loop()

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            loop.call_later(ROUND_TRIP / 2, writer.write, data)
        loop.call_later(ROUND_TRIP / 2, writer.close)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(ROUND_TRIP / 2)  # the client's ACK is on its way
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(carry(reader, inner_writer))
                group.create_task(carry(inner_reader, writer))
        finally:
            await asyncio.sleep(ROUND_TRIP)
            inner_writer.close()
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await asyncio.sleep(3 * ROUND_TRIP)
        await server.wait_closed()


class FarDialer(SocketDialer):
    """Counts the handshake of TCP, which a relay on this machine cannot delay."""

    async def open(self, protocol_factory, address, port, *, source=None):  # type: ignore[no-untyped-def]
        await asyncio.sleep(ROUND_TRIP)
        return await super().open(protocol_factory, address, port, source=source)


@pytest.mark.slow
async def test_through_a_delaying_relay_a_look_takes_seven_round_trips_and_little_more() -> None:
    issued = issue()
    server = await asyncio.get_running_loop().create_server(mail_host(issued.context), "127.0.0.1", 0)
    script = SessionScript(helo="probe.example.test", recipients=("alice@example.test",))
    means = Means(dialer=FarDialer(), tls=trusting(issued), wall=time.time)
    try:
        async with relay(server.sockets[0].getsockname()[1]) as port:
            endpoint, sessions = Endpoint(host="mx1.example.test", address="127.0.0.1", port=port), list[Session]()
            while not any(map(_is_quick, sessions)) and len(sessions) < 12:  # the machine may be busy, the wire is not
                sessions.append(await speak(endpoint, script, means))
    finally:
        server.close()
        await server.wait_closed()

    assert {session.failure for session in sessions} == {None}
    assert {session.round_trips for session in sessions} == {7}
    assert _is_quick(sessions[-1])
    assert all(session.turns[-1].ended > 6.9 * ROUND_TRIP for session in sessions)


def _is_quick(session: Session) -> bool:
    return session.turns[-1].ended <= 7.3 * ROUND_TRIP
