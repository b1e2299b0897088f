"""One MX host of the lab: aiosmtpd's dialogue, asked at every phase whether something else shall happen.

What a host says or does is decided in the scenario room; this acts it out and writes the session down as it saw it.
A client that half-closes behind its final dot and QUIT is answered: stock aiosmtpd would drop its message.

Standards: RFC 5321 §3.1 (a host that refuses service answers 503 until QUIT), §4.1.1; RFC 3207 §4.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Any, NoReturn

from aiosmtpd.smtp import SMTP, TLSSetupException

from mxprobe.facts.session import Endpoint, FailureKind, Session
from mxprobe.facts.smtp import Phase
from mxprobe.facts.text import escape
from mxprobe.lab.dialogue import AFTER, COMMANDS, Dialogue, declared_size, fold, plain
from mxprobe.lab.diary import Diary
from mxprobe.lab.letter import count_hops, read_token
from mxprobe.lab.seams import HostSeams, StoredMessage
from mxprobe.lab.sockets import reset
from mxprobe.scenario.reaction import (
    AskHost,
    BreakHandshake,
    CertificateKind,
    Close,
    Delay,
    HandOn,
    Keep,
    Moment,
    Offer,
    Present,
    Raw,
    Reaction,
    Reply,
    Reset,
    Silence,
    Slowly,
    SpeakTls,
    TlsVersion,
    Withhold,
)

_NO_TIMEOUT = 1e8
_SIZE = 10485760
_READY = "220 2.0.0 Ready to start TLS"
_JUNK = b"\x16\x03\x01 this is no TLS\r\n"


def host_protocol(seams: HostSeams) -> Callable[[], "LabHost"]:
    """A factory of protocols for the host's connections."""
    logging.getLogger("mail.log").setLevel(logging.CRITICAL)

    def accept() -> LabHost:
        seams.door.came += 1
        seams.door.open += 1
        return LabHost(seams, seams.door.came)

    return accept


