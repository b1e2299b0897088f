"""The jumping clock over real sockets: it stands still while anything is on its way, and jumps over the quiet."""

import asyncio
import socket
import subprocess
import sys
import time
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from mxprobe.lab.clock import StoryDeadlock, play_in_fresh_loop
from mxprobe.lab.socket_clock import SocketLoop
from mxprobe.lab.sockets import bind_port, close_all, dial, port_of

HERE = "127.0.0.1"
DAY = 86400.0
LINES = 500


def play(story: Coroutine[Any, Any, Any]) -> Any:
    return play_in_fresh_loop(lambda: story, SocketLoop)


class _Echo(asyncio.Protocol):
    """Says again what it hears."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.transport.write(data)  # type: ignore[attr-defined]


async def _echo(lines: int) -> float:
    """Send lines to and fro on one connection, each under a timeout of a day; the story time that it takes."""
    loop = asyncio.get_running_loop()
    (listener,) = bind_port([HERE]).values()
    server = await loop.create_server(_Echo, sock=listener)
    reader, writer = await asyncio.open_connection(sock=await dial(HERE, port_of(listener), None))
    for number in range(lines):
        writer.write(b"%d\n" % number)
        async with asyncio.timeout(DAY):
            assert await reader.readline() == b"%d\n" % number
    writer.close()
    server.close()
    assert isinstance(loop, SocketLoop)
    await loop.abort_connections()
    return loop.time()


def test_bytes_on_real_sockets_take_no_story_time() -> None:
    assert play(_echo(LINES)) == 0.0


@contextmanager
def _busy_machine() -> Iterator[None]:
    """Other processes that take all the time they can get."""
    others = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(4)]
    try:
        yield
    finally:
        for other in others:
            other.kill()
            other.wait()


@pytest.mark.slow
def test_nor_do_they_on_a_busy_machine() -> None:
    with _busy_machine():
        assert play(_echo(4 * LINES)) == 0.0


def test_a_jump_goes_to_the_next_timer_exactly_and_days_take_milliseconds() -> None:
    async def story() -> list[float]:
        seen = list[float]()
        for nap in (0.1, 30.0, DAY):
            await asyncio.sleep(nap)
            seen.append(asyncio.get_running_loop().time())
        return seen

    began = time.monotonic()
    assert play(story()) == [0.1, 30.1, 30.1 + DAY]
    assert time.monotonic() - began < 5


def test_timers_due_at_one_instant_fire_in_the_order_they_were_set() -> None:
    async def story() -> list[int]:
        loop, fired = asyncio.get_running_loop(), list[int]()
        for number in range(200):
            loop.call_at(5.0, fired.append, number)
        await asyncio.sleep(6)
        return fired

    assert play(story()) == list(range(200))


def test_a_silent_peer_lets_time_pass_to_the_timeout_exactly() -> None:
    async def story() -> float:
        (listener,) = bind_port([HERE]).values()
        listener.listen()
        sock = await dial(HERE, port_of(listener), None)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(300):
                await asyncio.get_running_loop().sock_recv(sock, 1)
        close_all((sock, listener))
        return asyncio.get_running_loop().time()

    assert play(story()) == 300.0


def test_a_held_clock_waits_for_real_and_jumps_when_it_is_let_go() -> None:
    async def story() -> tuple[float, float]:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, SocketLoop)
        here, there = socket.socketpair()
        here.setblocking(False)
        with here, there, _sends_after(0.3, there):
            with loop.hold_clock():
                async with asyncio.timeout(DAY):
                    await loop.sock_recv(here, 1)
            held_until = loop.time()
        await asyncio.sleep(1)
        return held_until, loop.time()

    assert play(story()) == (0.0, 1.0)


@contextmanager
def _sends_after(seconds: float, sock: socket.socket) -> Iterator[None]:
    """Another process that takes its time before it sends."""
    program = f"import socket, time; time.sleep({seconds}); socket.socket(fileno=0).send(b'x')"
    with subprocess.Popen([sys.executable, "-c", program], stdin=sock.fileno()):
        yield


def test_quiet_comes_when_only_idle_timers_are_left_and_nothing_is_on_its_way() -> None:
    async def story() -> float:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, SocketLoop)
        loop.call_idle_later(5, int)
        loop.call_later(10, int)
        loop.call_idle_later(300, int)
        return await loop.until_quiet(DAY)

    assert play(story()) == 10.0


def test_a_deadlock_is_found_and_named() -> None:
    async def story() -> None:
        await asyncio.get_running_loop().create_future()

    with pytest.raises(StoryDeadlock, match=r"waiting for ever: .*story"):
        play(story())


def test_threads_and_the_system_resolver_are_refused() -> None:
    async def story() -> None:
        with pytest.raises(RuntimeError, match="no system resolver"):
            await asyncio.open_connection("mx1.example.test", 25)
        with pytest.raises(RuntimeError, match="no threads"):
            await asyncio.to_thread(int)

    play(story())


async def test_a_story_runs_inside_a_running_loop() -> None:
    assert play(_echo(3)) == 0.0
