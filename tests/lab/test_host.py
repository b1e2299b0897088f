"""A lab host does what the story has for each phase, writes the session down in its phases, and drops no message."""

import asyncio
import contextlib
import ssl
from collections.abc import Callable, Mapping

import aiosmtplib
import pytest
from msgspec.structs import replace

from mxprobe.facts.session import FailureKind, Session
from mxprobe.facts.smtp import Phase
from mxprobe.lab.certs import Authority
from mxprobe.lab.host import host_protocol
from mxprobe.lab.memory import MemoryNetwork
from mxprobe.lab.seams import HostSeams, StoredMessage
from mxprobe.scenario.faults.certificate import Certificate
from mxprobe.scenario.reaction import (
    BreakHandshake,
    CertificateKind,
    Close,
    Delay,
    HandOn,
    Keep,
    Moment,
    Present,
    Reaction,
    Reply,
    Reset,
    Silence,
)
from mxprobe.wire.tls import permissive_context
from tests.lab.ears import MX1, Ear, join, now, play

EPOCH = 1_000_000.0
CLIENT = "192.0.2.200"
LETTER = b"X-Mxprobe-Token: letter\r\nSubject: hello\r\n\r\n..dots\r\n.\r\n"
TALK = (
    b"EHLO sender.test\r\n",
    b"MAIL FROM:<a@elsewhere.test>\r\n",
    b"RCPT TO:<b@example.test>\r\n",
    b"DATA\r\n",
    LETTER,
)


class Stage:
    """One host on a memory network that reacts by phase, and what became of it."""

    def __init__(self, reactions: Mapping[Phase, tuple[Reaction, ...]] | None = None, *, tls: bool = True) -> None:
        self.reactions: dict[Phase, tuple[Reaction, ...]] = {Phase.DOT: (Keep(),), **(reactions or {})}
        self.moments: list[Moment] = []
        self.stored: list[tuple[StoredMessage, Keep | HandOn]] = []
        self.sessions: list[Session] = []
        self.network = MemoryNetwork(latency=0.05)
        authority = Authority(1)
        self.seams = HostSeams(
            name="mx1.example.test",
            address=MX1,
            port=25,
            react=self._react,
            now=now,
            epoch=EPOCH,
            context=lambda kind, version: authority.context("mx1.example.test", kind, version),
            store=lambda message, how: self.stored.append((message, how)),
            finished=self.sessions.append,
        )
        if not tls:
            self.seams = replace(self.seams, context=None)
        self.network.listen(MX1, 25, host_protocol(self.seams))

    def _react(self, moment: Moment) -> tuple[Reaction, ...]:
        self.moments.append(moment)
        return self.reactions.get(moment.phase, ()) if moment.phase is not None else ()

    async def call(self) -> Ear:
        """A client that says nothing yet; the host's greeting has come, if it was to come."""
        ear = Ear(keeps_half_open=True)
        await join(await self.network.connect(MX1, 25, source=CLIENT), ear)
        await asyncio.sleep(1)
        return ear

    async def talk(self, *lines: bytes) -> Ear:
        """Say one thing after the other, a second apart, then hang up."""
        ear = await self.call()
        for line in lines:
            ear.transport.write(line)
            await asyncio.sleep(1)
        ear.transport.close()
        await asyncio.sleep(1)
        assert not self.network.open_ends
        assert asyncio.all_tasks() == {asyncio.current_task()}
        return ear

    @property
    def session(self) -> Session:
        """The only session there was."""
        (session,) = self.sessions
        return session

    @property
    def codes(self) -> list[tuple[Phase, int | None]]:
        """The session as phases and codes."""
        return [(turn.phase, turn.reply.code if turn.reply else None) for turn in self.session.turns]


def told(stage_of: Callable[[], Stage], *lines: bytes) -> tuple[Stage, Ear]:
    """Play one talk with a host."""

    async def story() -> tuple[Stage, Ear]:
        stage = stage_of()
        return stage, await stage.talk(*lines)

    found: tuple[Stage, Ear] = play(story())
    return found


