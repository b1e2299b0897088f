"""The dialer of real sockets: source address, families, a way that is missing, and errors made into facts."""

import asyncio
import errno
import socket
from typing import Any

import pytest
from OpenSSL import SSL

from mxprobe.facts.session import Endpoint, FailureKind, Session
from mxprobe.facts.smtp import Phase
from mxprobe.wire import dial
from mxprobe.wire.dial import SocketDialer, own_name
from mxprobe.wire.failures import PeerClosed, PeerMalformed, PeerOverflowed, failure_of
from mxprobe.wire.session import Limits, Means, SessionScript, speak
from tests.wire.hosts import EPOCH, mail_host


async def session_at(address: str, port: int, source: str | None = None) -> Session:
    script = SessionScript(helo="probe.example.test", source=source, limits=Limits(connect=1))
    means = Means(dialer=SocketDialer(), tls=None, wall=lambda: EPOCH)
    return await speak(Endpoint(host="mx1.example.test", address=address, port=port), script, means)


async def session_with_host(address: str, source: str | None = None) -> Session:
    server = await asyncio.get_running_loop().create_server(mail_host(), address, 0)
    try:
        return await session_at(address, server.sockets[0].getsockname()[1], source)
    finally:
        server.close()
        await server.wait_closed()


async def test_a_session_comes_from_the_source_that_was_chosen() -> None:
    session = await session_with_host("127.0.0.1", source="127.0.0.1")

    assert session.failure is None
    assert session.source == "127.0.0.1"


@pytest.mark.skipif(not socket.has_ipv6, reason="this Python has no IPv6")
async def test_ipv6_is_dialled_as_ipv4_is() -> None:
    try:
        session = await session_with_host("::1")
    except OSError as error:
        pytest.skip(f"this machine has no IPv6 on loopback: {error}")

    assert session.failure is None
    assert session.source == "::1"


@pytest.mark.parametrize("source", ["192.0.2.77", "::1"])
async def test_a_source_that_is_not_ours_is_our_fault(source: str) -> None:
    session = await session_with_host("127.0.0.1", source=source)

    assert session.failure is not None
    assert (session.failure.kind, session.failure.phase) == (FailureKind.LOCAL, Phase.CONNECT)


@pytest.mark.parametrize(("routed", "kind"), [(False, FailureKind.NO_FAMILY), (True, FailureKind.UNREACHABLE)])
async def test_a_missing_way_of_the_family_is_told_from_an_unreachable_host(
    routed: bool, kind: FailureKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def no_way(sock: socket.socket, address: Any) -> None:
        raise OSError(errno.ENETUNREACH, "Network is unreachable")

    monkeypatch.setattr(asyncio.get_running_loop(), "sock_connect", no_way)
    monkeypatch.setattr(dial, "has_route", lambda address: routed)

    session = await session_at("2001:db8::1", 25)

    assert session.failure is not None
    assert session.failure.kind is kind


def test_the_way_to_ourselves_is_known_and_nothing_is_sent_to_learn_it() -> None:
    assert dial.has_route("127.0.0.1")


@pytest.mark.parametrize(
    ("name", "own"),
    [
        ("probe.example.test", "probe.example.test"),
        ("Probe.Example.Test.", "probe.example.test"),
        ("laptop", None),
        ("laptop.local", None),
        ("localhost.localdomain", None),
    ],
)
def test_only_a_name_with_a_domain_is_given_as_ours(
    name: str, own: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: name)

    assert own_name() == own


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ConnectionRefusedError(errno.ECONNREFUSED, "x"), FailureKind.REFUSED),
        (ConnectionResetError(errno.ECONNRESET, "x"), FailureKind.RESET),
        (BrokenPipeError(errno.EPIPE, "x"), FailureKind.RESET),
        (TimeoutError(), FailureKind.TIMEOUT),
        (TimeoutError(errno.ETIMEDOUT, "x"), FailureKind.TIMEOUT),
        (OSError(errno.EHOSTUNREACH, "x"), FailureKind.UNREACHABLE),
        (OSError(errno.EAFNOSUPPORT, "x"), FailureKind.NO_FAMILY),
        (OSError(errno.EMFILE, "x"), FailureKind.LOCAL),
        (PermissionError(errno.EPERM, "x"), FailureKind.LOCAL),
        (OSError("unheard of"), FailureKind.LOCAL),
        (PeerClosed("closed"), FailureKind.CLOSED),
        (PeerOverflowed("long"), FailureKind.TOO_LONG),
        (PeerMalformed("\x1b[2J"), FailureKind.MALFORMED),
        (SSL.Error([("SSL routines", "", "wrong version number")]), FailureKind.TLS),
        (SSL.SysCallError(-1, "Unexpected EOF"), FailureKind.TLS),
    ],
)
def test_an_error_becomes_a_fact_with_words_that_are_safe_to_show(error: BaseException, kind: FailureKind) -> None:
    failure = failure_of(error, Phase.BANNER, 1.5)

    assert (failure.kind, failure.phase, failure.after) == (kind, Phase.BANNER, 1.5)
    assert failure.detail
    assert failure.detail.isprintable()
