"""A memory connection: order, FIN, RST, half-close and flow control."""

import asyncio
import random
from collections.abc import Callable
from typing import Any

import pytest

from mxprobe.lab.memory import MemoryNetwork
from mxprobe.lab.memory_transport import HIGH_WATER, LOW_WATER, MemoryTransport
from tests.lab.ears import MX1, Ear, meet, now, play


def test_bytes_arrive_in_order_one_latency_later() -> None:
    chunks = [bytes([65 + number % 26]) * (number % 7 + 1) for number in range(300)]

    async def story() -> tuple[float, Ear]:
        network, client, host = MemoryNetwork(latency=0.05), Ear(), Ear()
        await meet(network, client, host)
        sent = now()
        for number, chunk in enumerate(chunks):
            client.transport.write(chunk)
            if number == 150:
                await asyncio.sleep(0.02)
        await asyncio.sleep(1)
        return sent, host

    sent, host = play(story())
    assert host.octets == b"".join(chunks)
    instants = sorted({instant for instant, what in host.heard if isinstance(what, bytes)})
    assert instants == [pytest.approx(sent + 0.05), pytest.approx(sent + 0.07)]


@pytest.mark.parametrize("latency", [0.0, 0.05])
def test_reset_and_fin_are_told_apart_and_come_behind_the_bytes_sent_before(latency: float) -> None:
    async def story(end: Callable[[MemoryTransport], None]) -> tuple[Ear, Ear]:
        network, client, host = MemoryNetwork(latency=latency), Ear(), Ear()
        await meet(network, client, host)
        host.transport.write(b"421 bye\r\n")
        end(host.transport)
        host.transport.write(b"never sent")
        await asyncio.sleep(1)
        assert not network.open_ends
        return client, host

    client, host = play(story(MemoryTransport.close))
    assert client.events == ["made", b"421 bye\r\n", "end", "lost"]
    assert client.lost == [None]
    assert host.lost == [None]
    client, host = play(story(MemoryTransport.abort))
    assert client.events == ["made", b"421 bye\r\n", "lost"]
    assert isinstance(client.lost[0], ConnectionResetError)
    assert host.lost == [None]


def test_bytes_on_their_way_to_an_end_that_aborts_are_lost() -> None:
    async def story() -> tuple[Ear, Ear]:
        network, client, host = MemoryNetwork(latency=0.05), Ear(), Ear()
        await meet(network, client, host)
        client.transport.write(b"MAIL FROM:<a@example.test>\r\n")
        host.transport.abort()
        await asyncio.sleep(1)
        return client, host

    client, host = play(story())
    assert host.events == ["made", "lost"]
    assert client.events == ["made", "lost"]


def test_after_half_close_the_other_direction_goes_on() -> None:
    async def story() -> tuple[Ear, Ear]:
        network, client, host = MemoryNetwork(latency=0.05), Ear(), Ear(keeps_half_open=True)
        await meet(network, client, host)
        client.transport.write(b".\r\nQUIT\r\n")
        client.transport.write_eof()
        with pytest.raises(RuntimeError, match="write_eof"):
            client.transport.write(b"too late")
        await asyncio.sleep(1)
        host.transport.write(b"250 kept\r\n221 bye\r\n")
        host.transport.close()
        await asyncio.sleep(1)
        assert not network.open_ends
        return client, host

    client, host = play(story())
    assert host.events == ["made", b".\r\nQUIT\r\n", "end", "lost"]
    assert client.events == ["made", b"250 kept\r\n221 bye\r\n", "end", "lost"]
    assert client.lost == host.lost == [None]


def test_bytes_that_reach_a_closed_end_are_answered_with_a_reset() -> None:
    async def story() -> Ear:
        network, client, host = MemoryNetwork(latency=0.05), Ear(), Ear(keeps_half_open=True)
        await meet(network, client, host)
        client.transport.close()
        await asyncio.sleep(1)
        host.transport.write(b"250 anyone?\r\n")
        await asyncio.sleep(1)
        return host

    host = play(story())
    assert host.events == ["made", "end", "lost"]
    assert isinstance(host.lost[0], ConnectionResetError)


def test_closing_with_bytes_unread_resets_so_that_no_writer_waits_for_ever() -> None:
    async def story() -> Ear:
        network, client, host = MemoryNetwork(), Ear(keeps_half_open=True), Ear()
        await meet(network, client, host)
        host.transport.pause_reading()
        client.transport.write(b"x" * (HIGH_WATER + 1))
        await asyncio.sleep(1)
        host.transport.close()
        await asyncio.sleep(1)
        return client

    client = play(story())
    assert client.events == ["made", "pause", "lost"]
    assert isinstance(client.lost[0], ConnectionResetError)