def test_a_plain_session_stores_the_message_and_is_written_down_in_its_phases() -> None:
    stage, ear = told(Stage, *TALK, b"RSET\r\n", b"QUIT\r\n")

    assert ear.octets.startswith(b"220 mx1.example.test ESMTP mxprobe lab\r\n250-mx1.example.test\r\n")
    (message, how), *others = stage.stored
    assert (others, how) == ([], Keep())
    assert (message.mail_from, message.recipients) == ("a@elsewhere.test", ("b@example.test",))
    assert (message.token, message.client, message.session) == ("letter", CLIENT, 1)
    assert message.content == b"X-Mxprobe-Token: letter\r\nSubject: hello\r\n\r\n.dots\r\n"
    assert b"250 2.0.0 Ok: queued as 1.1\r\n" in ear.octets
    assert stage.codes == [
        (Phase.BANNER, 220),
        (Phase.EHLO, 250),
        (Phase.MAIL, 250),
        (Phase.RCPT, 250),
        (Phase.DATA, 354),
        (Phase.DOT, 250),
        (Phase.RSET, 250),
        (Phase.QUIT, 221),
    ]
    assert stage.session.extensions == ("PIPELINING", "SIZE 10485760", "8BITMIME", "ENHANCEDSTATUSCODES", "STARTTLS")
    assert stage.session.started_at == pytest.approx(EPOCH + 0.1, abs=0.06)
    assert (stage.session.failure, stage.session.source) == (None, CLIENT)


def test_moments_and_turns_know_their_addresses_and_commands() -> None:
    stage, _ = told(Stage, *TALK)

    moments = {moment.phase: moment for moment in stage.moments}
    assert moments[Phase.EHLO].argument == "sender.test"
    assert moments[Phase.MAIL].mail_from == "a@elsewhere.test"
    assert (moments[Phase.RCPT].mail_from, moments[Phase.RCPT].recipient) == ("a@elsewhere.test", "b@example.test")
    assert moments[Phase.DOT].recipients == ("b@example.test",)
    turns = {turn.phase: turn for turn in stage.session.turns}
    assert (turns[Phase.MAIL].subject, turns[Phase.RCPT].subject) == ("a@elsewhere.test", "b@example.test")
    assert turns[Phase.RCPT].command == b"RCPT TO:<b@example.test>\r\n"
    assert turns[Phase.BANNER].command is None


def test_the_null_sender_is_empty() -> None:
    stage, _ = told(Stage, TALK[0], b"MAIL FROM:<>\r\n", *TALK[2:])

    assert [message.mail_from for message, _ in stage.stored] == [""]


def test_what_has_no_phase_is_answered_and_not_written_down() -> None:
    stage, ear = told(
        Stage, TALK[0], b"NOOP\r\n", b"XYZZY\r\n", b"HELP\r\n", b"AUTH PLAIN x\r\n", b"RCPT TO:<b@x.test>\r\n"
    )

    assert ear.octets.count(b"\r\n500 ") == 3
    assert stage.codes == [(Phase.BANNER, 220), (Phase.EHLO, 250), (Phase.RCPT, 503)]


@pytest.mark.parametrize(
    ("phase", "place"),
    [(Phase.EHLO, 1), (Phase.MAIL, 2), (Phase.RCPT, 3), (Phase.DATA, 4), (Phase.DOT, 5)],
)
def test_a_reply_stands_in_place_of_the_usual_one(phase: Phase, place: int) -> None:
    said = Reply(code=451, text="4.3.0 not\nnow")
    stage, ear = told(lambda: Stage({phase: (said,)}), *TALK[:place], b"QUIT\r\n")

    assert ear.octets.endswith(b"451-4.3.0 not\r\n451 now\r\n221 2.0.0 Bye\r\n")
    assert stage.codes[-2:] == [(phase, 451), (Phase.QUIT, 221)]
    assert stage.session.turns[-2].reply is not None
    assert stage.session.turns[-2].reply.lines == ("4.3.0 not", "now")
    assert stage.stored == []


def test_a_positive_reply_counts_as_the_usual_one() -> None:
    said = {phase: (Reply(code=250, text="fine"),) for phase in (Phase.EHLO, Phase.MAIL)}
    stage, ear = told(lambda: Stage(said | {Phase.RCPT: (Reply(code=251, text="will forward"),)}), *TALK)

    assert b"251 will forward\r\n354 " in ear.octets
    assert len(stage.stored) == 1


