"""One MX host of the lab: aiosmtpd's dialogue, asked at every phase whether something else shall happen.

What a host says or does is decided in the scenario room; this acts it out and writes the session down as the host saw
it.
A client that half-closes behind its final dot and QUIT is answered: stock aiosmtpd would drop its message.

Standards: RFC 5321 §3.1 (a host that refuses service answers 503 until QUIT), §4.1.1; RFC 3207 §4.
"""

import asyncio
import logging
import ssl
from collections.abc import Callable
from email.parser import BytesHeaderParser
from typing import Any, NoReturn

from aiosmtpd.smtp import SMTP
from aiosmtpd.smtp import Session as Client
from msgspec import Struct

from mxprobe.facts.session import Endpoint, Failure, FailureKind, Session, Side, Turn
from mxprobe.facts.smtp import Phase
from mxprobe.facts.smtp import Reply as SmtpReply
from mxprobe.facts.text import escape
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

TOKEN_HEADER = "X-Mxprobe-Token"
_NO_TIMEOUT = 1e8
_JUNK = b"\x16\x03\x01 this is no TLS\r\n"


class StoredMessage(Struct, frozen=True, kw_only=True):
    """A message that a host has taken; `token` is its name in the story, `session` the session's number at the host."""

    mail_from: str
    recipients: tuple[str, ...]
    content: bytes
    token: str | None
    at: float
    client: str
    session: int


class HostSeams(Struct, frozen=True, kw_only=True):
    """What a host is made with: who it is, whom it asks, to whom it gives messages and finished sessions."""

    name: str
    address: str
    port: int
    react: Callable[[Moment], tuple[Reaction, ...]]
    now: Callable[[], float]
    epoch: float
    context: Callable[[CertificateKind], ssl.SSLContext]
    store: Callable[[StoredMessage, Keep | HandOn], None]
    finished: Callable[[Session], None]


def host_protocol(seams: HostSeams) -> Callable[[], "LabHost"]:
    """A factory of protocols for the host's connections."""
    logging.getLogger("mail.log").setLevel(logging.CRITICAL)
    count = 0

    def accept() -> LabHost:
        nonlocal count
        count += 1
        return LabHost(seams, count)

    return accept


class _Policy:
    """The hooks that aiosmtpd calls; the answers are the host's."""

    async def handle_EHLO(self, server: "LabHost", client: Client, _envelope: Any, name: str, lines: Any) -> list[str]:
        client.host_name = name
        offered = ["PIPELINING", "SIZE 10485760", "8BITMIME", "ENHANCEDSTATUSCODES"]
        if not server.secured:
            offered.append("STARTTLS")
        return [f"250-{server.hostname}", *[f"250-{word}" for word in offered[:-1]], f"250 {offered[-1]}"]

    async def handle_RCPT(self, server: "LabHost", _client: Any, envelope: Any, address: str, _options: Any) -> str:
        said = await server.meet(Phase.RCPT, argument=address, recipient=address)
        if said is not None:
            return said
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Ok"

    async def handle_DATA(self, server: "LabHost", _client: Any, _envelope: Any) -> str:
        said = await server.meet(Phase.DOT)
        return said or "250 2.0.0 Ok"


