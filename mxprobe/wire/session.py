"""Speaks one SMTP session to see how a host behaves: connect, banner, EHLO, STARTTLS, EHLO, recipients, QUIT.

No message is sent, and no MAIL unless recipients are named. Commands are pipelined where the host offers it, so that a
look costs as few round trips as TCP, TLS and SMTP allow. Whatever the host does becomes a turn; the session ends within
its deadline and leaves no open socket. Which hosts to visit, and how often, is decided elsewhere.

Standards: RFC 5321 §3.1, §3.2, §4.5.3.2 (limits), RFC 2920 (pipelining), RFC 3207 (STARTTLS).
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple, NoReturn

from msgspec import Struct
from msgspec.structs import replace

from mxprobe.facts.lines import REPLY_CAP, sort_oddities
from mxprobe.facts.session import Endpoint, Failure, Session, Side, Turn
from mxprobe.facts.smtp import Oddity, Phase, Reply
from mxprobe.facts.tls import TlsFacts
from mxprobe.wire.conversation import Conversation, Heard
from mxprobe.wire.dial import Dialer
from mxprobe.wire.failures import NETWORK_FAILURES, PeerMalformed, PeerOverflowed, failure_of
from mxprobe.wire.fetch import FetchMeans
from mxprobe.wire.resolver import Exchange
from mxprobe.wire.tls import TlsContext, TlsEngine

_log = logging.getLogger("mxprobe.wire")


class Limits(Struct, frozen=True, kw_only=True):
    """The longest wait of each phase in seconds, and of the whole session."""

    connect: float = 30.0
    banner: float = 60.0
    ehlo: float = 60.0
    starttls: float = 60.0
    tls: float = 60.0
    mail: float = 60.0
    rcpt: float = 60.0
    rset: float = 60.0
    quit: float = 10.0
    session: float = 180.0


class Transaction(Struct, frozen=True, kw_only=True):
    """One envelope that is asked about: its sender (empty: the null sender) and its recipients."""

    mail_from: str = ""
    recipients: tuple[str, ...] = ()


class SessionScript(Struct, frozen=True, kw_only=True):
    """What is said in a session.

    `further` are envelopes behind the first one, each behind a RSET. `helo` None means the literal of the address we
    come from; `deadline` is in the event loop's time and the session ends at the nearer of it and its own limit;
    `only_banner` says QUIT right behind the greeting.
    """

    helo: str | None = None
    mail_from: str = ""
    recipients: tuple[str, ...] = ()
    further: tuple[Transaction, ...] = ()
    limits: Limits = Limits()
    deadline: float | None = None
    source: str | None = None
    only_banner: bool = False


class Means(Struct, frozen=True, kw_only=True):
    """What a session is made with: the dialer, the TLS context (None: STARTTLS is not tried), the wall clock; and
    `fetch`, what the MTA-STS policy of a domain is fetched with (None: it is not), and `ask`, which reaches a zone's
    own name servers (None: they are not asked)."""

    dialer: Dialer
    tls: TlsContext | None
    wall: Callable[[], float]
    fetch: FetchMeans | None = None
    ask: Exchange | None = None


async def speak(endpoint: Endpoint, script: SessionScript, means: Means) -> Session:
    """The session with `endpoint`, as far as it came; what the network or the host does is in it, never raised.

    Raises ValueError for a command that would not be one line of ASCII. A cancelled session drops its connection.
    """
    speaker = _Speaker(endpoint, script, means)
    session = await speaker.run()
    if _log.isEnabledFor(logging.INFO):
        _log.info("%s: %s", endpoint.id, session.failure.kind if session.failure else "came to its end")
    return session


class _Ended(Exception):
    """The session goes no further; with the failure that ended it."""

    def __init__(self, failure: Failure | None) -> None:
        super().__init__()
        self.failure = failure


class _Command(NamedTuple):
    phase: Phase
    line: bytes
    subject: str | None = None


def _line(command: str) -> bytes:
    """A command as it goes over the wire."""
    if not command.isascii() or not command.isprintable() or len(command) > 510:
        raise ValueError(f"this is not one line of an SMTP command: {command!r}")
    return command.encode("ascii") + b"\r\n"


_BANNER = _Command(Phase.BANNER, b"")
_STARTTLS = _Command(Phase.STARTTLS, _line("STARTTLS"))
_RSET = _Command(Phase.RSET, _line("RSET"))
_QUIT = _Command(Phase.QUIT, _line("QUIT"))

_NOT_EHLO = frozenset({500, 501, 502, 504, 550})
"""Refusals of EHLO after which HELO is tried (RFC 5321 §3.2, §4.1.4)."""

_CLOSING = 421


class _Speaker:
    """The course of one session; what was seen is gathered in its fields."""

    def __init__(self, endpoint: Endpoint, script: SessionScript, means: Means) -> None:
        self.endpoint = endpoint
        self.script = script
        self.means = means
        self.loop = asyncio.get_running_loop()
        self.began = self.loop.time()
        self.began_at = means.wall()
        self.deadline = self.began + script.limits.session
        if script.deadline is not None:
            self.deadline = min(self.deadline, script.deadline)
        self.turns: list[Turn] = []
        self.oddities: set[Oddity] = set()
        self.surplus = b""
        self.round_trips = 0
        self.tls: TlsFacts | None = None
        self.keywords: frozenset[str] = frozenset()
        self.talk: Conversation = Conversation()
        self.is_told = _log.isEnabledFor(logging.DEBUG)

    async def run(self) -> Session:
        """Speak, hang up, and tell."""
        failure = None
        try:
            await self._connect()
            await self._converse()
        except _Ended as end:
            failure = end.failure
        except BaseException:
            self.talk.abort()
            raise
        finally:
            self._note_early()
        if failure is None:
            await self.talk.close()
        else:
            self.talk.abort()
            await self.talk.close()
        return Session(
            endpoint=self.endpoint,
            side=Side.CLIENT,
            started_at=self.began_at,
            turns=tuple(self.turns),
            tls=self.tls,
            failure=failure,
            round_trips=self.round_trips,
            source=self.talk.source,
            surplus=self.surplus,
            oddities=sort_oddities(self.oddities),
        )

    # -- the course ---------------------------------------------------------------------------------------------------

    async def _connect(self) -> None:
        started, limit = self._now(), self._limit(Phase.CONNECT)
        self.round_trips += 1
        try:
            async with asyncio.timeout_at(limit):
                await self.means.dialer.open(
                    lambda: self.talk, self.endpoint.address, self.endpoint.port, source=self.script.source
                )
        except NETWORK_FAILURES as error:
            self._fail(Turn(phase=Phase.CONNECT, started=started, ended=self._now()), error)
        self._add(Turn(phase=Phase.CONNECT, started=started, ended=round(self.talk.made_at - self.began, 6)))

    async def _converse(self) -> None:
        (banner,) = await self._hear((_BANNER,), self.turns[-1].ended)
        willing = banner.is_positive and not self.script.only_banner and await self._introduce()
        if willing and self.script.recipients:
            await self._ask_recipients()
        else:
            await self._quit()

    async def _introduce(self) -> bool:
        """EHLO, STARTTLS where it is offered, and EHLO again inside; says whether the host is willing."""
        if not await self._greet():
            return False
        if self.means.tls is None or "STARTTLS" not in self.keywords or not await self._start_tls(self.means.tls):
            return True
        return await self._greet()

    async def _greet(self) -> bool:
        """EHLO, and HELO for a host that does not know it; says whether the host is willing."""
        name = self.script.helo or _literal(self.talk.source)
        (reply,) = await self._say(_Command(Phase.EHLO, _line(f"EHLO {name}")))
        if reply.is_positive:
            self.keywords = frozenset([line.partition(" ")[0].upper() for line in reply.lines[1:]])
            return True
        self.keywords = frozenset()
        if reply.code not in _NOT_EHLO:
            return False
        (reply,) = await self._say(_Command(Phase.HELO, _line(f"HELO {name}")))
        return reply.is_positive

    async def _start_tls(self, context: TlsContext) -> bool:
        """STARTTLS and the handshake; False where the host declines, and the session goes on in clear."""
        (reply,) = await self._say(_STARTTLS)
        if reply.code != 220:
            return False
        if not self.talk.is_quiet:
            injected = self.talk.take_early() + self.talk.pending
            self.surplus = (self.surplus + injected)[:REPLY_CAP]
            self.oddities.add(Oddity.AFTER_STARTTLS)
        started, limit = self._now(), self._limit(Phase.TLS)
        engine = TlsEngine(context, self.endpoint.host, self.means.wall())
        try:
            await self.talk.start_tls(engine, limit)
        except NETWORK_FAILURES as error:
            self.round_trips += self.talk.flights
            self._fail(Turn(phase=Phase.TLS, started=started, ended=self._now()), error)
        self.round_trips += self.talk.flights
        ended = self._now()
        self._add(Turn(phase=Phase.TLS, started=started, ended=ended))
        self.tls = engine.facts(round(ended - started, 6))
        return True

    async def _ask_recipients(self) -> None:
        """Each envelope, and RSET behind it; all in one piece where the host groups commands and they are not many."""
        script = self.script
        first = Transaction(mail_from=script.mail_from, recipients=script.recipients)
        groups = [_envelope(transaction) for transaction in (first, *script.further)]
        if "PIPELINING" in self.keywords:
            commands = [command for group in groups for command in (*group, _RSET)]
            for piece in _pieces([*commands, _QUIT]):
                await self._say(*piece)
            return
        for mail, *rcpts in groups:
            (reply,) = await self._say(mail)
            if not reply.is_positive:
                continue
            for rcpt in rcpts:
                await self._say(rcpt)
            await self._say(_RSET)
        await self._quit()

    async def _quit(self) -> None:
        await self._say(_QUIT)

    # -- one wait -----------------------------------------------------------------------------------------------------

    def _say(self, *commands: _Command) -> Awaitable[list[Reply]]:
        """Send commands in one piece and hear a reply to each (RFC 2920 §3.1: only the last may end the session)."""
        self._note_early()
        lines = commands[0].line if len(commands) == 1 else b"".join([command.line for command in commands])
        self.talk.send(lines, len(commands))
        return self._hear(commands)

    async def _hear(self, commands: Sequence[_Command], sent: float | None = None) -> list[Reply]:
        """The replies to commands that were sent then, or just now. 421 ends the session in whatever place it comes."""
        self.round_trips += 1
        sent, take_reply = self._now() if sent is None else sent, self.talk.take_reply
        replies = []
        for command in commands:
            try:
                reply, at = take_reply() or await self._wait(command.phase)
            except NETWORK_FAILURES as error:
                self._fail(self._turn(command, sent, self.loop.time(), self.talk.take_partial()), error)
            turn = self._turn(command, sent, at, reply)
            if reply.code is None or reply.oddities:
                self._check(turn, reply)
            self._add(turn)
            if reply.code == _CLOSING:
                raise _Ended(None)
            replies.append(reply)
        return replies

    async def _wait(self, phase: Phase) -> Heard:
        limit = self._limit(phase)
        while True:
            await self.talk.change(limit)
            if (heard := self.talk.take_reply()) is not None:
                return heard

    def _turn(self, command: _Command, started: float, at: float, reply: Reply | None) -> Turn:
        return Turn(
            phase=command.phase,
            started=started,
            ended=round(at - self.began, 6),
            command=command.line or None,
            subject=command.subject,
            reply=reply,
            secured=self.tls is not None,
        )

    def _check(self, turn: Turn, reply: Reply) -> None:
        """A reply that cannot be understood ends the session."""
        if Oddity.TOO_LONG in reply.oddities:
            self._fail(turn, PeerOverflowed("sent a reply without end"))
        if reply.code is None:
            self._fail(turn, PeerMalformed(f"not a reply of SMTP: {reply.text[:100]}"))

    def _note_early(self) -> None:
        """Replies that nobody asked for are not paired with the next command."""
        if self.talk.is_quiet:
            return
        early = self.talk.take_early()
        self.surplus = (self.surplus + early)[:REPLY_CAP]
        if early or (self.talk.pending and self.turns and self.turns[-1].failure is None):
            self.oddities.add(Oddity.EARLY_TALK)

    def _fail(self, turn: Turn, error: BaseException) -> NoReturn:
        failure = failure_of(error, turn.phase, turn.ended - turn.started)
        self._add(replace(turn, failure=failure))
        # Nothing was left to ask: a host that does not answer QUIT has not failed (cell Q1).
        raise _Ended(None if turn.phase is Phase.QUIT else failure)

    def _add(self, turn: Turn) -> None:
        self.turns.append(turn)
        if self.is_told:
            heard = turn.reply.text if turn.reply else turn.failure or "ok"
            _log.debug("%s: %s %s", self.endpoint.id, turn.phase, heard)

    def _now(self) -> float:
        return round(self.loop.time() - self.began, 6)

    def _limit(self, phase: Phase) -> float:
        own: float = getattr(self.script.limits, "ehlo" if phase is Phase.HELO else phase)
        return min(self.loop.time() + own, self.deadline)


_PIECE, _PIECE_OCTETS = 128, 4096
"""How many commands, and how many octets of them, are sent ahead of the replies: a host that writes while we write,
and reads no more until we read, would wait for us for ever (RFC 2920 §3.1)."""


def _pieces(commands: Sequence[_Command]) -> Iterator[list[_Command]]:
    """Commands in groups that are sent in one piece each; each but the last is full."""
    piece: list[_Command] = []
    octets = 0
    for command in commands:
        if piece and (len(piece) == _PIECE or octets + len(command.line) > _PIECE_OCTETS):
            yield piece
            piece, octets = [], 0
        piece.append(command)
        octets += len(command.line)
    yield piece


def _envelope(transaction: Transaction) -> list[_Command]:
    """MAIL and the RCPTs of an envelope."""
    rcpts = [_Command(Phase.RCPT, _line(f"RCPT TO:<{name}>"), name) for name in transaction.recipients]
    return [_mail(transaction.mail_from), *rcpts]


@lru_cache(maxsize=64)
def _mail(sender: str) -> _Command:
    return _Command(Phase.MAIL, _line(f"MAIL FROM:<{sender}>"), sender)


def _literal(address: str | None) -> str:
    """The name of a client without a name (RFC 5321 §4.1.4)."""
    address = (address or "127.0.0.1").partition("%")[0]
    return f"[IPv6:{address}]" if ":" in address else f"[{address}]"