@pytest.mark.parametrize("code", [421, 450, 554])
def test_a_banner_that_refuses_service(code: int) -> None:
    stage, ear = told(
        lambda: Stage({Phase.BANNER: (Reply(code=code, text="no"),)}), TALK[0], b"NOOP\r\n", TALK[1], b"QUIT\r\n"
    )

    refused = b"503 5.5.1 No service here, say QUIT\r\n"
    if code == 421:
        assert ear.events[1:3] == [b"421 no\r\n", "end"]
        assert stage.codes == [(Phase.BANNER, 421)]
    else:
        assert ear.octets == b"%d no\r\n" % code + 3 * refused + b"221 2.0.0 Bye\r\n"
        assert stage.codes[-2:] == [(Phase.MAIL, 503), (Phase.QUIT, 221)]


def test_nothing_is_done_behind_a_421_however_much_was_pipelined() -> None:
    stage, ear = told(lambda: Stage({Phase.MAIL: (Reply(code=421, text="going down"),)}), TALK[0], b"".join(TALK[1:4]))

    assert ear.octets.endswith(b"421 going down\r\n")
    assert stage.codes[-1] == (Phase.MAIL, 421)
    assert stage.moments[-1].phase is Phase.MAIL


PLACES = [(Phase.BANNER, 0), (Phase.EHLO, 1), (Phase.MAIL, 2), (Phase.RCPT, 3), (Phase.DATA, 4), (Phase.DOT, 5)]


@pytest.mark.parametrize(("phase", "place"), PLACES)
def test_silence_lasts_until_the_client_leaves_and_is_written_down_then(phase: Phase, place: int) -> None:
    async def story() -> tuple[Stage, Ear, bytes]:
        stage = Stage({phase: (Silence(),)})
        ear = await stage.call()
        for line in TALK[:place]:
            heard = ear.octets
            ear.transport.write(line)
            await asyncio.sleep(1)
        heard = heard if place else b""
        await asyncio.sleep(10_000)
        ear.transport.close()
        await asyncio.sleep(1)
        assert not stage.network.open_ends
        assert asyncio.all_tasks() == {asyncio.current_task()}
        return stage, ear, heard

    stage, ear, heard = play(story())
    assert ear.octets == heard
    failure = stage.session.failure
    assert (failure.kind, failure.phase) == (FailureKind.TIMEOUT, phase)
    assert failure.after == pytest.approx(10_001, abs=1)
    assert stage.stored == []


@pytest.mark.parametrize(("phase", "place"), PLACES)
@pytest.mark.parametrize(
    ("how", "kind", "end"),
    [(Close(), FailureKind.CLOSED, "end"), (Reset(), FailureKind.RESET, "lost")],
)
def test_a_host_that_hangs_up_says_nothing(
    phase: Phase, place: int, how: Reaction, kind: FailureKind, end: str
) -> None:
    stage, ear = told(lambda: Stage({phase: (how,)}), *TALK[:place])

    assert next(event for event in ear.events[::-1] if event != "lost" or end == "lost") == end
    assert isinstance(ear.lost[0], ConnectionResetError) is isinstance(how, Reset)
    assert (stage.session.failure.kind, stage.session.failure.phase) == (kind, phase)  # type: ignore[union-attr]
    assert stage.codes[-1] == (phase, None)


@pytest.mark.parametrize("how", [Keep(), HandOn()])
def test_a_close_behind_keeping_stores_without_a_reply(how: Keep | HandOn) -> None:
    stage, ear = told(lambda: Stage({Phase.DOT: (how, Close())}), *TALK)

    assert [kind for _, kind in stage.stored] == [how]
    assert ear.octets.endswith(b"354 End data with <CR><LF>.<CR><LF>\r\n")
    assert stage.codes[-1] == (Phase.DOT, None)


