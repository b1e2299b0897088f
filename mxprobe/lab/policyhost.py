"""The lab's host of an MTA-STS policy: HTTPS from the first byte, one request a connection.

What it presents and answers is decided in the scenario room, asked once before the handshake and once for each request;
this acts it out. Connections are refused or lost by the network, as for every host.

Standards: RFC 8461 §3.3; RFC 9112 (messages).
"""

import asyncio
from asyncio.sslproto import SSLProtocol
from collections.abc import Callable

import h11
from msgspec import Struct

from mxprobe.facts.smtp import Phase
from mxprobe.facts.text import escape
from mxprobe.lab.seams import Context
from mxprobe.lab.sockets import reset
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
    SpeakTls,
    TlsVersion,
)

HTTPS_PORT = 443

_JUNK = b"HTTP/1.1 400 this is no TLS\r\n\r\n"
_HIGH_WATER = 65536


class PolicySeams(Struct, frozen=True, kw_only=True):
    """What the host is made with: its name, whom it asks, the story's clock, its certificates."""

    name: str
    react: Callable[[Moment], tuple[Reaction, ...]]
    now: Callable[[], float]
    context: Context


def policy_protocol(seams: PolicySeams) -> Callable[[], asyncio.BaseProtocol]:
    """A factory of protocols for the host's connections, on a memory network or on sockets."""
    return lambda: _Door(seams)


class _Actor(asyncio.Protocol):
    """Acts reactions out one after the other on a connection that it may end or leave in silence."""

    def __init__(self, seams: PolicySeams) -> None:
        self.seams = seams
        self.transport: asyncio.Transport | None = None

    def moment(self, phase: Phase | None = None, path: str | None = None) -> Moment:
        """This moment, as the scenario room is asked about it."""
        peer = self.transport.get_extra_info("peername") if self.transport is not None else None
        return Moment(
            now=self.seams.now(),
            host=self.seams.name,
            phase=phase,
            path=path,
            client=str(peer[0]) if peer else "",
            secured=phase is None,
        )

    def act(self, reactions: tuple[Reaction, ...]) -> None:
        """Act out what is left; a delay comes back here, and what ends or silences the connection does not."""
        transport = self.transport
        if transport is None or transport.is_closing():
            return
        for number, reaction in enumerate(reactions, start=1):
            match reaction:
                case Delay():
                    asyncio.get_running_loop().call_later(reaction.seconds, self.act, reactions[number:])
                    return
                case Silence():
                    return
                case Close():
                    transport.close()
                    return
                case Reset():
                    reset(transport)
                    return
                case _:
                    self.act_own(reaction)
        self.go_on()

    def act_own(self, reaction: Reaction) -> None:
        """Act a reaction that belongs to this moment alone; others mean nothing here."""

    def go_on(self) -> None:
        """What comes when everything was acted out."""


class _Door(_Actor):
    """The connection until the handshake begins. What the client says meanwhile is left for TLS to read."""

    def __init__(self, seams: PolicySeams) -> None:
        super().__init__(seams)
        self._kind = CertificateKind.VALID
        self._version: TlsVersion | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask what shall happen to the handshake."""
        self.transport = transport  # type: ignore[assignment]  # a Protocol is given a Transport
        reactions = self.seams.react(self.moment(Phase.TLS))
        if any(isinstance(reaction, Delay) for reaction in reactions) and self.transport is not None:
            self.transport.pause_reading()
        self.act(reactions)

    def act_own(self, reaction: Reaction) -> None:
        """Choose the certificate and the version, or answer with what is no TLS."""
        match reaction:
            case Present():
                self._kind = reaction.kind
            case SpeakTls():
                self._version = reaction.version
            case BreakHandshake() if self.transport is not None:
                self.transport.write(_JUNK)
                self.transport.close()

    def go_on(self) -> None:
        """Shake hands, and let the next protocol speak inside."""
        transport = self.transport
        if transport is None or transport.is_closing():
            return
        context = self.seams.context(self._kind, self._version)
        answerer = _Answerer(self.seams)
        layer = SSLProtocol(asyncio.get_running_loop(), answerer, context, None, server_side=True)  # type: ignore[arg-type]  # nobody waits for the handshake
        transport.set_protocol(layer)
        layer.connection_made(transport)
        transport.resume_reading()


class _Answerer(_Actor):
    """The connection inside TLS: hears one request and answers it."""

    def __init__(self, seams: PolicySeams) -> None:
        super().__init__(seams)
        self._http = h11.Connection(our_role=h11.SERVER)
        self._request: h11.Request | None = None
        self._asked = False
        self._endless: bytes | None = None
        self._may_write = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self.transport = transport  # type: ignore[assignment]  # a Protocol is given a Transport
        if self.transport is not None:
            self.transport.set_write_buffer_limits(high=_HIGH_WATER)

    def connection_lost(self, exc: Exception | None) -> None:
        """There is nobody left to answer."""
        self.transport = None

    def data_received(self, data: bytes) -> None:
        """Wait for a whole request, then ask what to answer; what is none ends the connection."""
        if self._asked:
            return
        self._http.receive_data(data)
        try:
            while (event := self._http.next_event()) not in (h11.NEED_DATA, h11.PAUSED):
                if isinstance(event, h11.Request):
                    self._request = event
                elif isinstance(event, h11.EndOfMessage) and self._request is not None:
                    self._asked = True
                    self.act(self.seams.react(self.moment(path=escape(self._request.target))))
                    return
        except h11.RemoteProtocolError:
            if self.transport is not None:
                self.transport.close()

    def act_own(self, reaction: Reaction) -> None:
        """Send the page."""
        if not isinstance(reaction, Page):
            return
        framing = ("Transfer-Encoding", "chunked") if reaction.endless else ("Content-Length", str(len(reaction.body)))
        headers = [("Content-Type", reaction.content_type), framing, ("Connection", "close")]
        if reaction.location is not None:
            headers.append(("Location", reaction.location))
        self._send(h11.Response(status_code=reaction.code, headers=headers))
        if reaction.endless:
            self._endless = reaction.body
            self._send_without_end()
        else:
            if self._request is not None and self._request.method != b"HEAD":
                self._send(h11.Data(data=reaction.body))
            self._send(h11.EndOfMessage())

    def go_on(self) -> None:
        """A connection carries one answer."""
        if self._endless is None and self.transport is not None:
            self.transport.close()

    def _send(self, event: h11.Event) -> None:
        if self.transport is not None:
            self.transport.write(self._http.send(event) or b"")

    def _send_without_end(self) -> None:
        """Send as fast as the client reads."""
        while self._endless and self._may_write and self.transport is not None and not self.transport.is_closing():
            self._send(h11.Data(data=self._endless))

    def pause_writing(self) -> None:
        """The client is slow, or has stopped reading."""
        self._may_write = False

    def resume_writing(self) -> None:
        """The client has read."""
        self._may_write = True
        self._send_without_end()
