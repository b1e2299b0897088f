"""The stub: tries, servers, truncation, aliases and every way of not getting an answer; nothing is believed unasked."""

import asyncio
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxprobe.errors import CouldNotLook, InputError
from mxprobe.facts.dns import AddressRecord, Alias, Answer, AnswerStatus, MxRecord, Question, RecordType, TextRecord
from mxprobe.wire.exchange import ask_over_sockets, join_server, name_servers, split_server, system_servers
from mxprobe.wire.resolver import Patience, Resolver
from mxprobe.wire.responses import is_answer_to, make_query, read_response
from tests.wire.hosts import play
from tests.wire.namehosts import respond

MX = Question(name="example.test", rrtype=RecordType.MX)
A = Question(name="mx1.example.test", rrtype=RecordType.A)

Reply = bytes | BaseException | None
Server = Callable[[dns.message.Message, bool], Reply]


def ask(
    question: Question, *servers: Server, patience: Patience | None = None
) -> tuple[Answer, list[tuple[str, bool]]]:
    """The answer of these servers, and whom the stub asked (server, over TCP)."""
    asked: list[tuple[str, bool]] = []

    async def exchange(query: bytes, server: str, tcp: bool, deadline: float) -> bytes:
        asked.append((server, tcp))
        reply = servers[int(server)](dns.message.from_wire(query), tcp)
        if reply is None:
            await asyncio.sleep(1e6)
        if isinstance(reply, BaseException):
            raise reply
        assert reply is not None
        return reply

    async def story() -> Answer:
        names = tuple(str(number) for number in range(len(servers)))
        return await Resolver(exchange, names, patience).ask(question)

    return play(story()), asked


def test_the_query_asks_for_recursion_and_authenticated_data() -> None:
    query = dns.message.from_wire(make_query(MX))

    assert query.flags & (dns.flags.RD | dns.flags.AD) == dns.flags.RD | dns.flags.AD
    assert query.edns == 0
    assert query.payload == 1232
    assert query.ednsflags & dns.flags.DO


def test_records_are_told_as_they_came() -> None:
    lines = ("example.test. 300 IN MX 20 B.example.test.", "example.test. 300 IN MX 10 a.Example.TEST.")
    answer, asked = ask(MX, lambda query, tcp: respond(query, *lines, flags=dns.flags.AD))

    assert answer.status is AnswerStatus.FOUND
    assert set(answer.mx) == {
        MxRecord(preference=20, exchange="b.example.test", ttl=300),
        MxRecord(preference=10, exchange="a.example.test", ttl=300),
    }
    assert answer.authenticated is True
    assert (answer.tries, answer.server, asked) == (1, "0", [("0", False)])


def test_the_null_mx_is_the_root() -> None:
    answer, _ = ask(MX, lambda query, tcp: respond(query, "example.test. 300 IN MX 0 ."))

    assert answer.mx == (MxRecord(preference=0, exchange=".", ttl=300),)


def test_absence_is_told_with_its_lifetime() -> None:
    nothing, _ = ask(MX, lambda query, tcp: respond(query, soa=True))
    nobody, _ = ask(MX, lambda query, tcp: respond(query, soa=True, rcode=dns.rcode.NXDOMAIN))

    assert (nothing.status, nothing.negative_ttl) == (AnswerStatus.NODATA, 300)
    assert (nobody.status, nobody.negative_ttl) == (AnswerStatus.NXDOMAIN, 300)


def test_aliases_inside_the_response_are_followed() -> None:
    lines = ("mx1.example.test. 60 IN CNAME x.example.test.", "x.example.test. 30 IN A 192.0.2.1")
    answer, asked = ask(A, lambda query, tcp: respond(query, *lines))

    assert answer.aliases == (Alias(name="mx1.example.test", points_to="x.example.test", ttl=60),)
    assert answer.addresses == (AddressRecord(address="192.0.2.1", ttl=30),)
    assert len(asked) == 1


