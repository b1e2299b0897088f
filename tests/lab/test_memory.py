"""The memory network: what TCP would show of a connection's beginning, as values."""

import asyncio
import errno

import pytest

from mxprobe.lab.clock import StoryDeadlock
from mxprobe.lab.memory import DelayedAnswer, MemoryNetwork, SynAnswer
from tests.lab.ears import MX1, MX2, Ear, join, meet, now, play


def test_a_client_is_connected_after_one_round_trip_and_hears_the_banner_after_two() -> None:
    async def story() -> tuple[float, Ear, Ear]:
        network, client, host = MemoryNetwork(latency=0.05), Ear(), Ear(banner=b"220 mx1\r\n")
        network.listen(MX1, 25, lambda: host)
        sock = await network.connect(MX1, 25)
        connected = now()
        await join(sock, client)
        await asyncio.sleep(1)
        return connected, client, host

    connected, client, host = play(story())
    assert connected == pytest.approx(0.1)
    assert client.heard == [(pytest.approx(0.1), "made"), (pytest.approx(0.2), b"220 mx1\r\n")]
    assert host.heard == [(pytest.approx(0.15), "made")]


def test_each_address_may_have_a_latency_of_its_own() -> None:
    async def story() -> list[float]:
        network = MemoryNetwork(latency=0.05)
        network.listen(MX1, 25, Ear)
        network.add_address("2001:db8::1", latency=0.2)
        network.listen("2001:DB8:0::1", 25, Ear)
        instants = []
        for address in (MX1, "2001:db8::1"):
            before = now()
            (await network.connect(address, 25)).close()
            instants.append(now() - before)
        return instants

    assert play(story()) == [pytest.approx(0.1), pytest.approx(0.4)]


def test_both_ends_know_their_names() -> None:
    async def story() -> None:
        network, client, host = MemoryNetwork(), Ear(), Ear()
        await meet(network, client, host)
        assert client.transport.get_extra_info("peername") == (MX1, 25)
        assert host.transport.get_extra_info("sockname") == (MX1, 25)
        assert host.transport.get_extra_info("peername") == client.transport.get_extra_info("sockname")
        assert host.transport.get_extra_info("socket") is None
        network.listen("2001:db8::1", 25, Ear)
        sock = await network.connect("2001:db8::1", 25, source="2001:db8::99")
        assert sock.getpeername() == ("2001:db8::1", 25, 0, 0)
        assert (sock.getsockname()[0], sock.getsockname()[2:]) == ("2001:db8::99", (0, 0))

    play(story())


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (SynAnswer.REFUSE, errno.ECONNREFUSED),
        (SynAnswer.UNREACHABLE, errno.EHOSTUNREACH),
        (DelayedAnswer(answer=SynAnswer.REFUSE, delay=3.0), errno.ECONNREFUSED),
    ],
)
def test_a_fault_refuses_a_syn_before_the_listener_hears_of_it(answer: SynAnswer | DelayedAnswer, error: int) -> None:
    async def story() -> tuple[int | None, float, list[tuple[str, int, float]]]:
        network, asked = MemoryNetwork(latency=0.05), list[tuple[str, int, float]]()

        def on_syn(address: str, port: int) -> SynAnswer | DelayedAnswer:
            asked.append((address, port, now()))
            return answer

        network.on_syn = on_syn
        network.listen(MX1, 25, lambda: pytest.fail("the listener heard of a refused SYN"))
        with pytest.raises(OSError, match=MX1) as caught:
            await network.connect(MX1, 25)
        ended = now()
        await asyncio.sleep(1)
        return caught.value.errno, ended, asked

    seen, ended, asked = play(story())
    assert seen == error
    assert ended == pytest.approx(3.1 if isinstance(answer, DelayedAnswer) else 0.1)
    assert asked == [(MX1, 25, 0.05)]


def test_without_a_listener_a_known_address_refuses_and_an_unknown_one_is_unreachable() -> None:
    async def story() -> None:
        network = MemoryNetwork(latency=0.05)
        network.add_address(MX1)
        with pytest.raises(ConnectionRefusedError):
            await network.connect(MX1, 25)
        with pytest.raises(OSError, match="unreachable") as caught:
            await network.connect(MX2, 25)
        assert caught.value.errno == errno.ENETUNREACH
        listener = network.listen(MX2, 25, Ear)
        (await network.connect(MX2, 25)).close()
        listener.close()
        listener.close()
        with pytest.raises(ConnectionRefusedError):
            await network.connect(MX2, 25)

    play(story())


