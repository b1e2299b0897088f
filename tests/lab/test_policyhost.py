"""The lab's policy host: it answers as the scenario room says, in memory and on sockets alike."""

import asyncio
import ssl
from typing import Any

import pytest

from mxprobe.facts.policy import FetchStatus, PolicyFetch
from mxprobe.facts.session import Endpoint
from mxprobe.facts.smtp import Phase
from mxprobe.lab.memory import MemoryNetwork
from mxprobe.lab.policyhost import policy_protocol
from mxprobe.mx.mtasts import POLICY_PATH, read_policy
from mxprobe.scenario.reaction import (
    BreakHandshake,
    CertificateKind,
    Close,
    Delay,
    Moment,
    Page,
    Present,
    Reaction,
    Reset,
    Silence,
)
from mxprobe.wire.dial import connect
from mxprobe.wire.fetch import fetch_policy
from tests.support.policies import (
    ADDRESS,
    AUTHORITY,
    DOMAIN,
    HOST,
    LATENCY,
    POLICY,
    fetch_from,
    means,
    play,
    resolver,
    seams,
)


def fetched(*reactions: Reaction, at: Phase | None = None) -> PolicyFetch:
    """A fetch while these reactions are in force: at the request, or in the phase."""

    def fault(moment: Moment) -> tuple[Reaction, ...]:
        return reactions if moment.phase is at else ()

    return fetch_from(lambda: policy_protocol(seams(fault)))


def test_a_host_without_faults_serves_the_policy() -> None:
    fetch = fetched()

    assert fetch.status is FetchStatus.FETCHED
    assert read_policy(fetch.body) == POLICY


def test_the_scenario_room_is_asked_before_the_handshake_and_for_the_page() -> None:
    moments: list[Moment] = []

    def note(moment: Moment) -> tuple[Reaction, ...]:
        moments.append(moment)
        return ()

    fetch_from(lambda: policy_protocol(seams(note)))

    assert [(moment.phase, moment.path, moment.secured) for moment in moments] == [
        (Phase.TLS, None, False),
        (None, POLICY_PATH, True),
    ]
    assert {(moment.host, moment.client) for moment in moments} == {(HOST, "198.18.0.1")}
    assert [round(moment.now / LATENCY) for moment in moments] == [5, 7]


@pytest.mark.parametrize("kind", CertificateKind)
def test_it_presents_the_certificate_it_is_told_to(kind: CertificateKind) -> None:
    fetch = fetched(Present(kind=kind), at=Phase.TLS)

    good = kind in (CertificateKind.VALID, CertificateKind.NEW_KEY, CertificateKind.BY_SNI)
    assert fetch.status is (FetchStatus.FETCHED if good else FetchStatus.BAD_CERTIFICATE)
    assert fetch.code == (200 if good else None)
    assert fetch.tls is not None
    assert fetch.tls.verdict.is_valid is good


@pytest.mark.parametrize(
    ("reaction", "at", "status"),
    [
        (Silence(), Phase.TLS, FetchStatus.TIMEOUT),
        (Silence(), None, FetchStatus.TIMEOUT),
        (Close(), Phase.TLS, FetchStatus.TLS),
        (Close(), None, FetchStatus.CLOSED),
        (Reset(), Phase.TLS, FetchStatus.TLS),
        (Reset(), None, FetchStatus.CLOSED),
        (BreakHandshake(), Phase.TLS, FetchStatus.TLS),
        (Page(code=404), None, FetchStatus.HTTP_STATUS),
        (Page(code=301, location="https://www.example.test/"), None, FetchStatus.REDIRECT),
        (Page(content_type="text/html"), None, FetchStatus.WRONG_TYPE),
        (Page(body=b"mx: x.test\n", endless=True), None, FetchStatus.TOO_LARGE),
    ],
)
def test_it_acts_out_what_it_is_told(reaction: Reaction, at: Phase | None, status: FetchStatus) -> None:
    assert fetched(reaction, at=at).status is status


