"""Sends one message to one address with aiosmtplib, as a given mailer would, and says which cell it ended in.

Every reply and failure becomes a turn, the turn a cell, and the mailer's profile rules what follows: go on, say HELO,
go on without TLS, or stop here. Which address comes next is the delivery engine's business.

Standards: RFC 5321 §3.3, §4.5.3.2 (timeouts); RFC 1870 §6 (the size is declared, and the host decides); RFC 3207 §4.
"""

import asyncio
import re
import ssl
from collections.abc import Awaitable, Callable
from typing import Any, cast

import aiosmtplib
from msgspec import Struct

from mxprobe.facts.run import TlsUse
from mxprobe.facts.session import Endpoint, Failure, FailureKind, Turn
from mxprobe.facts.smtp import Phase, Reply
from mxprobe.facts.text import escape_text
from mxprobe.mx.outcome import Action, TlsPolicy
from mxprobe.mx.profile import Profile
from mxprobe.mx.reading import classify
from mxprobe.mx.tlsneed import Need
from mxprobe.wire.dial import Connect as Connect  # also for those who send
from mxprobe.wire.failures import failure_of
from mxprobe.wire.trust import Trust, object_to, peer_chain

_CERTIFIED = Need(policy=TlsPolicy.MTA_STS)
"""What a mailer needs that asks for a valid certificate where no policy does: name and chain, as under MTA-STS."""

_DOT_AT_START = re.compile(rb"^\.", re.MULTILINE)


class Parcel(Struct, frozen=True, kw_only=True):
    """What is sent: the envelope and the message with CRLF line ends."""

    mail_from: str
    recipients: tuple[str, ...]
    content: bytes


class Manner(Struct, frozen=True, kw_only=True):
    """How it is sent: as which mailer, with what need of TLS, for how long the message has waited, saying which name.

    `clear` is set for the second try without TLS; `tls` is shared by all sessions and verifies nothing: where the need
    is that the host proves who it is, that is judged by `trust`.
    """

    profile: Profile
    need: Need
    trust: Trust
    queued_for: float
    helo: str
    clear: bool
    tls: ssl.SSLContext


class Sent(Struct, frozen=True, kw_only=True):
    """How it ended: the cell of the whole, the cells of the recipients (Z1: taken), and the turns behind them.

    `tls` is how the content travelled, by the recipients that it was handed over for; `tls_version` is of the
    connection ("TLSv1.3"; empty: there was no TLS).
    """

    cell: str
    recipients: tuple[tuple[str, str], ...]
    turns: tuple[Turn, ...]
    tls: tuple[tuple[str, TlsUse], ...] = ()
    tls_version: str = ""

    def turn_of(self, recipient: str) -> Turn:
        """The turn that decided for a recipient: its own RCPT where that was refused, else the last."""
        for turn in self.turns:
            if turn.subject == recipient and turn.reply is not None and not turn.reply.is_positive:
                return turn
        return self.turns[-1]


class _Stopped(Exception):  # no error: the end of the road
    """The session goes no further; `cell` says why."""

    def __init__(self, cell: str) -> None:
        self.cell = cell


async def send(endpoint: Endpoint, parcel: Parcel, manner: Manner, connect: Connect) -> Sent:
    """Send `parcel` to `endpoint`. Nothing of the network's is raised; the connection is closed at the end."""
    session = _Session(endpoint, parcel, manner)
    try:
        cell = await session.run(connect)
    except _Stopped as stopped:
        cell = stopped.cell
    finally:
        session.close()
    return Sent(
        cell=cell,
        recipients=tuple(session.answered.items()),
        turns=tuple(session.turns),
        tls=tuple(session.tls.items()),
        tls_version=session.tls_version,
    )


async def ask(endpoint: Endpoint, recipient: str, manner: Manner, connect: Connect) -> bool | None:
    """Whether the host takes mail for `recipient`, asked from the null sender; None where it says neither."""
    session = _Session(endpoint, Parcel(mail_from="", recipients=(recipient,), content=b""), manner)
    try:
        await session.ask(connect)
    except _Stopped:
        pass
    finally:
        session.close()
    return {"R1": True, "R4": False, "R5": False}.get(session.answered.get(recipient, ""))