def test_an_alias_left_open_is_asked_on() -> None:
    def server(query: dns.message.Message, tcp: bool) -> bytes:
        if query.question[0].name.to_text() == "mx1.example.test.":
            return respond(query, "mx1.example.test. 60 IN CNAME host.other.test.")
        return respond(query, "host.other.test. 30 IN A 192.0.2.1")

    answer, asked = ask(A, server)

    assert answer.question == A
    assert answer.status is AnswerStatus.FOUND
    assert [alias.points_to for alias in answer.aliases] == ["host.other.test"]
    assert (len(asked), answer.tries) == (2, 2)


@pytest.mark.parametrize("length", [1, 2, 40])
def test_aliases_in_a_circle_or_without_end_are_a_loop(length: int) -> None:
    def server(query: dns.message.Message, tcp: bool) -> bytes:
        name = query.question[0].name.to_text()
        number = 0 if name == "mx1.example.test." else int(name.split(".")[0][1:])
        target = "mx1.example.test." if number + 1 == length else f"a{number + 1}.example.test."
        return respond(query, f"{name} 60 IN CNAME {target}")

    answer, asked = ask(A, server)

    assert answer.status is AnswerStatus.ALIAS_LOOP
    assert len(asked) <= 17


def test_a_truncated_answer_is_asked_again_over_tcp() -> None:
    def server(query: dns.message.Message, tcp: bool) -> bytes:
        if not tcp:
            return respond(query, flags=dns.flags.TC)
        return respond(query, "mx1.example.test. 30 IN A 192.0.2.1")

    answer, asked = ask(A, server)

    assert answer.status is AnswerStatus.FOUND
    assert answer.truncated
    assert asked == [("0", False), ("0", True)]


@pytest.mark.parametrize(
    ("rcode", "status"),
    [
        (dns.rcode.SERVFAIL, AnswerStatus.SERVFAIL),
        (dns.rcode.REFUSED, AnswerStatus.REFUSED),
        (dns.rcode.NOTIMP, AnswerStatus.REFUSED),
        (dns.rcode.FORMERR, AnswerStatus.MALFORMED),
    ],
)
def test_failures_keep_their_names_and_every_server_is_asked_twice(
    rcode: dns.rcode.Rcode, status: AnswerStatus
) -> None:
    def server(query: dns.message.Message, tcp: bool) -> bytes:
        return respond(query, rcode=rcode)

    answer, asked = ask(MX, server, server)

    assert answer.status is status
    assert answer.status.is_temporary
    assert answer.tries == 4
    assert {name for name, _ in asked} == {"0", "1"}
    assert dns.rcode.to_text(rcode) in (answer.detail or "")


def test_the_next_server_answers_where_the_first_fails() -> None:
    answer, _ = ask(
        A,
        lambda query, tcp: respond(query, rcode=dns.rcode.SERVFAIL),
        lambda query, tcp: respond(query, "mx1.example.test. 30 IN A 192.0.2.1"),
    )

    assert (answer.status, answer.server, answer.tries) == (AnswerStatus.FOUND, "1", 2)


def test_a_server_that_fears_edns_is_asked_without() -> None:
    def server(query: dns.message.Message, tcp: bool) -> bytes:
        if query.edns >= 0:
            return respond(query, rcode=dns.rcode.FORMERR)
        return respond(query, "mx1.example.test. 30 IN A 192.0.2.1")

    answer, asked = ask(A, server)

    assert answer.status is AnswerStatus.FOUND
    assert len(asked) == 2


def test_a_silent_server_is_a_timeout_of_known_length() -> None:
    answer, asked = ask(MX, lambda query, tcp: None, patience=Patience(each=3, rounds=2, whole=20))

    assert answer.status is AnswerStatus.TIMEOUT
    assert answer.elapsed == pytest.approx(6.0)
    assert len(asked) == 2


def test_the_whole_question_has_a_deadline() -> None:
    answer, _ = ask(MX, *[lambda query, tcp: None] * 5, patience=Patience(each=3, rounds=2, whole=10))

    assert answer.status is AnswerStatus.TIMEOUT
    assert answer.elapsed == pytest.approx(10.0)


