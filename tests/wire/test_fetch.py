"""Fetching a policy: every way to fail is a value, told in time, and no host can make it costly."""

import asyncio
import gc
import tracemalloc
from collections.abc import Callable, Iterator
from itertools import repeat
from typing import Any

import pytest

from mxprobe import __version__
from mxprobe.facts.codec import decode, encode
from mxprobe.facts.policy import FetchStatus, PolicyFetch
from mxprobe.facts.session import Endpoint
from mxprobe.lab.memory import MemoryNetwork, SynAnswer
from mxprobe.lab.policyhost import policy_protocol
from mxprobe.mx.mtasts import read_policy
from mxprobe.scenario.reaction import CertificateKind, Present
from mxprobe.wire.dial import connect
from mxprobe.wire.fetch import fetch_policy
from mxprobe.wire.get import LARGEST_BODY, MOST_HEARD
from mxprobe.wire.resolver import Patience, Resolver
from mxprobe.wire.tls import TlsEngine
from tests.support.policies import (
    ADDRESS,
    DOMAIN,
    EPOCH,
    HOST,
    LATENCY,
    POLICY,
    fetch_from,
    inside_tls,
    means,
    over,
    play,
    resolver,
    seams,
)

OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"


class Sayer(asyncio.Protocol):
    """Answers any request with these pieces, as fast as they are read or `every` so many seconds."""

    def __init__(self, pieces: Iterator[bytes], every: float | None = None, hangs_up: bool = True) -> None:
        self.pieces, self.every, self.hangs_up = pieces, every, hangs_up
        self.request = b""
        self.may_write = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: Any = transport

    def data_received(self, data: bytes) -> None:
        self.request += data
        if self.request.endswith(b"\r\n\r\n"):
            self.say()

    def say(self) -> None:
        while self.may_write and not self.transport.is_closing():
            piece = next(self.pieces, None)
            if piece is None:
                if self.hangs_up:
                    self.transport.close()
                return
            self.transport.write(piece)
            if self.every is not None:
                asyncio.get_running_loop().call_later(self.every, self.say)
                return

    def pause_writing(self) -> None:
        self.may_write = False

    def resume_writing(self) -> None:
        self.may_write = True
        self.say()


def saying(*pieces: bytes, **manner: Any) -> Callable[[], Callable[[], asyncio.BaseProtocol]]:
    """A host with a valid certificate that says these pieces."""
    return lambda: inside_tls(lambda: Sayer(iter(pieces), **manner))


def for_ever(first: bytes, piece: bytes) -> Callable[[], Callable[[], asyncio.BaseProtocol]]:
    def pieces() -> Iterator[bytes]:
        yield first
        yield from repeat(piece)

    return lambda: inside_tls(lambda: Sayer(pieces()))


class Raw(asyncio.Protocol):
    """Says bytes without TLS, once or without end, whatever it hears."""

    def __init__(self, octets: bytes, times: int = 1) -> None:
        self.octets, self.times = octets, times

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        for _ in range(self.times):
            transport.write(self.octets)  # type: ignore[attr-defined]


# -- a fetch that works ------------------------------------------------------------------------------------------------


def test_a_policy_is_fetched_and_the_fetch_is_told() -> None:
    fetch = fetch_from(lambda: policy_protocol(seams()))

    assert fetch.status is FetchStatus.FETCHED
    assert read_policy(fetch.body) == POLICY
    assert (fetch.domain, fetch.code, fetch.detail) == (DOMAIN, 200, "")
    assert fetch.endpoint == Endpoint(host=HOST, address=ADDRESS, port=443)
    assert fetch.started_at == EPOCH
    assert fetch.tls is not None
    assert (fetch.tls.server_name, fetch.tls.verdict.is_valid) == (HOST, True)
    assert decode(encode(fetch), PolicyFetch) == fetch


def test_it_takes_four_round_trips_the_first_for_names() -> None:
    assert fetch_from(lambda: policy_protocol(seams())).elapsed == pytest.approx(4 * 2 * LATENCY)


def test_the_request_is_one_get_of_the_well_known_place() -> None:
    asked: list[Sayer] = []

    def host() -> Callable[[], asyncio.BaseProtocol]:
        def talk() -> Sayer:
            asked.append(Sayer(iter([OK + b"Content-Length: 0\r\n\r\n"])))
            return asked[-1]

        return inside_tls(talk)

    fetch_from(host)

    assert [sayer.request for sayer in asked] == [
        b"GET /.well-known/mta-sts.txt HTTP/1.1\r\nHost: mta-sts.example.test\r\n"
        b"User-Agent: mxprobe/" + __version__.encode() + b"\r\nAccept: text/plain\r\nConnection: close\r\n\r\n"
    ]


