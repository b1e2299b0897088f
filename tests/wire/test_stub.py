"""The stub answers as the resolver does, of the same servers; what many ask at a time is shared, bounded, remembered.

All on real sockets of this machine, under a clock that jumps.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from typing import Any, TypeVar

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from mxprobe.facts.dns import AddressRecord, Answer, AnswerStatus, Question, RecordType
from mxprobe.lab.socket_clock import SocketLoop
from mxprobe.wire.exchange import ask_over_sockets
from mxprobe.wire.resolver import Patience, Resolver
from mxprobe.wire.stub import Stub
from mxprobe.wire.way import Sharing
from tests.wire.namehosts import Script, respond, several

T = TypeVar("T")

A = Question(name="mx1.example.test", rrtype=RecordType.A)
MX = Question(name="example.test", rrtype=RecordType.MX)
TRUTH = (AddressRecord(address="192.0.2.1", ttl=30),)
SILENCE = Patience(each=3, rounds=2, whole=20)


def play(story: Coroutine[Any, Any, T]) -> T:
    """Run a story on a loop of its own, on real sockets, whose clock jumps."""
    with asyncio.Runner(loop_factory=SocketLoop) as runner:
        return runner.run(story)


def with_stub(
    tell: Callable[[Stub], Awaitable[T]],
    *scripts: Script | None,
    patience: Patience | None = None,
    sharing: Sharing | None = None,
) -> T:
    """What is told of a stub that asks servers which follow these scripts."""

    async def story() -> T:
        async with several(scripts) as names, Stub(names, patience, sharing) as stub:
            return await tell(stub)

    return play(story())


def address(query: dns.message.Message, ttl: int = 30, **more: Any) -> bytes:
    """The address of whatever name was asked for."""
    name = query.question[0].name.to_text()
    return respond(query, f"{name} {ttl} IN A 192.0.2.1", **more)


def truthful(query: dns.message.Message, tcp: bool) -> list[bytes]:
    return [address(query)]


def silent(query: dns.message.Message, tcp: bool) -> list[bytes]:
    return []


def says(*lines: str, **more: Any) -> Script:
    return lambda query, tcp: [respond(query, *lines, **more)]


def cut_short(query: dns.message.Message, tcp: bool) -> list[bytes]:
    return [address(query) if tcp else respond(query, flags=dns.flags.TC)]


def cut_short_for_ever(query: dns.message.Message, tcp: bool) -> list[bytes]:
    return [respond(query, flags=dns.flags.TC)]


def fearful(query: dns.message.Message, tcp: bool) -> list[bytes]:
    return [respond(query, rcode=dns.rcode.FORMERR) if query.edns >= 0 else address(query)]


def fearful_and_cut_short(query: dns.message.Message, tcp: bool) -> list[bytes]:
    return [address(query)] if tcp and query.edns < 0 else fearful(query, tcp) if tcp else cut_short(query, tcp)


def leads_on(query: dns.message.Message, tcp: bool) -> list[bytes]:
    """Aliases that are left open, the first secure, the second not."""
    name = query.question[0].name.to_text()
    if name == "mx1.example.test.":
        return [respond(query, f"{name} 60 IN CNAME Host.other.test.", flags=dns.flags.AD)]
    if name.startswith("host"):
        return [respond(query, f"{name} 50 IN CNAME end.other.test.")]
    return [address(query, flags=dns.flags.AD)]


def leads_in_a_circle(query: dns.message.Message, tcp: bool) -> list[bytes]:
    name = query.question[0].name.to_text()
    other = "mx1.example.test." if name == "b.test." else "b.test."
    return [respond(query, f"{name} 60 IN CNAME {other}")]


def leads_nowhere(query: dns.message.Message, tcp: bool) -> list[bytes]:
    name = query.question[0].name.to_text()
    number = 0 if name == "mx1.example.test." else int(name.split(".")[0][1:])
    return [respond(query, f"{name} 60 IN CNAME a{number + 1}.example.test.")]


def leads_to_silence(query: dns.message.Message, tcp: bool) -> list[bytes]:
    name = query.question[0].name.to_text()
    return [respond(query, f"{name} 60 IN CNAME x.test.")] if name == "mx1.example.test." else []


def explains(query: dns.message.Message, tcp: bool) -> list[bytes]:
    response = dns.message.make_response(query)
    response.set_rcode(dns.rcode.SERVFAIL)
    response.use_edns(0, options=[dns.edns.EDEOption(dns.edns.EDECode.DNSKEY_MISSING, "no keys")])
    return [response.to_wire()]


def garbage(query: dns.message.Message, tcp: bool) -> list[bytes]:
    """Bytes under the right number and question that are no message."""
    return [respond(query)[:12] + query.to_wire()[12:30] + b"\xff" * 20]


def lies_first(query: dns.message.Message, tcp: bool) -> list[bytes]:
    """What cannot be the answer, then the answer, and once more."""
    name = query.question[0].name.to_text()
    lie = respond(query, f"{name} 30 IN A 203.0.113.66")
    other = dns.message.make_query("other.test.", "A", id=query.id)
    beside = respond(other, "other.test. 30 IN A 203.0.113.66")
    truth = address(query)
    if tcp:
        return [truth]
    return [b"", b"noise", bytes([lie[0] ^ 1]) + lie[1:], query.to_wire(), beside, truth, truth, lie]


SCRIPTS: dict[str, Script | None] = {
    "truthful": truthful,
    "silent": silent,
    "not there": None,
    "nothing": says(soa=True),
    "nobody": says(soa=True, rcode=dns.rcode.NXDOMAIN, flags=dns.flags.AD),
    "nothing at all": says(),
    "alias inside": says("mx1.example.test. 60 IN CNAME X.Example.test.", "x.example.test. 30 IN A 192.0.2.1"),
    "alias to nothing": says("mx1.example.test. 60 IN CNAME x.example.test.", soa=True),
    "secure": says("mx1.example.test. 20 IN A 192.0.2.2", flags=dns.flags.AD | dns.flags.AA),
    "servfail": says(rcode=dns.rcode.SERVFAIL),
    "refused": says(rcode=dns.rcode.REFUSED),
    "notimp": says(rcode=dns.rcode.NOTIMP),
    "cut short": cut_short,
    "cut short for ever": cut_short_for_ever,
    "fearful": fearful,
    "fearful and cut short": fearful_and_cut_short,
    "leads on": leads_on,
    "leads in a circle": leads_in_a_circle,
    "leads nowhere": leads_nowhere,
    "leads to silence": leads_to_silence,
    "circle inside": says("mx1.example.test. 60 IN CNAME b.test.", "b.test. 60 IN CNAME mx1.example.test."),
    "explains": explains,
    "garbage": garbage,
    "lies first": lies_first,
}


def compare(question: Question, *names: str, patience: Patience = SILENCE) -> Answer:
    """The answer of servers that follow the scripts with these names, which is that of the resolver."""

    async def story() -> tuple[Answer, Answer]:
        async with several([SCRIPTS[name] for name in names]) as servers:
            resolvers = await Resolver(ask_over_sockets, servers, patience).ask(question)
            async with Stub(servers, patience) as stub:
                return resolvers, await stub.ask(question)

    resolvers, ours = play(story())
    assert replace(ours, elapsed=0) == replace(resolvers, elapsed=0)
    assert ours.elapsed == pytest.approx(resolvers.elapsed, abs=0.1)
    return ours


@pytest.mark.parametrize("name", SCRIPTS)
def test_of_one_server_it_answers_as_the_resolver_does(name: str) -> None:
    compare(A, name)


@pytest.mark.slow
@given(st.lists(st.sampled_from(list(SCRIPTS)), min_size=2, max_size=3))
@settings(max_examples=25)
def test_of_several_servers_it_answers_as_the_resolver_does(names: list[str]) -> None:
    compare(A, *names)


@pytest.mark.parametrize(
    "question",
    [
        MX,
        Question(name="a" * 64 + ".test", rrtype=RecordType.A),
        Question(name="a..test", rrtype=RecordType.A),
        Question(name="odd\\.name.test", rrtype=RecordType.TXT),
        Question(name="mx1.example.test", rrtype=RecordType.CNAME),
        Question(name=".", rrtype=RecordType.NS),
    ],
)
@pytest.mark.parametrize("name", ["nothing", "leads on", "not there"])
def test_of_other_questions_it_answers_as_the_resolver_does(question: Question, name: str) -> None:
    if question.name == "." and name == "leads on":
        return
    compare(question, name)


def test_time_runs_out_as_the_resolvers_does() -> None:
    answer = compare(A, *["silent"] * 3, patience=Patience(each=3, rounds=2, whole=10))

    assert answer.status is AnswerStatus.TIMEOUT
    assert answer.elapsed == pytest.approx(10, abs=0.1)


def test_what_comes_from_another_address_is_passed_over() -> None:
    """A stranger knows the number, the question and the port."""
    strangers: list[socket.socket] = []

    async def story() -> Answer:
        loop = asyncio.get_running_loop()

        class Ear(asyncio.DatagramProtocol):
            def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
                self.transport = transport

            def datagram_received(self, data: bytes, addr: Any) -> None:
                query = dns.message.from_wire(data)
                stranger = socket.socket(type=socket.SOCK_DGRAM)
                strangers.append(stranger)
                stranger.sendto(respond(query, "mx1.example.test. 30 IN A 203.0.113.66"), addr)
                loop.call_later(1, self.transport.sendto, address(query), addr)

        transport, _ = await loop.create_datagram_endpoint(Ear, local_addr=("127.0.0.1", 0))
        host, port = transport.get_extra_info("sockname")
        async with Stub((f"{host}:{port}",)) as stub:
            answer = await stub.ask(A)
        transport.close()
        await asyncio.sleep(0)
        return answer

    try:
        assert play(story()).addresses == TRUTH
        assert strangers
    finally:
        for stranger in strangers:
            stranger.close()


def test_two_who_ask_the_same_at_a_time_share_one_question() -> None:
    async def tell(stub: Stub) -> tuple[list[Answer], int]:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(stub.ask(A)) for _ in range(3)]
        return [task.result() for task in tasks], stub.sent

    answers, sent = with_stub(tell, truthful)

    assert sent == 1
    assert all(answer is answers[0] for answer in answers)


def test_whoever_causes_the_queries_is_told_how_many() -> None:
    async def tell(stub: Stub) -> list[int]:
        told: list[int] = []
        done = asyncio.Event()

        def hear(answer: Answer, queries: int) -> None:
            told.append(queries)
            if len(told) == 2:
                done.set()

        assert stub.begin(A, hear) is None
        assert stub.begin(A, hear) is None
        assert told == []
        await done.wait()
        assert stub.begin(A, hear) is not None
        return told

    assert with_stub(tell, cut_short) == [2, 0]


@pytest.mark.parametrize(
    ("script", "lasts"),
    [
        (truthful, 30),
        (SCRIPTS["alias inside"], 30),
        (SCRIPTS["secure"], 20),
        (SCRIPTS["nothing"], 300),
        (SCRIPTS["nobody"], 300),
        (SCRIPTS["servfail"], 30),
    ],
)
def test_an_answer_is_remembered_for_as_long_as_it_says(script: Script, lasts: float) -> None:
    async def tell(stub: Stub) -> tuple[Answer, Answer, Answer]:
        first = await stub.ask(A)
        await asyncio.sleep(lasts - 1)
        again = await stub.ask(A)
        await asyncio.sleep(2)
        return first, again, await stub.ask(A)

    first, again, later = with_stub(tell, script)

    assert again is first
    assert later is not first
    assert replace(later, elapsed=0) == replace(first, elapsed=0)


@pytest.mark.parametrize("script", [lambda query, tcp: [address(query, ttl=0)], SCRIPTS["nothing at all"]])
def test_what_may_not_be_remembered_is_asked_for_again(script: Script) -> None:
    async def tell(stub: Stub) -> int:
        await stub.ask(A)
        await stub.ask(A)
        return stub.sent

    assert with_stub(tell, script) == 2


class Crowd:
    """A server that answers many at a time, and sees what is on its way to it, by port and number."""

    def __init__(self, delay: float = 0.05) -> None:
        self.delay = delay
        self.ports: set[int] = set()
        self.most = 0
        self._open: set[tuple[int, int]] = set()
        self.clashes = 0

    async def ask(self, questions: Iterator[Question], sharing: Sharing) -> list[Answer]:
        """What a stub is answered to all of the questions, at once."""
        loop = asyncio.get_running_loop()
        crowd = self

        class Ear(asyncio.DatagramProtocol):
            def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
                self.transport = transport

            def datagram_received(self, data: bytes, addr: Any) -> None:
                key = (addr[1], int.from_bytes(data[:2], "big"))
                crowd.clashes += key in crowd._open
                crowd._open.add(key)
                crowd.ports.add(addr[1])
                crowd.most = max(crowd.most, len(crowd._open))
                loop.call_later(crowd.delay, self.answer, data, addr)

            def answer(self, data: bytes, addr: Any) -> None:
                crowd._open.discard((addr[1], int.from_bytes(data[:2], "big")))
                head = data[:2] + bytes.fromhex("81800001000100000000")
                question = data[12 : data.index(b"\0", 12) + 5]
                record = bytes.fromhex("c00c000100010000001e0004c0000201")
                self.transport.sendto(head + question + record, addr)

        transport, _ = await loop.create_datagram_endpoint(Ear, local_addr=("127.0.0.1", 0))
        host, port = transport.get_extra_info("sockname")
        try:
            async with Stub((f"{host}:{port}",), SILENCE, sharing) as stub, asyncio.TaskGroup() as group:
                tasks = [group.create_task(stub.ask(question)) for question in questions]
            return [task.result() for task in tasks]
        finally:
            transport.close()
            await asyncio.sleep(0)


def numbered(count: int) -> Iterator[Question]:
    return (Question(name=f"h{number}.example.test", rrtype=RecordType.A) for number in range(count))


@pytest.mark.slow
def test_a_storm_of_questions_is_answered_with_few_on_their_way() -> None:
    crowd = Crowd()
    answers = play(crowd.ask(numbered(5000), Sharing(in_flight=100, queries=200)))

    assert {answer.status for answer in answers} == {AnswerStatus.FOUND}
    assert [answer.question.name for answer in answers] == [question.name for question in numbered(5000)]
    assert crowd.clashes == 0
    assert crowd.most <= 100
    assert len(crowd.ports) >= 5000 / 200


def test_there_is_more_room_where_nothing_is_lost() -> None:
    crowd = Crowd()
    play(crowd.ask(numbered(2000), Sharing(in_flight=200)))

    assert 128 < crowd.most <= 200


def test_a_silent_server_gets_less_and_those_who_wait_are_told_in_time() -> None:
    async def tell(stub: Stub) -> list[Answer]:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(stub.ask(question)) for question in numbered(300)]
        return [task.result() for task in tasks]

    answers = with_stub(tell, silent, patience=SILENCE, sharing=Sharing(in_flight=20))

    assert {answer.status for answer in answers} == {AnswerStatus.TIMEOUT}
    assert max(answer.elapsed for answer in answers) <= SILENCE.whole + 0.2
    assert min(answer.tries for answer in answers) == 0


def test_a_server_that_was_silent_for_long_is_asked_last() -> None:
    async def tell(stub: Stub) -> tuple[list[Answer], Answer, Answer]:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(stub.ask(question)) for question in numbered(40)]
        soon = await stub.ask(A)
        await asyncio.sleep(11)
        return [task.result() for task in tasks], soon, await stub.ask(MX)

    slow, soon, later = with_stub(tell, silent, SCRIPTS["nothing"])

    assert {answer.tries for answer in slow} == {2}
    assert (soon.tries, later.tries) == (1, 2)


def test_a_deadline_ends_the_waiting_of_whoever_has_it_alone() -> None:
    async def tell(stub: Stub) -> tuple[Answer, Answer]:
        loop = asyncio.get_running_loop()
        async with asyncio.TaskGroup() as group:
            patient = group.create_task(stub.ask(A))
            hurried = group.create_task(stub.ask(A, loop.time() + 1))
        return patient.result(), hurried.result()

    patient, hurried = with_stub(tell, silent, patience=SILENCE)

    assert hurried.status is AnswerStatus.TIMEOUT
    assert hurried.elapsed == pytest.approx(1, abs=0.1)
    assert patient.elapsed == pytest.approx(6, abs=0.1)


def test_of_very_many_answers_the_latest_are_remembered() -> None:
    async def tell(stub: Stub) -> tuple[int, int]:
        for question in numbered(50):
            await stub.ask(question)
        remembered = len(stub.known)
        before = stub.sent
        await stub.ask(Question(name="h49.example.test", rrtype=RecordType.A))
        await stub.ask(Question(name="h0.example.test", rrtype=RecordType.A))
        return remembered, stub.sent - before

    remembered, asked_again = with_stub(tell, truthful, sharing=Sharing(remembered=20))

    assert remembered <= 20
    assert asked_again == 1


def test_no_socket_is_left_open() -> None:
    async def story() -> None:
        async with several([truthful]) as names:
            async with Stub(names, sharing=Sharing(queries=3)) as stub:
                for question in numbered(40):
                    await stub.ask(question)
            async with Stub(names) as stub, asyncio.timeout(1):
                await asyncio.sleep(0.1)

    play(story())  # a socket that is not closed is a warning, and warnings are errors


def test_over_tcp_silence_is_a_timeout_and_closing_ends_it() -> None:
    def mute(query: dns.message.Message, tcp: bool) -> list[bytes]:
        return [] if tcp else cut_short(query, tcp)

    async def tell(stub: Stub) -> Answer:
        answer = await stub.ask(A)
        stub.begin(MX, lambda answer, queries: None)
        await asyncio.sleep(0.5)
        return answer

    answer = with_stub(tell, mute, patience=Patience(each=3, rounds=1))

    assert answer.status is AnswerStatus.TIMEOUT
    assert answer.elapsed == pytest.approx(3, abs=0.1)
