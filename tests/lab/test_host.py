"""A lab host hangs up, waits and stores as the story has it, and drops no message."""

import asyncio
import contextlib
import ssl
from collections.abc import Callable, Mapping

import aiosmtplib
import pytest

from mxprobe.facts.session import FailureKind, Session
from mxprobe.facts.smtp import Phase
from mxprobe.lab.certs import Authority
from mxprobe.lab.host import HostSeams, StoredMessage, host_protocol
from mxprobe.lab.memory import MemoryNetwork
from mxprobe.lab.world import client_context
from mxprobe.scenario.reaction import (
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
)
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

    def __init__(self, reactions: Mapping[Phase, tuple[Reaction, ...]] | None = None) -> None:
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
            context=lambda kind: authority.context("mx1.example.test", kind),
            store=lambda message, how: self.stored.append((message, how)),
            finished=self.sessions.append,
        )
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


def test_the_null_sender_is_empty() -> None:
    stage, _ = told(Stage, TALK[0], b"MAIL FROM:<>\r\n", *TALK[2:])

    assert [message.mail_from for message, _ in stage.stored] == [""]


def test_nothing_is_done_behind_a_421_however_much_was_pipelined() -> None:
    stage, ear = told(lambda: Stage({Phase.MAIL: (Reply(code=421, text="going down"),)}), TALK[0], b"".join(TALK[1:4]))

    assert ear.octets.endswith(b"421 going down\r\n")
    assert stage.codes[-1] == (Phase.MAIL, 421)
    assert stage.moments[-1].phase is Phase.MAIL


PLACES = [(Phase.BANNER, 0), (Phase.EHLO, 1), (Phase.MAIL, 2), (Phase.RCPT, 3), (Phase.DATA, 4), (Phase.DOT, 5)]


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
    context.load_verify_locations(cadata=Authority(1).pem.decode())
    return context


@pytest.mark.parametrize("kind", [kind for kind in CertificateKind if kind is not CertificateKind.VALID])
def test_a_bad_certificate_stops_those_alone_who_look_at_it(kind: CertificateKind) -> None:
    def stage() -> Stage:
        return Stage({Phase.TLS: (Present(kind=kind),)})

    stopped, error = shaken(stage, strict_context())
    assert isinstance(error, ssl.SSLCertVerificationError | aiosmtplib.SMTPException)
    assert stopped.codes[-1][0] in (Phase.TLS, Phase.STARTTLS)
    _, error = shaken(stage, client_context())
    assert error is None


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