@pytest.mark.parametrize("at", [Phase.TLS, None])
def test_a_delay_comes_before_what_follows_it(at: Phase | None) -> None:
    usual, late = fetched(), fetched(Delay(seconds=5), at=at)

    assert late.status is FetchStatus.FETCHED
    assert late.elapsed == pytest.approx(usual.elapsed + 5)


@pytest.mark.parametrize(
    ("request_", "first"),
    [
        (b"GET /index.html HTTP/1.1\r\nHost: x\r\n\r\n", b"HTTP/1.1 404 "),
        (b"HEAD " + POLICY_PATH.encode() + b" HTTP/1.1\r\nHost: x\r\n\r\n", b"HTTP/1.1 200 "),
        (b"this is no HTTP\r\n\r\n", b""),
    ],
)
def test_a_client_that_asks_for_something_else_is_answered_and_left(request_: bytes, first: bytes) -> None:
    trusting = ssl.create_default_context(cadata=AUTHORITY.pem.decode())
    heard: list[bytes] = []

    class Client(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            transport.write(request_)  # type: ignore[attr-defined]

        def data_received(self, data: bytes) -> None:
            heard.append(data)

    async def story() -> None:
        network = MemoryNetwork(latency=LATENCY)
        network.listen(ADDRESS, 443, policy_protocol(seams()))
        sock = await network.connect(ADDRESS, 443)
        loop = asyncio.get_running_loop()
        await loop.create_connection(Client, sock=sock, ssl=trusting, server_hostname=HOST)  # type: ignore[call-overload]
        await asyncio.sleep(60)
        assert not network.open_ends

    play(story())
    answer = b"".join(heard)
    assert answer.startswith(first)
    assert bool(answer) == bool(first)
    assert not answer.partition(b"\r\n\r\n")[2]


async def test_it_stands_on_sockets_too() -> None:
    server = await asyncio.get_running_loop().create_server(policy_protocol(seams()), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        fetch = await fetch_policy(DOMAIN, means(connect, resolver("127.0.0.1"), port=port))
    finally:
        server.close()

    assert (fetch.status, fetch.detail) == (FetchStatus.FETCHED, "")
    assert read_policy(fetch.body) == POLICY
    assert fetch.endpoint == Endpoint(host=HOST, address="127.0.0.1", port=port)


def test_a_reader_that_stops_in_an_endless_page_is_not_sent_more_until_it_goes_on() -> None:
    heard: list[int] = []

    class Client(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport = transport
            transport.write(f"GET {POLICY_PATH} HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())  # type: ignore[attr-defined]

        def data_received(self, data: bytes) -> None:
            heard.append(len(data))

    async def story() -> None:
        network, loop = MemoryNetwork(latency=LATENCY), asyncio.get_running_loop()
        page = Page(body=b"x" * 1000, endless=True)
        network.listen(ADDRESS, 443, policy_protocol(seams(lambda moment: (page,) if moment.path else ())))
        sock = await network.connect(ADDRESS, 443)
        trusting = ssl.create_default_context(cadata=AUTHORITY.pem.decode())
        client: Any
        _, client = await loop.create_connection(Client, sock=sock, ssl=trusting, server_hostname=HOST)  # type: ignore[call-overload]
        await asyncio.sleep(1)
        before = sum(heard)
        client.transport.pause_reading()
        await asyncio.sleep(3600)
        paused = sum(heard) - before
        ours, hosts = network.open_ends
        assert paused < 500_000
        assert hosts.get_write_buffer_size() < 500_000
        client.transport.resume_reading()
        await asyncio.sleep(1)
        assert sum(heard) > before + paused + 1_000_000
        ours.abort()
        await asyncio.sleep(60)
        assert not network.open_ends

    play(story())
    assert sum(heard) > 1_000_000
