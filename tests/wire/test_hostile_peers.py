"""Peers that mean harm, on real sockets: each session ends in time, as a typed failure, in bounded memory."""

import asyncio
import gc
import tracemalloc

import pytest

from mxprobe.facts.codec import encode
from mxprobe.facts.lines import REPLY_CAP
from mxprobe.facts.session import FailureKind, Session
from mxprobe.facts.smtp import Oddity, Phase
from mxprobe.wire.session import Limits, SessionScript
from mxprobe.wire.tls import TlsContext
from tests.wire.hosts import Talk, issue, speak_with, trusting

SHORT = Limits(
    connect=0.3, banner=0.3, ehlo=0.3, starttls=0.3, tls=0.3, mail=0.3, rcpt=0.3, rset=0.3, quit=0.3, session=0.5
)
PATIENT = Limits(session=20.0)
SCRIPT = SessionScript(helo="probe.example.test", recipients=("alice@example.test",), limits=SHORT)


async def timed(
    talk: Talk, script: SessionScript = SCRIPT, tls: TlsContext | None = None
) -> tuple[Session, FailureKind | None, Phase | None, float]:
    before = asyncio.get_running_loop().time()
    session = await speak_with(talk, script, tls)
    took = asyncio.get_running_loop().time() - before
    failure = session.failure
    assert len(encode(session)) < 500_000
    return session, failure.kind if failure else None, failure.phase if failure else None, took