@pytest.mark.parametrize(
    "pieces",
    [
        (OK, b"Content-Length: 5\r\n\r\n", b"hello"),
        (OK + b"Content-Length: 5\r\n\r\nhello and more",),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n", b"2\r\nhe\r\n", b"3\r\nllo\r\n", b"0\r\n\r\n"),
        (OK + b"\r\n", b"hel", b"lo"),
        (b"HTTP/1.0 200 OK\r\ncontent-type: TEXT/Plain; charset=utf-8\r\n\r\nhello",),
        (b"HTTP/1.1 103 Early Hints\r\n\r\n", OK + b"Content-Length: 5\r\n\r\nhello"),
    ],
)
def test_a_body_counts_in_whatever_framing_it_comes(pieces: tuple[bytes, ...]) -> None:
    fetch = fetch_from(saying(*pieces))

    assert (fetch.status, fetch.body) == (FetchStatus.FETCHED, b"hello")


def test_a_body_of_64_kilobytes_is_not_too_large() -> None:
    head = OK + f"Content-Length: {LARGEST_BODY}\r\n\r\n".encode()

    assert len(fetch_from(saying(head, b"x" * LARGEST_BODY)).body) == LARGEST_BODY


# -- answers that do not count -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "status", "code", "detail"),
    [
        (b"HTTP/1.1 404 Not Found\r\n\r\n", FetchStatus.HTTP_STATUS, 404, "answers 404 Not Found"),
        (b"HTTP/1.1 204 \r\n\r\n", FetchStatus.HTTP_STATUS, 204, "answers 204"),
        (b"HTTP/1.1 503 \x1b\xff\r\n\r\n", FetchStatus.HTTP_STATUS, 503, r"answers 503 \x1b\xff"),
        (
            b"HTTP/1.1 301 Moved\r\nLocation: https://www.example.test/\r\n\r\n",
            FetchStatus.REDIRECT,
            301,
            "answers 301 https://www.example.test/",
        ),
        (b"HTTP/1.1 304 Not Modified\r\n\r\n", FetchStatus.REDIRECT, 304, "answers 304"),
        (b"HTTP/1.1 200 OK\r\n\r\n", FetchStatus.WRONG_TYPE, 200, "says no Content-Type"),
        (
            b"HTTP/1.1 200 OK\r\nContent-Type: text/html; x=y\r\n\r\n",
            FetchStatus.WRONG_TYPE,
            200,
            "is text/html; x=y, not text/plain",
        ),
        (OK + b"Content-Length: 65537\r\n\r\n", FetchStatus.TOO_LARGE, 200, "the body has 65537 bytes"),
        (b"220 mx1 ESMTP\r\n\r\n", FetchStatus.MALFORMED, None, ""),
        (OK + b"Content-Length: many\r\n\r\n", FetchStatus.MALFORMED, None, ""),
        (OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", FetchStatus.MALFORMED, 200, ""),
        (OK + b"Content-Length: 5\r\n\r\nhel", FetchStatus.CLOSED, 200, ""),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhel", FetchStatus.CLOSED, 200, ""),
        (OK, FetchStatus.CLOSED, None, ""),
        (b"", FetchStatus.CLOSED, None, ""),
    ],
)
def test_an_answer_that_does_not_count_says_why(
    answer: bytes, status: FetchStatus, code: int | None, detail: str
) -> None:
    fetch = fetch_from(saying(answer))

    assert (fetch.status, fetch.code, fetch.body) == (status, code, b"")
    assert fetch.detail == detail if detail else fetch.detail
    assert fetch.detail.isprintable()
    assert fetch.elapsed < 1


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (CertificateKind.EXPIRED, "expired"),
        (CertificateKind.NOT_YET_VALID, "not valid yet"),
        (CertificateKind.WRONG_NAME, "made out to another.invalid, not to mta-sts.example.test"),
        (CertificateKind.SELF_SIGNED, "self-signed"),
        (CertificateKind.UNKNOWN_AUTHORITY, "the issuer is not known here"),
    ],
)
def test_a_bad_certificate_ends_the_fetch_before_anything_is_asked(kind: CertificateKind, words: str) -> None:
    paths: list[str] = []

    def host() -> Callable[[], asyncio.BaseProtocol]:
        def react(moment: Any) -> Any:
            if moment.path is not None:
                paths.append(moment.path)
            return () if moment.path else (Present(kind=kind),)

        return policy_protocol(seams(react))

    fetch = fetch_from(host)

    assert (fetch.status, fetch.code, paths) == (FetchStatus.BAD_CERTIFICATE, None, [])
    assert words in fetch.detail