class LabHost(SMTP):
    """One connection to a host."""

    def __init__(self, seams: HostSeams, number: int) -> None:
        self.seams, self.number, self._beside = seams, number, seams.door.open
        self.diary = Diary(seams.now)
        self._said = b""
        self._replaced = False
        self._pace = 0.0
        self._withheld: frozenset[str] = frozenset()
        self._offered: dict[str, str] = {}
        self._shown: tuple[CertificateKind, TlsVersion | None] = (CertificateKind.VALID, None)
        self._taken = 0
        self._handshake: tuple[Reaction, ...] = ()
        self._refusing = False
        self._silent = False
        self._midway: tuple[Reaction, ...] = ()
        self._hung_up = False
        self._over = False
        super().__init__(
            Dialogue(),
            hostname=seams.name,
            ident="ESMTP mxprobe lab",
            loop=asyncio.get_running_loop(),
            timeout=_NO_TIMEOUT,
            tls_context=None if seams.context is None else seams.context(*self._shown),
            data_size_limit=_SIZE,
        )
        self._smtp_methods = {verb: self._pass(verb, self._smtp_methods[verb]) for verb in COMMANDS}

    @property
    def secured(self) -> bool:
        """Whether the connection is inside TLS."""
        return self.session is not None and self.session.ssl is not None

    def offers(self) -> tuple[str, ...]:
        """The extensions behind EHLO, as they are at this moment."""
        lines = {"PIPELINING": "PIPELINING", "SIZE": f"SIZE {_SIZE}", "8BITMIME": "8BITMIME"}
        lines |= {"ENHANCEDSTATUSCODES": "ENHANCEDSTATUSCODES"}
        if self.tls_context is not None and not self.secured:
            lines["STARTTLS"] = "STARTTLS"
        return tuple(line for keyword, line in (lines | self._offered).items() if keyword not in self._withheld)

    def next_number(self) -> str:
        """The number of a message that was taken: the session's, and its place in the session."""
        self._taken += 1
        return f"{self.number}.{self._taken}"

    # -- asking what shall happen -------------------------------------------------------------------------------------

    async def meet(
        self, phase: Phase, argument: str = "", recipient: str | None = None, parameters: tuple[str, ...] = ()
    ) -> str | None:
        """Act what the story has for this phase; the reply to give in place of the usual one, if any."""
        if phase is not self.diary.phase or phase is Phase.DOT:
            self.diary.turn_to(phase)  # the dot's turn begins when it comes, not when the text was asked for
        if phase in (Phase.MAIL, Phase.RCPT):
            self.diary.subject = argument
        if phase is Phase.EHLO:
            self._withheld, self._offered = frozenset(), {}
        return await self._act_all(self._ask(phase, argument, recipient, parameters))

    def _ask(
        self, phase: Phase, argument: str = "", recipient: str | None = None, parameters: tuple[str, ...] = ()
    ) -> tuple[Reaction, ...]:
        envelope: Any = self.envelope
        content: bytes = envelope.content if phase is Phase.DOT else b""
        return self.seams.react(
            Moment(
                now=self.seams.now(),
                host=self.seams.name,
                address=self.seams.address,
                phase=phase,
                client=self._client(),
                session=self.number,
                open_sessions=self._beside,
                argument=argument,
                parameters=parameters,
                size=len(content) if phase is Phase.DOT else declared_size(parameters),
                message=read_token(content) if phase is Phase.DOT else None,
                mail_from=argument if phase is Phase.MAIL else plain(envelope.mail_from),
                recipients=tuple(envelope.rcpt_tos),
                recipient=recipient,
                hops=count_hops(content),
                secured=self.secured,
            )
        )

    async def _act_all(self, reactions: tuple[Reaction, ...]) -> str | None:
        said: str | None = None
        for reaction in reactions:
            said = await self._act(reaction) or said
        return said

    async def _act(self, reaction: Reaction) -> str | None:
        match reaction:
            case Reply():
                self._refusing = self._refusing or (self.diary.phase is Phase.BANNER and reaction.code >= 400)
                return f"{reaction.code} {reaction.text}".strip()
            case Delay():
                with self.diary.owing():
                    await asyncio.sleep(reaction.seconds)
            case Slowly():
                self._pace = reaction.seconds
            case Withhold():
                self._withheld |= {keyword.upper() for keyword in reaction.keywords}
            case Offer():
                keyword, _, value = reaction.line.partition(" ")
                self._offered[keyword.upper()] = reaction.line
                if keyword.upper() == "SIZE" and value.isdecimal():
                    self.data_size_limit = max(_SIZE, int(value))  # what is smaller is refused by who announced it
            case Raw():
                await self._send_raw(reaction)
            case Silence():
                await self._hold(FailureKind.TIMEOUT)
            case Close():
                self._hang_up()
                await self._hold(FailureKind.CLOSED)
            case Reset():
                self._abort()
                await self._hold(FailureKind.RESET)
            case Present():
                self._show(reaction.kind, self._shown[1])
            case SpeakTls():
                self._show(self._shown[0], reaction.version)
            case BreakHandshake():
                if self.diary.phase is Phase.STARTTLS:
                    await self._say(_READY)
                self._writer.write(_JUNK)
                self._hang_up()
                await self._hold(FailureKind.TLS)
            case Keep() | HandOn():
                self._store(reaction)
            case AskHost() if self.seams.verify is not None:
                return await self.seams.verify(reaction.host, reaction.recipient)
            case _:
                pass
        return None

    def _show(self, kind: CertificateKind, version: TlsVersion | None) -> None:
        """Shake hands with another certificate, or in another version."""
        self._shown = (kind, version)
        if self.seams.context is not None:
            self.tls_context = self.seams.context(kind, version)

    async def _send_raw(self, raw: Raw) -> None:
        """Send bytes that are nobody's reply; outside a handshake they take the place of the usual one."""
        await self._write(raw.data)
        if self.diary.phase is not Phase.TLS:
            self.diary.write_raw(raw.data, self.secured)
            self._replaced = True
        while raw.every is not None:
            await asyncio.sleep(raw.every)
            await self._write(raw.data)

    async def _write(self, data: bytes) -> None:
        """Send bytes, at the host's pace: before each, so that nothing comes between the last and what follows it."""
        for piece in (data,) if not self._pace else (data[at : at + 1] for at in range(len(data))):
            if self._pace:
                await asyncio.sleep(self._pace)
            self._writer.write(piece)
            await self._writer.drain()

    async def _hold(self, kind: FailureKind) -> NoReturn:
        """Say nothing more: the connection's end takes this task with it. A silence is written down when it ends."""
        if kind is FailureKind.TIMEOUT:
            self._silent = True
            if isinstance(self.transport, asyncio.Transport):
                self.transport.resume_reading()  # the handshake had it paused: else nobody would see the client leave
        else:
            self.diary.write_failure(kind, self.secured)
        await asyncio.get_running_loop().create_future()
        raise AssertionError("nobody ends this wait but the end of the connection")

    def _hang_up(self) -> None:
        self._hung_up = True
        if self.transport is not None:
            self.transport.close()

    def _abort(self) -> None:
        self._hung_up = True
        transport: Any = self._original_transport or self.transport
        reset(transport)

    def _client(self) -> str:
        return str(self.session.peer[0]) if self.session is not None and self.session.peer else ""

    def _store(self, how: Keep | HandOn) -> None:
        envelope: Any = self.envelope
        stored = StoredMessage(
            mail_from=plain(envelope.mail_from),
            recipients=tuple(envelope.rcpt_tos),
            content=envelope.content,
            token=read_token(envelope.content),
            at=self.seams.now(),
            client=self._client(),
            session=self.number,
        )
        self.seams.store(stored, how)

    # -- aiosmtpd's seams ---------------------------------------------------------------------------------------------

    def _pass(self, verb: str, usual: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """What every command passes on its way to aiosmtpd: it opens a turn, and finds a host that refuses service."""

        async def run(argument: str | None) -> None:
            if self._hung_up:
                return
            self.diary.turn_to(COMMANDS[verb], f"{verb} {argument or ''}".strip().encode("ascii") + b"\r\n")
            if self._refusing and verb != "QUIT":
                await self.push("503 5.5.1 No service here, say QUIT")
            else:
                await usual(argument)

        return run

    async def push(self, status: Any) -> None:
        """Every line that leaves passes here; the first is the banner. None comes when there is nobody left to tell."""
        if status is None:
            raise asyncio.CancelledError
        if self._hung_up:
            return
        line = status if isinstance(status, str) else escape(status)
        if self.diary.phase is Phase.BANNER:
            line = await self.meet(Phase.BANNER) or line
        if self.diary.phase is Phase.STARTTLS and line.startswith("220"):
            await self._say(_READY)
            await self._prepare_handshake()
        else:
            await self._say(line)

    async def _prepare_handshake(self) -> None:
        """Act what the story has for the handshake; what the client says meanwhile is left for TLS to read."""
        transport: Any = self.transport
        transport.pause_reading()
        await self._act_all(self._handshake)
        asyncio.get_running_loop().call_soon(transport.resume_reading)

    async def _say(self, text: str) -> None:
        """Say a reply, several lines where the text has them, and write the turn down at its last line."""
        for line in fold(text):
            octets = line.encode("ascii", "replace") + b"\r\n"
            self._said += octets
            if not self._replaced:
                await self._write(octets)
        if text[3:4] != "-" or "\n" in text:
            raw, self._said = self._said, b""
            if not self._replaced:
                self.diary.write_reply(raw, self.secured)
            self._replaced = False
            if self.seams.answered is not None:
                self.seams.answered(self._session())
            self.diary.turn_to(AFTER.get((self.diary.phase, text[:3])))
            if text.startswith("421"):
                self._hang_up()

    async def smtp_STARTTLS(self, arg: str) -> None:
        """Shake hands, unless the story has something else. A reply for the handshake can only be said before it."""
        if self.secured or self.tls_context is None:
            await self.push("503 5.5.1 TLS is on already" if self.secured else "502 5.5.1 TLS is not offered")
            return
        said = await self.meet(Phase.STARTTLS)
        if self._replaced:
            said = "454 4.7.0 TLS not now"  # stands for what was sent in its place
        if said is None or said.startswith("2"):
            self._handshake = self._ask(Phase.TLS)
            said = next((f"{one.code} {one.text}" for one in self._handshake if isinstance(one, Reply)), None)
        if said is not None:
            await self._say(said)
            return
        try:
            await super().smtp_STARTTLS(arg)
        except TLSSetupException:
            self.diary.write_failure(FailureKind.TLS, self.secured)
            raise
        self.diary.write_failure(None, self.secured)
        self.diary.turn_to(None)

    async def smtp_DATA(self, arg: str) -> None:
        """The phase is met where a message may come; aiosmtpd refuses the rest."""
        envelope: Any = self.envelope
        said = await self.meet(Phase.DATA) if envelope.rcpt_tos else None
        if said is None or said.startswith("354"):
            self._midway = self._ask(Phase.BODY) if envelope.rcpt_tos else ()
            await super().smtp_DATA(arg)
        else:
            await self.push(said)

    def data_received(self, data: bytes) -> None:
        """Take octets, unless the message is to break off: then none that follow are looked at."""
        if self._midway and self.diary.phase is Phase.DOT:
            self.diary.turn_to(Phase.BODY)
            self._break_off(self._midway[0])
        if self.diary.phase is not Phase.BODY:
            super().data_received(data)

    def _break_off(self, reaction: Reaction) -> None:
        """End the connection in the middle of a message, or listen no more."""
        match reaction:
            case Close():
                self.diary.write_failure(FailureKind.CLOSED, self.secured)
                self._hang_up()
            case Reset():
                self.diary.write_failure(FailureKind.RESET, self.secured)
                self._abort()
            case _:
                self._silent = True

    def eof_received(self) -> bool | None:
        """Answer what was sent before a half-close; outside TLS the transport stays open for that."""
        if self._silent:
            return False
        if self.secured or self._over:
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
            self.seams.door.open -= 1
            if self._silent:
                self.diary.write_failure(FailureKind.TIMEOUT, self.secured)
            self.seams.finished(self._session())
        super().connection_lost(error)

    def _session(self) -> Session:
        endpoint = Endpoint(host=self.seams.name, address=self.seams.address, port=self.seams.port)
        return self.diary.close(endpoint, self.seams.epoch, self._client() or None)