def scripted(*exchanges: tuple[bytes, bytes]) -> Talk:
    """A peer that sends the first of each pair and then waits for a line that begins with the second."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for reply, awaited in exchanges:
            writer.write(reply)
            if not awaited:
                continue
            while not (await reader.readline()).startswith(awaited):
                if reader.at_eof():
                    return
        await reader.read()

    return talk


def flood(piece: bytes, times: int) -> Talk:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(times):
            writer.write(piece)
            await writer.drain()
        await reader.read()

    return talk


async def test_a_banner_without_end_is_too_long() -> None:
    session, kind, phase, _ = await timed(flood(b"220-hello\r\n" * 100, 1000))

    assert (kind, phase) == (FailureKind.TOO_LONG, Phase.BANNER)
    assert session.banner is not None
    assert Oddity.TOO_LONG in session.banner.oddities


async def test_replies_without_end_that_nobody_asked_for_are_too_long() -> None:
    session, kind, _, _ = await timed(flood(b"220 hello\r\n" * 100, 1000))

    assert kind is FailureKind.TOO_LONG
    assert Oddity.EARLY_TALK in session.oddities
    assert 0 < len(session.surplus) <= REPLY_CAP


async def test_a_line_of_a_hundred_megabytes_costs_little_memory() -> None:
    piece = b"x" * 1_000_000
    gc.collect()
    tracemalloc.start()
    try:
        session, kind, phase, took = await timed(flood(piece, 100), SessionScript(limits=PATIENT))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert (kind, phase) == (FailureKind.TOO_LONG, Phase.BANNER)
    assert session.banner is not None
    assert len(session.banner.raw) < 5000
    assert peak < 10_000_000
    assert took < 5


async def test_one_byte_at_a_time_ends_at_the_limit_of_the_phase() -> None:
    async def drip(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(1000):
            writer.write(b"2")
            await asyncio.sleep(0.02)

    session, kind, phase, took = await timed(drip)

    assert (kind, phase) == (FailureKind.TIMEOUT, Phase.BANNER)
    assert 0.29 < took < 0.6
    assert session.banner is not None
    assert session.banner.raw.startswith(b"22222")
    assert Oddity.UNTERMINATED in session.banner.oddities


async def test_a_session_ends_at_its_deadline_though_every_phase_keeps_its_limit() -> None:
    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 hello\r\n")
        while line := await reader.readline():
            await asyncio.sleep(0.2)
            writer.write(b"250 PIPELINED\r\n" if line.startswith(b"EHLO") else b"250 ok\r\n")

    _, kind, phase, took = await timed(slow)

    assert kind is FailureKind.TIMEOUT
    assert phase is Phase.RCPT
    assert 0.49 < took < 0.8


async def test_a_silent_peer_is_left_at_the_limit() -> None:
    _, kind, phase, took = await timed(scripted((b"", b"never")))

    assert (kind, phase) == (FailureKind.TIMEOUT, Phase.BANNER)
    assert took < 0.6


async def test_nuls_and_escapes_are_kept_raw_and_shown_escaped() -> None:
    banner = b"220 \x00\x1b]0;owned\x07 \x1b[2J\xe2\x80\xae h\xff\r\n"
    session, kind, _, _ = await timed(scripted((banner, b"EHLO"), (b"554 go\r\n", b"QUIT"), (b"221 bye\r\n", b"")))

    assert kind is None
    assert session.banner is not None
    assert session.banner.raw == banner
    assert session.banner.lines == (r"\x00\x1b]0;owned\x07 \x1b[2J\u{202e} h\xff",)
    assert set(session.banner.oddities) == {Oddity.NUL, Oddity.CONTROL, Oddity.NON_ASCII}
    assert session.banner.text.isprintable()


async def test_mixed_codes_count_by_their_last_line_and_are_told() -> None:
    session, kind, _, _ = await timed(scripted((b"220-hello\r\n554 go away\r\n", b"QUIT"), (b"221 bye\r\n", b"")))

    assert kind is None
    assert session.banner is not None
    assert session.banner.code == 554
    assert session.banner.oddities == (Oddity.MIXED_CODES,)
    assert [turn.phase for turn in session.turns] == [Phase.CONNECT, Phase.BANNER, Phase.QUIT]


@pytest.mark.parametrize(
    "banner",
    [b"HTTP/1.1 400 Bad Request\r\n", b"+22 hello\r\n", b"2_2 hello\r\n", b"SSH-2.0-x\r\n", b"\xff\xfe\r\n", b"\r\n"],
)
async def test_what_is_no_reply_is_malformed(banner: bytes) -> None:
    session, kind, phase, _ = await timed(scripted((banner, b"")))

    assert (kind, phase) == (FailureKind.MALFORMED, Phase.BANNER)
    assert session.banner is not None
    assert session.banner.raw == banner


async def test_bytes_injected_behind_the_reply_to_starttls_are_kept_and_not_fed_to_tls() -> None:
    issued = issue()

    async def inject(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 hello\r\n")
        await reader.readline()
        writer.write(b"250-mx1\r\n250 STARTTLS\r\n")
        await reader.readline()
        writer.write(b"220 go\r\n250 injected\r\n250-an")
        await writer.start_tls(issued.context)
        await reader.readline()
        writer.write(b"250 inside\r\n")
        await reader.readline()
        writer.write(b"221 bye\r\n")
        await reader.read()

    script = SessionScript(helo="probe.example.test", limits=PATIENT)
    session, kind, _, _ = await timed(inject, script, trusting(issued))

    assert kind is None
    assert session.surplus == b"250 injected\r\n250-an"
    assert session.oddities == (Oddity.AFTER_STARTTLS,)
    inside = session.last_turn(Phase.EHLO)
    assert inside is not None
    assert inside.secured
    assert inside.reply is not None
    assert inside.reply.lines == ("inside",)


STARTTLS = ((b"220 hello\r\n", b"EHLO"), (b"250-mx1\r\n250 STARTTLS\r\n", b"STARTTLS"))


@pytest.mark.parametrize(
    "garbage", [b"220 what?\r\n250 now?\r\n" * 9, b"\x00" * 600, b"\x16\x03\x03\xff\xff" + b"a" * 70000]
)
async def test_garbage_in_the_handshake_is_a_failure_of_tls(garbage: bytes) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 hello\r\n")
        await reader.readline()
        writer.write(b"250-mx1\r\n250 STARTTLS\r\n")
        await reader.readline()
        writer.write(b"220 go\r\n")
        await reader.read(100)
        writer.write(garbage)
        await reader.read()

    session, kind, phase, took = await timed(talk, tls=trusting(issue()))

    assert (kind, phase) == (FailureKind.TLS, Phase.TLS)
    assert session.failure is not None
    assert session.failure.detail
    assert session.failure.detail.isprintable()
    assert took < 0.5


async def test_a_handshake_that_nobody_answers_ends_at_its_limit() -> None:
    _, kind, phase, took = await timed(scripted(*STARTTLS, (b"220 go\r\n", b"")), tls=trusting(issue()))

    assert (kind, phase) == (FailureKind.TIMEOUT, Phase.TLS)
    assert took < 0.7


async def test_a_flood_inside_tls_is_too_long() -> None:
    issued = issue()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 hello\r\n")
        await reader.readline()
        writer.write(b"250-mx1\r\n250 STARTTLS\r\n")
        await reader.readline()
        writer.write(b"220 go\r\n")
        await writer.start_tls(issued.context)
        for _ in range(100):
            writer.write(b"250-more\r\n" * 1000)
            await writer.drain()

    _, kind, phase, _ = await timed(talk, SessionScript(helo="probe.example.test", limits=PATIENT), trusting(issued))

    assert (kind, phase) == (FailureKind.TOO_LONG, Phase.EHLO)


async def test_a_peer_that_never_closes_does_not_hold_the_session() -> None:
    talk = scripted(
        (b"220 hello\r\n", b"EHLO"), (b"250 mx1\r\n", b"MAIL"), (b"250 ok\r\n", b"RCPT"), (b"250 ok\r\n", b"")
    )
    script = SessionScript(helo="probe.example.test", limits=SHORT)
    session, kind, _, took = await timed(talk, script)

    assert kind is None
    quitting = session.last_turn(Phase.QUIT)
    assert quitting is not None
    assert quitting.failure is not None
    assert quitting.failure.kind is FailureKind.TIMEOUT
    assert took < 0.7


@pytest.mark.parametrize("banner", [b"", b"22", b"220 hello"])
async def test_a_peer_that_closes_before_a_whole_banner_has_closed(banner: bytes) -> None:
    async def talk(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(banner)
        writer.write_eof()
        await asyncio.sleep(1)

    session, kind, phase, _ = await timed(talk)

    assert (kind, phase) == (FailureKind.CLOSED, Phase.BANNER)
    assert (session.banner.raw if session.banner else b"") == banner


async def test_a_reset_is_told_from_a_close() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 hello\r\n")
        await reader.readline()
        sock = writer.get_extra_info("socket")
        sock.setsockopt(1, 13, b"\x01\x00\x00\x00\x00\x00\x00\x00")  # SO_LINGER of no time: RST
        writer.transport.abort()

    _, kind, phase, _ = await timed(talk)

    assert (kind, phase) == (FailureKind.RESET, Phase.EHLO)


async def test_a_reply_before_its_command_is_not_paired_with_it() -> None:
    talk = scripted((b"220 hello\r\n220 again\r\n", b"EHLO"), (b"250 mx1\r\n", b"QUIT"), (b"221 bye\r\n", b""))
    session, kind, _, _ = await timed(talk, SessionScript(helo="probe.example.test", limits=SHORT))

    assert kind is None
    assert session.surplus == b"220 again\r\n"
    assert session.oddities == (Oddity.EARLY_TALK,)
    ehlo = session.last_turn(Phase.EHLO)
    assert ehlo is not None
    assert ehlo.reply is not None
    assert ehlo.reply.code == 250


async def test_a_host_that_closes_with_421_has_said_all() -> None:
    session, kind, _, _ = await timed(scripted((b"421 4.3.2 going down\r\n", b"")))

    assert kind is None
    assert [turn.phase for turn in session.turns] == [Phase.CONNECT, Phase.BANNER]


async def test_a_host_that_knows_no_ehlo_is_asked_with_helo() -> None:
    talk = scripted(
        (b"220 hello\r\n", b"EHLO"), (b"502 what?\r\n", b"HELO"), (b"250 mx1\r\n", b"QUIT"), (b"221 bye\r\n", b"")
    )
    session, kind, _, _ = await timed(talk, SessionScript(helo="probe.example.test", limits=SHORT))

    assert kind is None
    assert [turn.phase.value for turn in session.turns] == ["connect", "banner", "ehlo", "helo", "quit"]