def test_dates_are_judged_at_the_given_moment() -> None:
    fetch = fetch_from(lambda: policy_protocol(seams()), wall=lambda: EPOCH + 30 * 365 * 86400)

    assert (fetch.status, fetch.detail) == (FetchStatus.BAD_CERTIFICATE, "expired")


# -- before the first byte ---------------------------------------------------------------------------------------------


def tried(answer: SynAnswer | None, *addresses: str, **changes: Any) -> PolicyFetch:
    """A fetch where the policy's host has these addresses and SYNs to the first end so."""

    async def story() -> PolicyFetch:
        network = MemoryNetwork(latency=LATENCY)
        for address in addresses[1:]:
            network.listen(address, 443, policy_protocol(seams()))
        if addresses:
            network.add_address(addresses[0])
            network.on_syn = lambda address, port: answer if address == addresses[0] else None
        fetch = await fetch_policy(DOMAIN, means(over(network), resolver(*addresses), **changes))
        await asyncio.sleep(200)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        assert not network.open_ends
        return fetch

    return play(story())


@pytest.mark.parametrize(
    ("answer", "status", "elapsed"),
    [
        (SynAnswer.REFUSE, FetchStatus.REFUSED, 0.04),
        (SynAnswer.UNREACHABLE, FetchStatus.UNREACHABLE, 0.04),
        (SynAnswer.DROP, FetchStatus.TIMEOUT, 20.02),
    ],
)
def test_a_connection_that_cannot_be_made(answer: SynAnswer, status: FetchStatus, elapsed: float) -> None:
    fetch = tried(answer, ADDRESS)

    assert (fetch.status, fetch.tls) == (status, None)
    assert fetch.detail
    assert fetch.elapsed == pytest.approx(elapsed)


@pytest.mark.parametrize("answer", [SynAnswer.REFUSE, SynAnswer.UNREACHABLE, SynAnswer.DROP])
def test_the_next_address_is_tried_in_its_place(answer: SynAnswer) -> None:
    fetch = tried(answer, ADDRESS, "2001:db8::7")

    assert fetch.status is FetchStatus.FETCHED
    assert fetch.endpoint is not None
    assert fetch.endpoint.address == "2001:db8::7"


def test_a_family_that_is_not_asked_for_is_not_tried() -> None:
    fetch = tried(SynAnswer.REFUSE, ADDRESS, "2001:db8::7", families=(4,))

    assert fetch.status is FetchStatus.REFUSED


def test_a_host_without_an_address_is_not_one_that_could_not_be_looked_up() -> None:
    async def silence(query: bytes, server: str, over_tcp: bool, deadline: float) -> bytes:
        await asyncio.sleep(deadline - asyncio.get_running_loop().time())
        raise TimeoutError

    async def story() -> PolicyFetch:
        mute = Resolver(silence, ("192.0.2.1:53",), Patience(each=3, rounds=2))
        return await fetch_policy(DOMAIN, means(over(MemoryNetwork()), mute))

    absent, unknown = tried(None), play(story())

    assert (absent.status, absent.endpoint) == (FetchStatus.NO_ADDRESS, None)
    assert absent.detail == "mta-sts.example.test has no address"
    assert (unknown.status, unknown.elapsed) == (FetchStatus.LOOKUP_FAILED, 6.0)


async def test_a_refusal_on_a_real_socket() -> None:
    server = await asyncio.get_running_loop().create_server(asyncio.Protocol, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()

    fetch = await fetch_policy(DOMAIN, means(connect, resolver("127.0.0.1"), port=port))

    assert (fetch.status, fetch.detail) == (FetchStatus.REFUSED, "Connection refused")


def test_an_error_of_this_machine_is_not_blamed_on_the_host() -> None:
    async def story() -> PolicyFetch:
        async def no_descriptors(endpoint: Endpoint) -> Any:
            raise OSError(24, "Too many open files")

        return await fetch_policy(DOMAIN, means(no_descriptors))

    assert play(story()).status is FetchStatus.LOCAL


# -- hosts that mean harm ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "octets", [b"220 this is no TLS\r\n", b"\x16\x03\x01\x00\x05junk!", b"\x15\x03\x03\x00\x02\x02\x28", b"\x00" * 2000]
)
def test_garbage_in_the_handshake(octets: bytes) -> None:
    fetch = fetch_from(lambda: lambda: Raw(octets))

    assert fetch.status is FetchStatus.TLS
    assert fetch.detail
    assert fetch.elapsed < 1