def test_a_fault_that_has_no_opinion_leaves_the_answer_to_the_network() -> None:
    async def story() -> None:
        network = MemoryNetwork()
        network.on_syn = lambda _address, _port: None
        network.listen(MX1, 25, Ear)
        (await network.connect(MX1, 25)).close()
        network.on_syn = lambda _address, _port: SynAnswer.ACCEPT
        with pytest.raises(ConnectionRefusedError):
            await network.connect(MX1, 587)

    play(story())


def test_a_slow_host_accepts_late() -> None:
    async def story() -> float:
        network = MemoryNetwork(latency=0.05)
        network.on_syn = lambda _address, _port: DelayedAnswer(answer=SynAnswer.ACCEPT, delay=7.0)
        network.listen(MX1, 25, Ear)
        (await network.connect(MX1, 25)).close()
        return now()

    assert play(story()) == pytest.approx(7.1)


def test_a_black_hole_ends_at_exactly_the_callers_timeout() -> None:
    async def story() -> float:
        network = MemoryNetwork(latency=0.05)
        network.on_syn = lambda _address, _port: SynAnswer.DROP
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(30):
                await network.connect(MX1, 25)
        return now()

    assert play(story()) == 30.0


def test_a_black_hole_without_a_deadline_is_a_deadlock() -> None:
    async def story() -> None:
        network = MemoryNetwork()
        network.on_syn = lambda _address, _port: SynAnswer.DROP
        await network.connect(MX1, 25)

    with pytest.raises(StoryDeadlock, match="story"):
        play(story())


def test_one_port_has_one_listener_and_addresses_are_ip_addresses() -> None:
    network = MemoryNetwork()
    network.listen(MX1, 25, Ear)
    with pytest.raises(OSError, match="another listener has") as caught:
        network.listen(MX1, 25, Ear)
    assert caught.value.errno == errno.EADDRINUSE
    with pytest.raises(ValueError, match=r"mx1\.example\.test"):
        network.listen("mx1.example.test", 25, Ear)


def test_a_listener_closed_while_the_last_ack_travels_resets_the_client() -> None:
    async def story() -> Ear:
        network, client = MemoryNetwork(latency=0.05), Ear()
        listener = network.listen(MX1, 25, lambda: pytest.fail("a closed listener accepted"))
        sock = await network.connect(MX1, 25)
        listener.close()
        await join(sock, client)
        await asyncio.sleep(1)
        assert not network.open_ends
        return client

    client = play(story())
    assert client.heard == [(pytest.approx(0.1), "made"), (pytest.approx(0.2), "lost")]
    assert isinstance(client.lost[0], ConnectionResetError)


def test_what_arrives_before_the_client_attaches_is_held_for_it() -> None:
    async def story(reset: bool) -> Ear:
        network, client, host = MemoryNetwork(latency=0.05), Ear(), Ear(banner=b"220 early\r\n")
        network.listen(MX1, 25, lambda: host)
        sock = await network.connect(MX1, 25)
        await asyncio.sleep(1)
        if reset:
            host.transport.abort()
            await asyncio.sleep(1)
        await join(sock, client)
        await asyncio.sleep(1)
        return client

    assert play(story(reset=False)).events == ["made", b"220 early\r\n"]
    client = play(story(reset=True))
    assert client.events == ["made", "lost"]
    assert isinstance(client.lost[0], ConnectionResetError)


def test_a_socket_carries_one_protocol_and_none_when_closed() -> None:
    async def story() -> None:
        network = MemoryNetwork()
        network.listen(MX1, 25, Ear)
        sock = await network.connect(MX1, 25)
        sock.attach(Ear())
        with pytest.raises(RuntimeError, match="its protocol already"):
            sock.attach(Ear())
        other = await network.connect(MX1, 25)
        other.close()
        with pytest.raises(RuntimeError, match="closed"):
            other.attach(Ear())

    play(story())


def test_closing_the_network_ends_every_connection() -> None:
    async def story() -> tuple[Ear, Ear]:
        network, client, host = MemoryNetwork(latency=0.05), Ear(), Ear()
        await meet(network, client, host)
        assert len(network.open_ends) == 2
        network.listen(MX1, 25, Ear)
        network.close()
        await asyncio.sleep(1)
        assert not network.open_ends
        with pytest.raises(ConnectionRefusedError):
            await network.connect(MX1, 25)
        return client, host

    client, host = play(story())
    assert client.events == host.events == ["made", "lost"]
