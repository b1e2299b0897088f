"""One connection as a prober hears it: replies in order with their instants, in clear and then inside TLS.

Bytes become replies here and waits become values or one exception; what to say next is the session's business. Memory
is bounded whatever the peer sends. TLS runs over memory, so that bytes which come too early are never fed to it.
"""

import asyncio
from collections import deque
from typing import NamedTuple

from OpenSSL import SSL

from mxprobe.facts.lines import REPLY_CAP, ReplyReader
from mxprobe.facts.smtp import Reply
from mxprobe.wire.failures import PeerClosed, PeerOverflowed
from mxprobe.wire.tls import TlsEngine

_USUAL_REPLY = 4096
"""Octets of a reply that is long, and still one: eight lines of the longest (RFC 5321 §4.5.3.1.5)."""


class Heard(NamedTuple):
    """A reply and the instant, in loop time, at which its last byte came."""

    reply: Reply
    at: float


class Conversation(asyncio.Protocol):
    """The client's end of one connection.

    `flights` counts the waits of the TLS handshake, `made_at` is when the connection was made, in loop time. After the
    end of the connection what was heard before can still be taken; then its error is raised.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._reader = ReplyReader()
        self._heard: deque[Heard] = deque()
        self._held, self._most_held = 0, REPLY_CAP
        self._error: BaseException | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._deadline = 0.0
        self._alarm: asyncio.TimerHandle | None = None
        self._rings_at = 0.0
        self._lost = False
        self._tls: TlsEngine | None = None
        self._shaken = False
        self.flights = 0
        self.made_at = 0.0

    # -- what the transport says ------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport, and the instant."""
        self.made_at = self._loop.time()
        self._transport = transport  # type: ignore[assignment]  # a Protocol is given a Transport

    def data_received(self, data: bytes) -> None:
        """Make replies of what came."""
        if self._error is not None:
            return
        if self._tls is None:
            self._hear(data)
            return
        try:
            self._tls.feed(data)
            self._pump()
        except SSL.Error as error:
            self._flush()  # the alert that says why
            self._end(error)

    def eof_received(self) -> bool:
        """The peer has said all it will say."""
        self._end(PeerClosed("closed the connection"))
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self._lost = True
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        self._end(exc or PeerClosed("closed the connection"))

    def _pump(self) -> None:
        tls = self._tls
        if tls is None:
            return
        was_shaken = self._shaken
        if not was_shaken:
            self._shaken = tls.shake_hands()
            if not self._shaken:
                self.flights += self._flush()
                return
            self._wake()
        plain, ended = tls.read()
        if plain:
            self._hear(plain)
        elif was_shaken:
            self._flush()  # else our last flight waits, to go out in one piece with the next command
        if ended:
            self._end(PeerClosed("closed the connection"))

    def _hear(self, data: bytes) -> None:
        now = self._loop.time()
        for reply in self._reader.feed(data):
            self._heard.append(Heard(reply=reply, at=now))
            self._held += len(reply.raw)
        if self._reader.overflowed or self._held > self._most_held:
            self._end(PeerOverflowed("sent more than any reply may have"))
            self.abort()
        self._wake()

    def _flush(self) -> bool:
        """Send the ciphertext that waits; says whether there was any."""
        waiting = self._tls.pull() if self._tls is not None else b""
        if waiting and self._transport is not None and not self._transport.is_closing():
            self._transport.write(waiting)
        return bool(waiting)

    def _end(self, error: BaseException) -> None:
        if self._error is None:
            self._error = error
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    # -- what the session asks --------------------------------------------------------------------------------------

    @property
    def source(self) -> str | None:
        """Our own address, as the transport knows it."""
        name = self._transport.get_extra_info("sockname") if self._transport is not None else None
        return str(name[0]) if name else None

    def send(self, data: bytes, replies: int = 1) -> None:
        """Send commands; to a connection that has ended they are lost, and the next wait says so.

        As many `replies` may come at once.
        """
        self._most_held = REPLY_CAP + (replies - 1) * _USUAL_REPLY
        if self._transport is None or self._transport.is_closing():
            return
        if self._tls is None:
            self._transport.write(data)
            return
        try:
            self._tls.write(data)
        except SSL.Error as error:
            self._end(error)
        self._flush()

    def take_reply(self) -> Heard | None:
        """The next reply where it has come already."""
        if not self._heard:
            return None
        heard = self._heard.popleft()
        self._held -= len(heard.reply.raw)
        return heard

    @property
    def is_quiet(self) -> bool:
        """Whether nothing is there that came and was not taken."""
        return not self._heard and not self._reader.is_open

    def take_early(self) -> bytes:
        """The replies that came and were not asked for; forgets them."""
        early = b"".join(heard.reply.raw for heard in self._heard)
        self._heard.clear()
        self._held = 0
        return early

    @property
    def pending(self) -> bytes:
        """What came of a reply that has not ended."""
        return self._reader.pending

    def take_partial(self) -> Reply | None:
        """The reply that the end, or our patience's, left unfinished."""
        return self._reader.close()

    async def start_tls(self, engine: TlsEngine, deadline: float) -> None:
        """Shake hands. Bytes heard before, to be taken by the caller first, are not part of it (RFC 3207 §4.2)."""
        self._reader = ReplyReader()
        self._tls = engine
        try:
            self._pump()
        except SSL.Error as error:
            self._end(error)
        while not self._shaken:
            await self.change(deadline)

    # -- waiting ----------------------------------------------------------------------------------------------------

    def change(self, deadline: float) -> asyncio.Future[None]:
        """Something that happens on the connection, to be awaited; it may be a part of what is waited for.

        The future raises TimeoutError at the deadline (loop time). Raises what ended the connection.
        """
        if self._error is not None:
            raise self._error
        return self._stir(deadline)

    def _stir(self, deadline: float) -> asyncio.Future[None]:
        self._waiter = waiter = self._loop.create_future()
        self._deadline = deadline
        if self._alarm is None or deadline < self._rings_at:
            self._set_alarm()
        return waiter

    def _set_alarm(self) -> None:
        """One timer serves all waits: where it rings before the deadline of the wait, it is set anew."""
        if self._alarm is not None:
            self._alarm.cancel()
        self._rings_at = self._deadline
        self._alarm = self._loop.call_at(self._deadline, self._ring)

    def _ring(self) -> None:
        self._alarm = None
        if self._waiter is None or self._waiter.done():
            return
        if self._rings_at < self._deadline:
            self._set_alarm()
        else:
            self._waiter.set_exception(TimeoutError())

    # -- ending -----------------------------------------------------------------------------------------------------

    def abort(self) -> None:
        """Drop the connection at once."""
        if self._transport is not None:
            self._transport.abort()

    async def close(self) -> None:
        """End the connection politely; a peer that does not read what we sent is dropped after a second."""
        if self._transport is None:
            return
        if self._tls is not None and self._shaken and self._error is None:
            self._tls.say_goodbye()
            self._flush()
        self._transport.close()
        try:
            await asyncio.sleep(0)  # where nothing waits to be sent, the connection is gone by then
            deadline = self._loop.time() + 1.0
            while not self._lost:
                await self._stir(deadline)
        except TimeoutError:
            self._transport.abort()
        except BaseException:
            self._transport.abort()
            raise