def test_a_certificate_that_cannot_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def facts(engine: TlsEngine, elapsed: float) -> Any:
        raise ValueError("error parsing asn1 value")

    monkeypatch.setattr(TlsEngine, "facts", facts)
    fetch = fetch_from(lambda: policy_protocol(seams()))

    assert (fetch.status, fetch.detail) == (FetchStatus.TLS, "error parsing asn1 value")


def test_one_byte_a_second_ends_at_the_limit() -> None:
    answer = OK + b"Content-Length: 500\r\n\r\n" + b"x" * 500
    fetch = fetch_from(saying(*(answer[at : at + 1] for at in range(len(answer))), every=1.0))

    assert (fetch.status, fetch.detail) == (FetchStatus.TIMEOUT, "no answer in time")
    assert fetch.elapsed == 60.0


def test_a_handshake_that_does_not_begin_ends_at_the_limit() -> None:
    fetch = fetch_from(lambda: asyncio.Protocol, limit=5.0)

    assert (fetch.status, fetch.detail, fetch.elapsed) == (FetchStatus.TIMEOUT, "no handshake in time", 5.0)


def test_the_callers_deadline_counts_where_it_is_nearer() -> None:
    async def story() -> tuple[PolicyFetch, PolicyFetch]:
        network = MemoryNetwork(latency=LATENCY)
        network.listen(ADDRESS, 443, asyncio.Protocol)
        now = asyncio.get_running_loop().time
        first = await fetch_policy(DOMAIN, means(over(network)), now() + 7.0)
        return first, await fetch_policy(DOMAIN, means(over(network)), now() - 1.0)

    first, late = play(story())

    assert (first.status, first.elapsed) == (FetchStatus.TIMEOUT, 7.0)
    assert late.status in (FetchStatus.LOOKUP_FAILED, FetchStatus.TIMEOUT)
    assert late.elapsed == 0.0


@pytest.mark.parametrize(
    ("first", "piece", "status"),
    [
        (OK, b"X-More: and more\r\n" * 50, FetchStatus.TOO_LARGE),
        (OK + b"X-More: ", b"x" * 1000, FetchStatus.TOO_LARGE),
        (b"", b"HTTP/1.1 103 Early Hints\r\nLink: " + b"x" * 2000 + b"\r\n\r\n", FetchStatus.TOO_LARGE),
        (OK + b"\r\n", b"x" * 1000, FetchStatus.TOO_LARGE),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n", b"a\r\n0123456789\r\n" * 100, FetchStatus.TOO_LARGE),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n5;", b"x" * 1000, FetchStatus.TOO_LARGE),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X-More: trailers\r\n" * 50, FetchStatus.TOO_LARGE),
    ],
)
def test_what_has_no_end_ends_in_bounded_memory(first: bytes, piece: bytes, status: FetchStatus) -> None:
    fetch_from(saying(b""))  # what is made once does not count
    gc.collect()
    tracemalloc.start()
    try:
        fetch = fetch_from(for_ever(first, piece))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert fetch.status is status
    assert fetch.body == b""
    assert fetch.elapsed < 60
    assert peak < 8 * MOST_HEARD
    assert len(encode(fetch)) < 5000


def test_a_flood_in_place_of_a_handshake_ends_at_once() -> None:
    hello = b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc" + b"x" * 16380  # the beginning of one that is announced

    fetch = fetch_from(lambda: lambda: Raw(hello, 200))

    assert fetch.status in (FetchStatus.TLS, FetchStatus.TOO_LARGE)
    assert fetch.elapsed < 1


@pytest.mark.parametrize("after", [0.0, 0.01, 0.03, 0.05, 0.07, 0.5])
def test_a_cancelled_fetch_leaves_nothing_open(after: float) -> None:
    async def story() -> None:
        network = MemoryNetwork(latency=LATENCY)
        network.listen(ADDRESS, 443, inside_tls(lambda: Sayer(iter([OK]), hangs_up=False)))
        async with asyncio.TaskGroup() as group:
            fetching = group.create_task(fetch_policy(DOMAIN, means(over(network))))
            await asyncio.sleep(after)
            fetching.cancel()
        assert fetching.cancelled()
        await asyncio.sleep(200)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        assert not network.open_ends

    play(story())