def test_a_protocol_that_fails_loses_its_connection_and_is_reported() -> None:
    class Fails(Ear):
        def data_received(self, data: bytes) -> None:
            raise ValueError(f"cannot read {data!r}")

    async def story() -> tuple[Ear, Ear, list[dict[str, Any]]]:
        reports = list[dict[str, Any]]()
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: reports.append(context))
        network, client, host = MemoryNetwork(), Ear(), Fails()
        await meet(network, client, host)
        client.transport.write(b"EHLO\r\n")
        await asyncio.sleep(1)
        return client, host, reports

    client, host, reports = play(story())
    assert client.events == ["made", "end", "lost"]
    assert [str(error) for error in host.lost] == ["cannot read b'EHLO\\r\\n'"]
    assert [report["exception"] for report in reports] == host.lost


# -- flow control ---------------------------------------------------------------------


def test_a_writer_is_paused_above_the_high_water_mark_and_goes_on_below_the_low_one() -> None:
    async def story() -> tuple[Ear, Ear]:
        network, client, host = MemoryNetwork(latency=0.05), Ear(), Ear()
        await meet(network, client, host)
        assert client.transport.get_write_buffer_limits() == (LOW_WATER, HIGH_WATER)
        host.transport.pause_reading()
        assert not host.transport.is_reading()
        client.transport.write(b"x" * HIGH_WATER)
        assert "pause" not in client.events
        client.transport.write(b"y")
        assert client.transport.get_write_buffer_size() == HIGH_WATER + 1
        await asyncio.sleep(1)
        assert host.octets == b""
        host.transport.resume_reading()
        await asyncio.sleep(1)
        return client, host

    client, host = play(story())
    assert client.events == ["made", "pause", "resume"]
    assert host.octets == b"x" * HIGH_WATER + b"y"
    read, resumed = host.heard[-1][0], client.heard[-1][0]
    assert resumed - read == pytest.approx(0.05)


def test_streams_that_drain_hold_little_in_memory_against_a_slow_reader() -> None:
    size, most = 2_000_000, 0

    async def story() -> int:
        nonlocal most
        network = MemoryNetwork(latency=0.01)
        received = 0

        async def read_slowly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal received, most
            while data := await reader.read(20_000):
                received += len(data)
                unread = sum(end.get_write_buffer_size() for end in network.open_ends)
                most = max(most, unread)
                await asyncio.sleep(0.01)
            writer.close()

        def host() -> asyncio.StreamReaderProtocol:
            return asyncio.StreamReaderProtocol(asyncio.StreamReader(limit=10_000), read_slowly)

        network.listen(MX1, 25, host)
        sock = await network.connect(MX1, 25)
        _, writer = await asyncio.open_connection(sock=sock)
        for _ in range(size // 1000):
            writer.write(b"z" * 1000)
            await writer.drain()
        writer.close()
        await writer.wait_closed()
        await asyncio.sleep(60)
        return received

    assert play(story()) == size
    assert most <= HIGH_WATER + 1000


def test_a_buffered_protocol_gets_long_writes_in_pieces_and_may_pause_between_them() -> None:
    class Buffered(asyncio.BufferedProtocol):
        def __init__(self) -> None:
            self.buffer, self.sizes, self.octets = bytearray(1000), list[int](), b""

        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            assert isinstance(transport, MemoryTransport)
            self.transport = transport

        def get_buffer(self, sizehint: int) -> bytearray:
            return self.buffer

        def buffer_updated(self, nbytes: int) -> None:
            self.sizes.append(nbytes)
            self.octets += self.buffer[:nbytes]
            if len(self.sizes) == 2:
                self.transport.pause_reading()

    async def story() -> None:
        network, client, host = MemoryNetwork(), Ear(), Buffered()
        network.listen(MX1, 25, lambda: host)
        (await network.connect(MX1, 25)).attach(client)
        message = random.Random(7).randbytes(2500)
        client.transport.write(message)
        await asyncio.sleep(1)
        assert host.sizes == [1000, 1000]
        host.transport.resume_reading()
        await asyncio.sleep(1)
        assert (host.sizes, host.octets) == ([1000, 1000, 500], message)
        assert client.transport.get_write_buffer_size() == 0

    play(story())