def test_servfail_says_more_than_silence() -> None:
    answer, _ = ask(MX, lambda query, tcp: None, lambda query, tcp: respond(query, rcode=dns.rcode.SERVFAIL))

    assert answer.status is AnswerStatus.SERVFAIL


def test_a_refused_connection_is_unreachable() -> None:
    answer, _ = ask(MX, lambda query, tcp: ConnectionRefusedError(111, "Connection refused"))

    assert answer.status is AnswerStatus.UNREACHABLE


@pytest.mark.parametrize("name", ["a" * 64 + ".test", ".".join(["a" * 60] * 5), "a..test"])
def test_a_name_that_cannot_be_asked_for_is_malformed_and_nobody_is_asked(name: str) -> None:
    answer, asked = ask(Question(name=name, rrtype=RecordType.A), lambda query, tcp: None)

    assert answer.status is AnswerStatus.MALFORMED
    assert asked == []


@given(st.binary(max_size=80), st.integers(0, 200), st.booleans())
def test_no_bytes_make_the_reader_raise(noise: bytes, cut: int, keep_head: bool) -> None:
    query = make_query(MX)
    good = respond(dns.message.from_wire(query), "example.test. 300 IN MX 20 b.example.test.", soa=True)
    wire = good[:cut] + noise if keep_head else query[:2] + noise

    response = read_response(wire, query, MX)

    assert response.answer.question == MX


TLSA = Question(name="_25._tcp.mx1.example.test", rrtype=RecordType.TLSA)


def _tlsa_response(query: bytes, *records: bytes) -> bytes:
    response = dns.message.make_response(dns.message.from_wire(query))
    generic = [dns.rdata.GenericRdata(dns.rdataclass.IN, dns.rdatatype.TLSA, record) for record in records]
    response.answer.append(dns.rrset.from_rdata_list(dns.name.from_text(TLSA.name), 300, generic))
    return response.to_wire()


def test_tlsa_records_of_a_wrong_length_are_read_beside_right_ones() -> None:
    query = make_query(TLSA)
    right = bytes((3, 1, 1)) + b"\xab" * 32

    answer = read_response(_tlsa_response(query, right, b"\x03\x01\x01\xab\xcd", b"\x03", b""), query, TLSA).answer

    assert answer.status is AnswerStatus.FOUND
    assert {record.text for record in answer.records if isinstance(record, TextRecord)} == {
        "3 1 1 " + "ab" * 32,
        "3 1 1 abcd",
        "\\# 1 03",
        "\\# 0",
    }


@given(st.binary(max_size=80), st.integers(0, 200), st.booleans())
def test_no_bytes_make_the_reader_of_tlsa_raise(noise: bytes, cut: int, keep_head: bool) -> None:
    query = make_query(TLSA)
    wire = _tlsa_response(query, b"\x03\x01\x01\xab")[:cut] + noise if keep_head else query[:2] + noise

    assert read_response(wire, query, TLSA).answer.question == TLSA


@pytest.mark.parametrize(("first", "second"), [(False, True), (True, False), (True, True)])
def test_an_answer_behind_an_alias_is_as_secure_as_the_alias(first: bool, second: bool) -> None:
    def server(query: dns.message.Message, tcp: bool) -> bytes:
        if query.question[0].name.to_text() == "mx1.example.test.":
            return respond(query, "mx1.example.test. 60 IN CNAME host.other.test.", flags=dns.flags.AD * first)
        return respond(query, "host.other.test. 30 IN A 192.0.2.1", flags=dns.flags.AD * second)

    assert ask(A, server)[0].authenticated is (first and second)


def test_what_belongs_to_another_question_is_no_answer() -> None:
    query = make_query(MX)
    other = dns.message.from_wire(make_query(A))
    other.id = dns.message.from_wire(query).id
    good = respond(dns.message.from_wire(query))

    assert is_answer_to(good, query)
    assert not is_answer_to(bytes([good[0] ^ 1]) + good[1:], query)
    assert not is_answer_to(query, query)
    assert not is_answer_to(respond(other), query)
    assert not is_answer_to(good[:11], query)