def test_a_delay_comes_before_what_follows() -> None:
    async def story() -> tuple[Stage, list[float]]:
        stage = Stage({Phase.MAIL: (Delay(seconds=600), Reply(code=450, text="slow"))})
        ear = await stage.call()
        for line in TALK[:2]:
            ear.transport.write(line)
            await asyncio.sleep(1)
        await asyncio.sleep(700)
        ear.transport.close()
        await asyncio.sleep(1)
        return stage, [at for at, what in ear.heard if isinstance(what, bytes) and what.startswith(b"450")]

    stage, heard = play(story())
    assert heard == [pytest.approx(602.1, abs=0.2)]
    assert stage.session.turns[-1].elapsed == pytest.approx(600)


def test_a_client_that_half_closes_behind_its_final_dot_is_answered() -> None:
    async def story() -> tuple[Stage, Ear]:
        stage = Stage()
        ear = await stage.call()
        ear.transport.write(b"".join((*TALK, b"QUIT\r\n")))
        ear.transport.write_eof()
        await asyncio.sleep(2)
        ear.transport.close()
        await asyncio.sleep(1)
        assert not stage.network.open_ends
        return stage, ear

    stage, ear = play(story())
    assert ear.octets.count(b"\r\n250 2.0.0 Ok") == 1
    assert ear.octets.partition(b"\r\n250 2.0.0 Ok")[2].count(b"\r\n221 ") == 1
    assert len(stage.stored) == 1
    assert stage.codes[-2:] == [(Phase.DOT, 250), (Phase.QUIT, 221)]


def test_a_client_that_leaves_inside_its_message_has_sent_nothing() -> None:
    stage, _ = told(Stage, *TALK[:4], b"Subject: half\r\n")

    assert stage.stored == []
    assert stage.codes[-1] == (Phase.DATA, 354)


def test_a_line_too_long_is_refused_at_the_dot() -> None:
    stage, _ = told(Stage, *TALK[:4], b"x" * 2000 + b"\r\n.\r\n", b"QUIT\r\n")

    assert stage.stored == []
    assert stage.codes[-2:] == [(Phase.DOT, 500), (Phase.QUIT, 221)]


# -- TLS --------------------------------------------------------------------------------------------------------------


async def shake(stage: Stage, context: ssl.SSLContext) -> None:
    """Say EHLO, STARTTLS, EHLO and QUIT as aiosmtplib does."""
    sock = await stage.network.connect(MX1, 25, source=CLIENT)
    smtp = aiosmtplib.SMTP(
        hostname=None,
        port=None,
        sock=sock,  # type: ignore[arg-type]  # typed for real sockets
        local_hostname="sender.test",
        tls_context=context,
        start_tls=False,
        timeout=300,
    )
    try:
        await smtp.connect()
        await smtp.starttls(server_hostname="mx1.example.test")
        await smtp.ehlo()
        await smtp.quit()
    finally:
        smtp.close()
        await asyncio.sleep(60)


def shaken(stage_of: Callable[[], Stage], context: ssl.SSLContext) -> tuple[Stage, Exception | None]:
    """One try at TLS, and the error it ended in."""

    async def story() -> tuple[Stage, Exception | None]:
        stage, error = stage_of(), None
        try:
            await shake(stage, context)
        except (aiosmtplib.SMTPException, OSError) as caught:
            error = caught
        assert not stage.network.open_ends
        assert asyncio.all_tasks() == {asyncio.current_task()}
        return stage, error

    found: tuple[Stage, Exception | None] = play(story())
    return found


def strict_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_ciphers("DEFAULT:@SECLEVEL=2")  # what newer versions of OpenSSL have without being told
    context.load_verify_locations(cadata=Authority(1).pem.decode())
    return context


def test_tls_is_offered_until_it_is_on() -> None:
    stage, error = shaken(Stage, strict_context())

    assert error is None
    assert [(phase, code) for phase, code in stage.codes if phase is not Phase.EHLO] == [
        (Phase.BANNER, 220),
        (Phase.STARTTLS, 220),
        (Phase.TLS, None),
        (Phase.QUIT, 221),
    ]
    assert "STARTTLS" not in stage.session.extensions
    assert [turn.secured for turn in stage.session.turns[-3:]] == [True, True, True]
    assert stage.session.failure is None


