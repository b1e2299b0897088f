"""A session on uvloop is the one on asyncio: the extra `speed` changes what it costs, and nothing else."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from msgspec.structs import replace

from mxprobe.facts.session import Endpoint, FailureKind, Session
from mxprobe.facts.smtp import Phase
from mxprobe.wire.dial import SocketDialer
from mxprobe.wire.session import Limits, Means, SessionScript, speak
from tests.wire.hosts import EPOCH, issue, mail_host, trusting

uvloop = pytest.importorskip("uvloop")

Run = Callable[[Coroutine[Any, Any, Session]], Session]
ISSUED = issue()
SCRIPT = SessionScript(helo="probe.example.test", recipients=("alice@example.test", "ghost@example.test"))


def means() -> Means:
    return Means(dialer=SocketDialer(), tls=trusting(ISSUED), wall=lambda: EPOCH)


async def with_a_host() -> Session:
    host = await asyncio.get_running_loop().create_server(mail_host(ISSUED.context), "127.0.0.1", 0)
    try:
        port = host.sockets[0].getsockname()[1]
        session = await speak(Endpoint(host="mx1.example.test", address="127.0.0.1", port=port), SCRIPT, means())
    finally:
        host.close()
        await host.wait_closed()
    assert asyncio.all_tasks() == {asyncio.current_task()}
    return session


async def with_nobody() -> Session:
    gone = await asyncio.get_running_loop().create_server(asyncio.Protocol, "127.0.0.1", 0)
    port = gone.sockets[0].getsockname()[1]
    gone.close()
    await gone.wait_closed()
    return await speak(Endpoint(host="mx1.example.test", address="127.0.0.1", port=port), SCRIPT, means())


async def with_one_who_is_silent() -> Session:
    silent = await asyncio.get_running_loop().create_server(asyncio.Protocol, "127.0.0.1", 0)
    try:
        port = silent.sockets[0].getsockname()[1]
        impatient = replace(SCRIPT, limits=Limits(banner=0.05))
        return await speak(Endpoint(host="mx1.example.test", address="127.0.0.1", port=port), impatient, means())
    finally:
        silent.close()


def without_times(session: Session) -> Session:
    """What does not depend on when it was, nor on the port."""
    turns = tuple(
        replace(turn, started=0.0, ended=0.0, failure=replace(turn.failure, after=0.0) if turn.failure else None)
        for turn in session.turns
    )
    return replace(
        session,
        endpoint=replace(session.endpoint, port=25),
        turns=turns,
        tls=replace(session.tls, elapsed=0.0) if session.tls else None,
        failure=replace(session.failure, after=0.0) if session.failure else None,
    )


def both(story: Callable[[], Coroutine[Any, Any, Session]]) -> Session:
    """The session, which is the same on both loops."""
    fast, plain = uvloop.run(story()), asyncio.run(story())
    assert without_times(fast) == without_times(plain)
    return plain


def test_a_whole_session_is_the_same() -> None:
    session = both(with_a_host)

    assert session.failure is None
    assert session.tls is not None
    assert session.tls.verdict.is_valid
    assert session.source == "127.0.0.1"
    assert [turn.reply.code for turn in session.recipients if turn.reply] == [250, 550]


def test_a_refusal_is_the_same() -> None:
    session = both(with_nobody)

    assert session.failure is not None
    assert (session.failure.kind, session.failure.phase) == (FailureKind.REFUSED, Phase.CONNECT)


def test_a_silent_host_is_the_same() -> None:
    session = both(with_one_who_is_silent)

    assert session.failure is not None
    assert (session.failure.kind, session.failure.phase) == (FailureKind.TIMEOUT, Phase.BANNER)