class _Session:
    """One connection and what was said on it."""

    def __init__(self, endpoint: Endpoint, parcel: Parcel, manner: Manner) -> None:
        self.endpoint, self.parcel, self.manner = endpoint, parcel, manner
        self.turns: list[Turn] = []
        self.answered: dict[str, str] = {}
        self.smtp: aiosmtplib.SMTP | None = None
        self.secured = False
        self.tls: dict[str, TlsUse] = {}
        self.authenticated = False
        self.tls_version = ""

    async def run(self, connect: Connect) -> str:
        """Walk through the session; the cell of its end. Raises _Stopped where a ruling ends it earlier."""
        smtp = await self._greet(connect)
        pending = self.parcel.recipients
        while pending:
            if not await self._transaction(smtp, pending):
                break
            pending = tuple(name for name in pending if self._ruling(self.answered[name]).action is Action.SPLIT)
        if "Z1" not in self.answered.values():
            return "R8"
        await self._quit(smtp)
        return "Z1"

    async def ask(self, connect: Connect) -> None:
        """MAIL and RCPT, and no message. Raises _Stopped."""
        smtp = await self._greet(connect)
        await self._step(Phase.MAIL, lambda limit: smtp.mail("", timeout=limit), subject="")
        await self._recipient(smtp, self.parcel.recipients[0])
        await self._quit(smtp)

    async def _greet(self, connect: Connect) -> aiosmtplib.SMTP:
        """The session up to where mail can begin."""
        smtp = await self._connect(connect)
        await self._hello(smtp)
        await self._secure(smtp)
        return smtp

    async def _transaction(self, smtp: aiosmtplib.SMTP, recipients: tuple[str, ...]) -> bool:
        """One message for these recipients; False where the host took none of them."""
        mail_from = self.parcel.mail_from
        size = [f"SIZE={len(self.parcel.content)}"] if smtp.supports_extension("size") else []
        await self._step(Phase.MAIL, lambda limit: smtp.mail(mail_from, options=size, timeout=limit), subject=mail_from)
        for recipient in recipients:
            await self._recipient(smtp, recipient)
        taken = [recipient for recipient in recipients if self.answered[recipient] == "R1"]
        if taken:
            await self._data(smtp, taken)
            self.answered.update(dict.fromkeys(taken, "Z1"))
        return bool(taken)

    def close(self) -> None:
        """Drop the connection at once; a polite end was said before, and TLS would wait for the host's farewell."""
        if self.smtp is not None:
            transport = cast(asyncio.Transport | None, self.smtp.transport)
            self.smtp.close()
            if transport is not None and self.secured:
                transport.abort()

    async def _connect(self, connect: Connect) -> aiosmtplib.SMTP:
        sock = await self._step(Phase.CONNECT, lambda limit: _within(limit, connect(self.endpoint)))
        smtp = aiosmtplib.SMTP(
            hostname=None,
            port=None,
            sock=sock,
            use_tls=False,
            start_tls=False,
            local_hostname=self.manner.helo,
            tls_context=self.manner.tls,
        )
        self.smtp = smtp
        await self._step(Phase.BANNER, lambda limit: smtp.connect(timeout=limit))
        return smtp

    async def _hello(self, smtp: aiosmtplib.SMTP) -> None:
        await self._step(Phase.EHLO, lambda limit: smtp.ehlo(hostname=self.manner.helo, timeout=limit))
        if self.turns[-1].phase is Phase.EHLO and self._ruling(classify(self.turns[-1])).action is Action.HELO:
            await self._step(Phase.HELO, lambda limit: smtp.helo(hostname=self.manner.helo, timeout=limit))

    async def _secure(self, smtp: aiosmtplib.SMTP) -> None:
        """STARTTLS where the policy wants it; without it the policy's row T1 rules."""
        if self.manner.need.policy is TlsPolicy.NONE or self.manner.clear:
            return
        if not smtp.supports_extension("starttls"):
            self._rule("T1")
            return
        name = self.endpoint.host
        await self._step(Phase.STARTTLS, lambda limit: smtp.starttls(server_hostname=name, timeout=limit))
        if self.turns[-1].reply is not None and self.turns[-1].reply.is_positive:
            self.secured = True
            secured = smtp.transport.get_extra_info("ssl_object") if smtp.transport else None
            self.tls_version = str(secured.version() or "") if secured is not None else ""
            self._authenticate(smtp)
            await self._hello(smtp)

    def _use_of_tls(self) -> TlsUse:
        """How content travels now."""
        if self.authenticated:
            return TlsUse.VERIFIED
        return TlsUse.UNVERIFIED if self.secured else TlsUse.NONE

    def _authenticate(self, smtp: aiosmtplib.SMTP) -> None:
        """Go on only with a host that has proved who it is, where that is needed, or the mailer asks for it anyway."""
        need = self.manner.need
        if not need.authenticates:
            if self._ruling("T5").action is Action.GO:
                return
            need = _CERTIFIED
        chain = peer_chain(smtp.transport.get_extra_info("ssl_object")) if smtp.transport else ()
        objection = object_to(need, self.endpoint.host, chain, self.manner.trust)
        if objection is not None:
            now = asyncio.get_running_loop().time()
            failure = Failure(kind=FailureKind.TLS, phase=Phase.TLS, detail=objection)
            self.turns.append(Turn(phase=Phase.TLS, started=now, ended=now, failure=failure, secured=True))
            raise _Stopped("T5")
        self.authenticated = True

    async def _recipient(self, smtp: aiosmtplib.SMTP, recipient: str) -> None:
        """A refusal here is the recipient's own, unless the connection ends with it."""
        turn = await self._take(Phase.RCPT, lambda limit: smtp.rcpt(recipient, timeout=limit), recipient)
        cell = classify(turn)
        if turn.failure is not None or cell == "R6":
            raise _Stopped(cell)
        self.answered[recipient] = cell

    async def _data(self, smtp: aiosmtplib.SMTP, recipients: list[str]) -> None:
        """DATA, and the message with its final dot: `smtp.data` would give both waits one limit."""
        await self._step(Phase.DATA, lambda limit: smtp.execute_command(b"DATA", timeout=limit))
        self.tls.update(dict.fromkeys(recipients, self._use_of_tls()))
        turn = await self._take(Phase.DOT, lambda limit: _hand_over(smtp, self.parcel.content, limit))
        cell = classify(turn)
        if cell != "Z1":
            raise _Stopped(cell)

    async def _quit(self, smtp: aiosmtplib.SMTP) -> None:
        await self._take(Phase.QUIT, lambda limit: smtp.quit(timeout=min(limit, 5.0)))

    async def _step(self, phase: Phase, act: Callable[[float], Awaitable[Any]], subject: str | None = None) -> Any:
        """Act, and stop where the mailer's ruling on the outcome is not to go on."""
        result: list[Any] = []

        async def acting(limit: float) -> Any:
            result.append(await act(limit))
            return result[0]

        turn = await self._take(phase, acting, subject)
        self._rule(classify(turn))
        return result[0] if result else None

    def _rule(self, cell: str) -> None:
        if self._ruling(cell).action not in (Action.GO, Action.HELO):
            raise _Stopped(cell)

    def _ruling(self, cell: str) -> Any:
        return self.manner.profile.ruling(cell, self.manner.need.policy, self.manner.queued_for)

    async def _take(self, phase: Phase, act: Callable[[float], Awaitable[Any]], subject: str | None = None) -> Turn:
        """One turn, its outcome as a value."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        limit = float(getattr(self.manner.profile.timeouts, phase.value, self.manner.profile.timeouts.ehlo))
        reply: Reply | None = None
        failure: Failure | None = None
        try:
            reply = _reply_of(await act(limit))
        except aiosmtplib.SMTPResponseException as error:
            reply = _reply(error.code, error.message)
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            phase = _phase_of(error, phase)
            failure = _failure(error, phase, loop.time() - began)
        turn = Turn(
            phase=phase,
            started=began,
            ended=loop.time(),
            subject=subject,
            reply=reply,
            failure=failure,
            secured=self.secured,
        )
        self.turns.append(turn)
        return turn


async def _within(limit: float, opening: Awaitable[Any]) -> Any:
    async with asyncio.timeout(limit):
        return await opening


async def _hand_over(smtp: aiosmtplib.SMTP, content: bytes, limit: float) -> aiosmtplib.SMTPResponse:
    """Send the message, dots doubled (RFC 5321 §4.5.2), and hear what the host says to the final one."""
    protocol = smtp.protocol
    if protocol is None:
        raise aiosmtplib.SMTPServerDisconnected("the connection is gone")
    protocol.write(_DOT_AT_START.sub(b"..", content) + b".\r\n")
    return await protocol.read_response(timeout=limit)


def _reply_of(result: Any) -> Reply | None:
    return _reply(result.code, result.message) if isinstance(result, aiosmtplib.SMTPResponse) else None


def _reply(code: int, message: str) -> Reply:
    """aiosmtplib keeps no raw bytes; `raw` is the text it has."""
    text = message.encode("utf-8", "surrogateescape")
    lines = tuple(escape_text(line) for line in message.split("\n"))
    return Reply(raw=text, code=code if 100 <= code <= 599 else None, lines=lines)


def _phase_of(error: Exception, phase: Phase) -> Phase:
    """What aiosmtplib does at STARTTLS is two phases: the command, and the handshake behind a positive reply.

    Its words tell them apart; a connection that is gone behind the reply is one that was lost without a cause.
    """
    gone = str(error) == "Connection lost" and error.__cause__ is None
    in_handshake = isinstance(error, ssl.SSLError) or "upgrading transport" in str(error) or gone
    return Phase.TLS if phase is Phase.STARTTLS and in_handshake else phase


def _failure(error: Exception, phase: Phase, after: float) -> Failure:
    if isinstance(error, aiosmtplib.SMTPTimeoutError | TimeoutError):
        return Failure(kind=FailureKind.TIMEOUT, phase=phase, after=after, detail="no reply in time")
    if isinstance(error, ssl.SSLError):
        return Failure(kind=FailureKind.TLS, phase=phase, after=after, detail=escape_text(str(error.reason)))
    if isinstance(error, OSError) and not isinstance(error, aiosmtplib.SMTPException):
        return failure_of(error, phase, after)
    return Failure(kind=FailureKind.CLOSED, phase=phase, after=after, detail="the connection ended")