@asynccontextmanager
async def nameserver(udp: Callable[[bytes], list[bytes]], tcp: Callable[[bytes], bytes]) -> AsyncIterator[str]:
    """A name server on real sockets of this machine."""

    class Ear(asyncio.DatagramProtocol):
        def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
            self.transport = transport

        def datagram_received(self, data: bytes, addr: object) -> None:
            for reply in udp(data):
                self.transport.sendto(reply, addr)  # type: ignore[arg-type]

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        (length,) = struct.unpack("!H", await reader.readexactly(2))
        reply = tcp(await reader.readexactly(length))
        writer.write(struct.pack("!H", len(reply)) + reply)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(Ear, local_addr=("127.0.0.1", port))
    try:
        yield join_server("127.0.0.1", port)
    finally:
        transport.close()
        server.close()
        await server.wait_closed()
        await asyncio.sleep(0)


def truthful(query: bytes) -> bytes:
    return respond(dns.message.from_wire(query), "mx1.example.test. 30 IN A 192.0.2.1")


async def test_over_real_sockets_lies_are_passed_over_and_the_truth_is_taken() -> None:
    def udp(query: bytes) -> list[bytes]:
        lie = respond(dns.message.from_wire(query), "mx1.example.test. 30 IN A 203.0.113.66")
        return [b"", b"noise", bytes([lie[0] ^ 1]) + lie[1:], query, truthful(query)]

    async with nameserver(udp, truthful) as server:
        answer = await Resolver(ask_over_sockets, (server,)).ask(A)

    assert answer.addresses == (AddressRecord(address="192.0.2.1", ttl=30),)
    assert answer.server == server


async def test_over_real_sockets_truncation_goes_to_tcp() -> None:
    def udp(query: bytes) -> list[bytes]:
        return [respond(dns.message.from_wire(query), flags=dns.flags.TC)]

    async with nameserver(udp, truthful) as server:
        answer = await Resolver(ask_over_sockets, (server,)).ask(A)

    assert answer.truncated
    assert answer.status is AnswerStatus.FOUND


async def test_over_real_sockets_a_server_that_is_not_there_is_unreachable_at_once() -> None:
    async with nameserver(lambda query: [], truthful) as server:
        pass
    answer = await Resolver(ask_over_sockets, (server,), Patience(each=5)).ask(A)

    assert answer.status is AnswerStatus.UNREACHABLE
    assert answer.elapsed < 1


@pytest.mark.parametrize(
    ("text", "server"),
    [
        ("192.0.2.53", "192.0.2.53:53"),
        ("127.0.0.1:5353", "127.0.0.1:5353"),
        ("2001:db8::53", "[2001:db8::53]:53"),
        ("[2001:db8::53]:5353", "[2001:db8::53]:5353"),
        ("[::1]", "[::1]:53"),
    ],
)
def test_a_name_server_may_be_written_in_these_ways(text: str, server: str) -> None:
    assert name_servers((text,)) == (server,)
    assert join_server(*split_server(server)) == server


@pytest.mark.parametrize("text", ["", "ns1.example.test", "192.0.2.53:x", "192.0.2.53:0", "127.0.0.1:70000"])
def test_what_is_no_name_server_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="not the address of a name server"):
        name_servers((text,))


def test_the_systems_servers_are_read_and_odd_lines_passed_over(tmp_path: Path) -> None:
    file = tmp_path / "resolv.conf"
    file.write_text(
        "# x\nsearch example.test\nnameserver 192.0.2.53\nnameserver nonsense\nnameserver ::1\noptions ndots:1\n"
    )

    assert system_servers(file) == ("192.0.2.53:53", "[::1]:53")


def test_without_a_name_server_nothing_can_be_looked_at(tmp_path: Path) -> None:
    file = tmp_path / "resolv.conf"
    with pytest.raises(CouldNotLook, match="--nameserver"):
        system_servers(file)
    file.write_text("search example.test\n")
    with pytest.raises(CouldNotLook, match="--nameserver"):
        system_servers(file)