@pytest.mark.parametrize("kind", [kind for kind in CertificateKind if Certificate(kind=kind).cell(Phase.TLS) == "T5"])
def test_a_bad_certificate_stops_those_alone_who_look_at_it(kind: CertificateKind) -> None:
    def stage() -> Stage:
        return Stage({Phase.TLS: (Present(kind=kind),)})

    stopped, error = shaken(stage, strict_context())
    assert isinstance(error, ssl.SSLCertVerificationError | aiosmtplib.SMTPException)
    assert stopped.codes[-1][0] in (Phase.TLS, Phase.STARTTLS)
    _, error = shaken(stage, permissive_context())
    assert error is None


@pytest.mark.parametrize("kind", [CertificateKind.NEW_KEY, CertificateKind.BY_SNI])
def test_a_certificate_that_is_only_unusual_stops_nobody(kind: CertificateKind) -> None:
    _, error = shaken(lambda: Stage({Phase.TLS: (Present(kind=kind),)}), strict_context())

    assert error is None


def test_a_broken_handshake_comes_behind_the_220() -> None:
    stage, ear = told(lambda: Stage({Phase.TLS: (BreakHandshake(),)}), TALK[0], b"STARTTLS\r\n")

    assert b"220 2.0.0 Ready to start TLS\r\n\x16\x03\x01 this is no TLS\r\n" in ear.octets
    assert stage.codes[-2:] == [(Phase.STARTTLS, 220), (Phase.TLS, None)]
    assert stage.session.failure is not None
    assert stage.session.failure.kind is FailureKind.TLS
    _, error = shaken(lambda: Stage({Phase.TLS: (BreakHandshake(),)}), permissive_context())
    assert error is not None


def test_garbage_from_the_client_ends_the_handshake() -> None:
    stage, _ = told(Stage, TALK[0], b"STARTTLS\r\n", b"this is no TLS either\r\n")

    assert stage.codes[-2:] == [(Phase.STARTTLS, 220), (Phase.TLS, None)]
    assert stage.session.failure is not None
    assert stage.session.failure.kind is FailureKind.TLS


def test_silence_in_the_handshake_comes_behind_the_220_and_ends_with_the_client() -> None:
    stage, ear = told(lambda: Stage({Phase.TLS: (Silence(),)}), TALK[0], b"STARTTLS\r\n", b"\x16\x03\x01")

    assert ear.octets.endswith(b"220 2.0.0 Ready to start TLS\r\n")
    assert stage.codes[-1] == (Phase.TLS, None)


def test_a_slow_handshake_loses_nothing() -> None:
    stage, error = shaken(lambda: Stage({Phase.TLS: (Delay(seconds=30),)}), permissive_context())

    assert error is None
    handshake = stage.session.last_turn(Phase.TLS)
    assert handshake is not None
    assert handshake.elapsed == pytest.approx(30.2, abs=0.2)


@pytest.mark.parametrize("phase", [Phase.STARTTLS, Phase.TLS])
def test_a_reply_in_place_of_tls_leaves_the_session_plain(phase: Phase) -> None:
    stage, _ = told(
        lambda: Stage({phase: (Reply(code=454, text="4.7.0 TLS not now"),)}), TALK[0], b"STARTTLS\r\n", *TALK[1:]
    )

    assert (Phase.STARTTLS, 454) in stage.codes
    assert len(stage.stored) == 1


def test_a_host_without_certificates_offers_no_tls() -> None:
    stage, ear = told(lambda: Stage(tls=False), TALK[0], b"STARTTLS\r\n", *TALK[1:])

    assert "STARTTLS" not in stage.session.extensions
    assert b"502 5.5.1 TLS is not offered\r\n" in ear.octets
    assert len(stage.stored) == 1


def test_two_clients_have_sessions_of_their_own() -> None:
    async def story() -> Stage:
        stage = Stage()
        async with asyncio.TaskGroup() as group:
            for _ in range(2):
                group.create_task(_post(stage))
        await asyncio.sleep(2)
        return stage

    async def _post(stage: Stage) -> None:
        ear = await stage.call()
        with contextlib.closing(ear.transport):
            ear.transport.write(b"".join((*TALK, b"QUIT\r\n")))
            await asyncio.sleep(1)

    stage = play(story())
    assert sorted(message.session for message, _ in stage.stored) == [1, 2]
    assert len(stage.sessions) == 2
