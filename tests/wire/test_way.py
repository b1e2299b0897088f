"""What this machine's own sockets do to a way: they take no more for now, cannot be had, or are not wanted any more."""

import asyncio
import errno
import gc
import socket
from collections.abc import Callable, Coroutine
from types import SimpleNamespace
from typing import Any, TypeVar

import dns.flags
import dns.message
import dns.rcode
import pytest

from mxprobe.facts.dns import Answer, AnswerStatus, Question, RecordType
from mxprobe.lab.socket_clock import SocketLoop
from mxprobe.wire import way as ways
from mxprobe.wire.resolver import Patience
from mxprobe.wire.stub import Stub
from mxprobe.wire.way import Ear, Way
from tests.wire.namehosts import Script, respond, scripted

T = TypeVar("T")
Sock = socket.socket

A = Question(name="mx1.example.test", rrtype=RecordType.A)


def play(story: Coroutine[Any, Any, T]) -> T:
    """Run a story on a loop of its own, on real sockets, whose clock jumps."""
    with asyncio.Runner(loop_factory=SocketLoop) as runner:
        return runner.run(asyncio.wait_for(story, 300))


def truthful(query: dns.message.Message, tcp: bool) -> list[bytes]:
    return [respond(query, f"{query.question[0].name.to_text()} 30 IN A 192.0.2.1")]


def silent(query: dns.message.Message, tcp: bool) -> list[bytes]:
    return []


class Full(Sock):
    """Takes nothing the first `times` times."""

    times = 1

    def send(self, data: Any, flags: int = 0) -> int:
        if Full.times:
            Full.times -= 1
            raise BlockingIOError(errno.EAGAIN, "full")
        return super().send(data, flags)


class Portless(Sock):
    """Finds no port of its own."""

    def connect(self, address: Any) -> None:
        raise BlockingIOError(errno.EAGAIN, "no port is free")


@pytest.fixture
def sockets(monkeypatch: pytest.MonkeyPatch) -> Callable[[type[Sock]], None]:
    """Ways, and nobody else, have such sockets."""
    return lambda kind: monkeypatch.setattr(ways, "socket", SimpleNamespace(**{**vars(socket), "socket": kind}))


async def asked(script: Script, patience: Patience) -> tuple[Answer, int]:
    """The answer, and the queries that it took."""
    async with scripted(script) as name, Stub((name,), patience) as stub:
        return await stub.ask(A), stub.sent


@pytest.mark.parametrize(("script", "status"), [(truthful, AnswerStatus.FOUND), (silent, AnswerStatus.TIMEOUT)])
def test_a_query_that_had_to_wait_for_this_machine_is_one_query(
    script: Script, status: AnswerStatus, sockets: Callable[[type[Sock]], None]
) -> None:
    Full.times = 3
    sockets(Full)
    answer, sent = play(asked(script, Patience(each=3, rounds=1)))

    assert (answer.status, answer.tries, sent) == (status, 1, 1)


def test_a_machine_without_a_free_port_is_told_at_once(sockets: Callable[[type[Sock]], None]) -> None:
    sockets(Portless)

    async def story() -> Answer:
        async with Stub(("192.0.2.53:53",)) as stub:
            return await stub.ask(A)

    assert play(story()).status is AnswerStatus.UNREACHABLE


def test_what_was_to_be_sent_again_does_not_open_a_way_that_is_closed() -> None:
    class Wanted:
        query, number, ends = b"", b"", 1e9
        ear: Ear | None = None
        left = 0

        def leave(self, now: float) -> bool:
            self.left += 1
            return True

        def stay(self) -> None: ...
        def hear(self, wire: bytes, now: float) -> None: ...
        def expire(self, now: float) -> None: ...
        def fail(self, error: OSError, now: float) -> None: ...

    async def story() -> int:
        flight = Wanted()
        async with scripted(silent) as name:
            way = Way(name, ways.Sharing())
            way.close()
            way.take(flight)
            await asyncio.sleep(1)
            return flight.left

    assert play(story()) == 0
    gc.collect()  # a socket that is not closed is a warning, and warnings are errors


def test_a_socket_that_fails_while_others_wait_for_it_holds_nobody_up(sockets: Callable[[type[Sock]], None]) -> None:
    Full.times = 1
    sockets(Full)

    async def story() -> Answer:
        async with scripted(truthful) as name, Stub((name,)) as stub:
            (way,) = stub._ways
            async with asyncio.TaskGroup() as group:
                asking = group.create_task(stub.ask(A))
                await asyncio.sleep(0)
                await asyncio.sleep(0)
                assert way._stalled is not None
                way._stalled.fail(ConnectionRefusedError(errno.ECONNREFUSED, "refused"))
            return asking.result()

    answer = play(story())

    assert answer.status is AnswerStatus.FOUND
    assert answer.elapsed < 1


def test_whoever_waits_for_a_turn_over_tcp_waits_no_longer_than_the_question_may_take() -> None:
    def cut_short(query: dns.message.Message, tcp: bool) -> list[bytes]:
        return [] if tcp else [respond(query, flags=dns.flags.TC)]

    async def story() -> Answer:
        async with scripted(cut_short) as name, Stub((name,), Patience(each=3, rounds=1)) as stub:
            for number in range(64):
                stub.begin(Question(name=f"h{number}.test", rrtype=RecordType.A), lambda answer, queries: None)
            await asyncio.sleep(0.5)
            return await stub.ask(A, asyncio.get_running_loop().time() + 1)

    hurried = play(story())

    assert hurried.status is AnswerStatus.TIMEOUT
    assert hurried.elapsed == pytest.approx(1, abs=0.1)


def test_what_a_deadline_cut_short_is_not_remembered() -> None:
    def late(query: dns.message.Message, tcp: bool) -> list[bytes]:
        heard.append(query)
        return truthful(query, tcp) if len(heard) > 1 else []

    heard: list[dns.message.Message] = []

    async def story() -> tuple[Answer, Answer]:
        async with scripted(late) as name, Stub((name,)) as stub:
            hurried = await stub.ask(A, asyncio.get_running_loop().time() + 1)
            return hurried, await stub.ask(A)

    hurried, patient = play(story())

    assert hurried.status is AnswerStatus.TIMEOUT
    assert patient.status is AnswerStatus.FOUND


def test_a_datagram_far_longer_than_was_offered_is_not_read_to_its_end() -> None:
    def endless(query: dns.message.Message, tcp: bool) -> list[bytes]:
        return [respond(query, *(f"mx1.example.test. 30 IN A 192.0.{n // 250}.{n % 250}" for n in range(1000)))]

    answer, _ = play(asked(endless, Patience(rounds=1)))

    assert answer.status is AnswerStatus.MALFORMED


@pytest.mark.parametrize("rcode", [dns.rcode.NOERROR, dns.rcode.NXDOMAIN])
def test_a_response_that_does_not_say_to_what_says_nothing_of_a_name(rcode: dns.rcode.Rcode) -> None:
    def vague(query: dns.message.Message, tcp: bool) -> list[bytes]:
        response = dns.message.make_response(query)
        response.question = []
        response.set_rcode(rcode)
        return [response.to_wire()]

    answer, _ = play(asked(vague, Patience(rounds=1)))

    assert answer.status is AnswerStatus.TIMEOUT