class LabHost(SMTP):
    """One connection to a host."""

    def __init__(self, seams: HostSeams, number: int) -> None:
        self.seams, self.number = seams, number
        self.turns: list[Turn] = []
        self._phase = Phase.BANNER
        self._began = self._connected_at = seams.now()
        self._subject: str | None = None
        self._said = b""
        self._refusing = False
        self._waiting = False
        self._over = False
        super().__init__(
            _Policy(),
            hostname=seams.name,
            ident="ESMTP mxprobe lab",
            loop=asyncio.get_running_loop(),
            timeout=_NO_TIMEOUT,
            tls_context=seams.context(CertificateKind.VALID),
            data_size_limit=10485760,
        )

    @property
    def secured(self) -> bool:
        """Whether the connection is inside TLS."""
        return self.session is not None and self.session.ssl is not None

    # -- asking what shall happen -------------------------------------------------------------------------------------

    async def meet(self, phase: Phase, argument: str = "", recipient: str | None = None) -> str | None:
        """Act what the story has for this phase; the reply to give in place of the usual one, if any."""
        self._turn_to(phase, recipient)
        if self._refusing and phase is not Phase.BANNER:
            return "503 5.5.1 No service here, say QUIT"
        envelope = self.envelope
        moment = Moment(
            now=self.seams.now(),
            host=self.seams.name,
            phase=phase,
            client=self._client(),
            argument=argument,
            mail_from=_plain(envelope.mail_from) if envelope is not None else "",
            recipients=tuple(envelope.rcpt_tos) if envelope is not None else (),
            recipient=recipient,
            secured=self.secured,
        )
        said: str | None = None
        for reaction in self.seams.react(moment):
            said = await self._act(reaction) or said
        return said

    async def _act(self, reaction: Reaction) -> str | None:
        match reaction:
            case Reply():
                self._refusing = self._refusing or (self._phase is Phase.BANNER and reaction.code >= 400)
                return f"{reaction.code} {reaction.text}".strip()
            case Delay():
                await asyncio.sleep(reaction.seconds)
            case Silence():
                await self._hold(FailureKind.TIMEOUT)
            case Close():
                self._hang_up()
                await self._hold(FailureKind.CLOSED)
            case Reset():
                self._abort()
                await self._hold(FailureKind.RESET)
            case Present():
                self.tls_context = self.seams.context(reaction.kind)
            case BreakHandshake():
                await super().push("220 2.0.0 Ready to start TLS")
                self._writer.write(_JUNK)
                self._hang_up()
                await self._hold(FailureKind.TLS)
            case Keep() | HandOn():
                self._store(reaction)
            case _:
                pass
        return None

    async def _hold(self, kind: FailureKind) -> NoReturn:
        """Say nothing more; the turn is written down, and the connection's end takes this task with it."""
        self._write_turn(None, Failure(kind=kind, phase=self._phase))
        self._waiting = True
        await asyncio.get_running_loop().create_future()
        raise AssertionError("nobody ends this wait but the end of the connection")

    def _hang_up(self) -> None:
        if self.transport is not None:
            self.transport.close()

    def _abort(self) -> None:
        transport: Any = self._original_transport or self.transport
        transport.abort()

    def _client(self) -> str:
        peer: Any = self.session.peer if self.session is not None else None
        return str(peer[0]) if peer else ""

    def _store(self, how: Keep | HandOn) -> None:
        envelope: Any = self.envelope
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        stored = StoredMessage(
            mail_from=_plain(envelope.mail_from),
            recipients=tuple(envelope.rcpt_tos),
            content=content,
            token=BytesHeaderParser().parsebytes(content).get(TOKEN_HEADER),
            at=self.seams.now(),
            client=self._client(),
            session=self.number,
        )
        self.seams.store(stored, how)

    # -- aiosmtpd's seams ---------------------------------------------------------------------------------------------

    async def push(self, status: Any) -> None:
        """Every line that leaves passes here; the first is the banner. None comes when there is nobody left to tell."""
        if status is None:
            raise asyncio.CancelledError
        line = status if isinstance(status, str) else escape(status)
        if self._phase is Phase.BANNER and not self.turns:
            line = await self.meet(Phase.BANNER) or line
        await self._say(line)

    async def _say(self, text: str) -> None:
        """Say a reply, several lines where the text has them, and write the turn down at its last line."""
        for line in _fold(text):
            await super().push(line)
            self._said += line.encode("ascii", "replace") + b"\r\n"
        if text[3:4] != "-":
            raw, self._said = self._said, b""
            lines = tuple(
                part[4:] for part in escape(raw.replace(b"\r\n", b"\n")).replace("\\x0a", "\n").split("\n")[:-1]
            )
            self._write_turn(SmtpReply(raw=raw, code=int(text[:3]), lines=lines), None)
            if text.startswith("421"):
                self._hang_up()

    async def smtp_EHLO(self, hostname: str) -> None:
        await self._unless(Phase.EHLO, super().smtp_EHLO, hostname)

    async def smtp_HELO(self, hostname: str) -> None:
        await self._unless(Phase.HELO, super().smtp_HELO, hostname)

    async def smtp_STARTTLS(self, arg: str) -> None:
        said = await self.meet(Phase.STARTTLS) or await self.meet(Phase.TLS)
        if said is not None:
            await self.push(said)
            return
        self._turn_to(Phase.STARTTLS, None)
        await super().smtp_STARTTLS(arg)

    async def smtp_MAIL(self, arg: str | None) -> None:
        await self._unless(Phase.MAIL, super().smtp_MAIL, arg)

    async def smtp_DATA(self, arg: str) -> None:
        await self._unless(Phase.DATA, super().smtp_DATA, arg)

    async def smtp_QUIT(self, arg: str) -> None:
        self._refusing = False
        await self._unless(Phase.QUIT, super().smtp_QUIT, arg)

    async def _unless(self, phase: Phase, usual: Callable[[Any], Any], arg: Any) -> None:
        said = await self.meet(phase, argument=arg or "")
        if said is not None:
            await self.push(said)
        else:
            await usual(arg)

    def eof_received(self) -> bool | None:
        """Answer what was sent before a half-close; outside TLS the transport stays open for that."""
        if self.secured or self._waiting or self._over:
            return bool(super().eof_received())
        self._reader.feed_eof()
        return True

    async def handle_exception(self, error: Exception) -> str:
        """The end of the client's words ends the session; anything else is aiosmtpd's."""
        if isinstance(error, asyncio.IncompleteReadError):
            self._hang_up()
            raise asyncio.CancelledError
        return str(await super().handle_exception(error))

    def connection_lost(self, error: Exception | None) -> None:
        """Give the session away, once."""
        if not self._over:
            self._over = True
            self.seams.finished(self._session())
        super().connection_lost(error)

    # -- writing down -------------------------------------------------------------------------------------------------

    def _turn_to(self, phase: Phase, subject: str | None) -> None:
        self._phase, self._subject = phase, subject
        self._began = self.seams.now()

    def _write_turn(self, reply: SmtpReply | None, failure: Failure | None) -> None:
        self.turns.append(
            Turn(
                phase=self._phase,
                started=round(self._began - self._connected_at, 6),
                ended=round(self.seams.now() - self._connected_at, 6),
                subject=self._subject,
                reply=reply,
                failure=failure,
                secured=self.secured,
            )
        )

    def _session(self) -> Session:
        return Session(
            endpoint=Endpoint(host=self.seams.name, address=self.seams.address, port=self.seams.port),
            side=Side.HOST,
            started_at=round(self.seams.epoch + self._connected_at, 6),
            turns=tuple(self.turns),
            failure=next((turn.failure for turn in self.turns if turn.failure is not None), None),
            source=self._client() or None,
        )


def _plain(address: str | None) -> str:
    """aiosmtpd says "<>" for the null sender."""
    return "" if address in (None, "<>") else str(address)


def _fold(text: str) -> list[str]:
    """The lines of a reply whose text has line ends."""
    first, *rest = text.split("\n")
    if not rest:
        return [text]
    code, parts = first[:3], [first[4:], *rest]
    return [f"{code}-{part}" for part in parts[:-1]] + [f"{code} {parts[-1]}"]
