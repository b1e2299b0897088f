"""One connection of the memory network: two transports that hand each other bytes, FIN and RST after a latency.

What TCP would show is kept, because hosts, senders and probes are judged by it: bytes keep their order; FIN ends one
direction only (half-close); bytes that reach a closed end are answered with RST, and so is closing with bytes unread;
RST comes behind the bytes sent before it, as a Linux receiver sees it, while those on their way to the end that aborted
are lost. A writer is told to pause while too much of what it wrote is unread (asyncio's flow control): memory stays
bounded.

Works under asyncio's own TLS layer (`loop.start_tls`, and aiosmtpd's), which needs `_start_tls_compatible`,
`set_protocol`, buffered protocols and the private `_force_close`.
"""

import asyncio
import errno
from collections import deque
from collections.abc import Callable
from typing import Any, TypeVarTuple

Ts = TypeVarTuple("Ts")

HIGH_WATER = 64 * 1024
LOW_WATER = 16 * 1024

# The most bytes handed over at once, so that a reader can pause in the middle of a long write.
SEGMENT = 64 * 1024

END = b""  # in the line of unread bytes: the other end has sent FIN, as `recv` would say it


class MemoryTransport(asyncio.Transport):
    """One end of a memory connection; reading is held until a protocol is attached.

    `close()` sends FIN, `write_eof()` sends FIN and goes on reading, `abort()` sends RST: the other end's protocol then
    gets ConnectionResetError. Extra info: `peername`, `sockname`; `socket` is None.
    """

    _start_tls_compatible = True
    _peer: "MemoryTransport"

    def __init__(self, loop: asyncio.AbstractEventLoop, latency: float, here: tuple[Any, ...], there: tuple[Any, ...]):
        super().__init__({"sockname": here, "peername": there, "socket": None})
        self._loop = loop
        self._latency = latency
        self._protocol: asyncio.BaseProtocol | None = None
        self._buffered = False
        self._unread: deque[bytes] = deque()
        self._reading_paused = False
        self._reading = False
        self._end_sent = False
        self._closing = False
        self._lost = False
        self._reset_before_attach = False
        self._unconsumed = 0
        self._writing_paused = False
        self._high, self._low = HIGH_WATER, LOW_WATER
        self.when_lost: Callable[[MemoryTransport], None] | None = None

    # -- whose connection it is -------------------------------------------------------------------------------------

    def attach(self, protocol: asyncio.BaseProtocol) -> None:
        """Introduce the first protocol, then start reading. Raises RuntimeError the second time or when closed."""
        if self._protocol is not None:
            raise RuntimeError("this memory connection has its protocol already")
        if self._closing and not self._reset_before_attach:
            raise RuntimeError("this memory connection is closed")
        self.set_protocol(protocol)
        protocol.connection_made(self)
        if self._reset_before_attach:
            self._reset_before_attach = False
            self._loop.call_soon(self._lose, _reset())
        else:
            self._loop.call_soon(self._read)

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Hand what arrives from now on to another protocol, as STARTTLS does."""
        self._protocol = protocol
        self._buffered = isinstance(protocol, asyncio.BufferedProtocol)

    def get_protocol(self) -> asyncio.BaseProtocol:
        """The protocol that gets what arrives."""
        if self._protocol is None:
            raise RuntimeError("this memory connection has no protocol")
        return self._protocol

    def __repr__(self) -> str:
        here, there = self.get_extra_info("sockname"), self.get_extra_info("peername")
        return f"<MemoryTransport {here[0]}:{here[1]} -> {there[0]}:{there[1]}{' closing' if self._closing else ''}>"

    # -- reading ----------------------------------------------------------------------------------------------------

    def is_reading(self) -> bool:
        """Says whether arriving bytes are handed over."""
        return not self._reading_paused and not self._closing

    def pause_reading(self) -> None:
        """Keep what arrives until `resume_reading`."""
        self._reading_paused = True

    def resume_reading(self) -> None:
        """Hand over what was kept, in the loop's next turn."""
        if self._reading_paused:
            self._reading_paused = False
            if not self._closing:
                self._loop.call_soon(self._read)

    def _bytes_arrived(self, data: bytes) -> None:
        if self._closing:
            self.after_latency(self._peer._reset_arrived)  # RFC 9293 §3.10.7.1: a closed end answers with RST
            return
        self._unread.append(data)
        self._read()

    def _end_arrived(self) -> None:
        if not self._closing:
            self._unread.append(END)
            self._read()

    def _reset_arrived(self) -> None:
        if self._closing:
            return
        self._closing = True
        self._unread.clear()
        if self._protocol is None:
            self._reset_before_attach = True
        else:
            self._lose(_reset())

    def _read(self) -> None:
        """Hand over what may be handed over. A protocol that writes, pauses or closes meanwhile is obeyed."""
        if self._reading:
            return
        self._reading = True
        try:
            while self._unread and self._protocol is not None and not self._reading_paused and not self._closing:
                data = self._unread.popleft()
                if data == END:
                    if not self._protocol.eof_received():  # type: ignore[attr-defined]  # Protocol or BufferedProtocol
                        self.close()
                else:
                    taken = self._hand_over(data)
                    self._peer._was_read(taken)
        except Exception as error:  # rim: an error of the protocol above ends its connection, not the loop
            self._report(error)
            self._force_close(error)
        finally:
            self._reading = False

    def _hand_over(self, data: bytes) -> int:
        """Give bytes to the protocol; what does not fit its buffer goes back to the head of the line."""
        protocol = self._protocol
        if not self._buffered:
            protocol.data_received(data)  # type: ignore[union-attr]
            return len(data)
        buffer = protocol.get_buffer(len(data))  # type: ignore[union-attr]
        fits = min(len(buffer), len(data))
        if not fits:
            raise RuntimeError("get_buffer() returned an empty buffer")
        buffer[:fits] = data[:fits]
        if fits < len(data):
            self._unread.appendleft(data[fits:])
        protocol.buffer_updated(fits)  # type: ignore[union-attr]
        return fits

    # -- writing ----------------------------------------------------------------------------------------------------

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send bytes; they arrive in order, one latency later."""
        if not isinstance(data, bytes | bytearray | memoryview):
            raise TypeError(f"bytes are written, not {type(data).__name__}")
        if self._closing:
            return  # as asyncio does: who writes to a lost connection hears of it by connection_lost
        if self._end_sent:
            raise RuntimeError("Cannot call write() after write_eof()")
        data = bytes(data)
        arrived = self._peer._bytes_arrived
        for start in range(0, len(data), SEGMENT):
            self.after_latency(arrived, data[start : start + SEGMENT])
        self._unconsumed += len(data)
        self._pause_writing_if_full()

    def can_write_eof(self) -> bool:
        """Yes: half-close is half the story."""
        return True

    def write_eof(self) -> None:
        """Send FIN behind the bytes written, and go on reading."""
        if not self._closing and not self._end_sent:
            self._end_sent = True
            self.after_latency(self._peer._end_arrived)

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Set how many bytes may be on their way or unread before the writer is paused, and when it may go on."""
        if high is None:
            high = HIGH_WATER if low is None else 4 * low
        if low is None:
            low = high // 4
        if not high >= low >= 0:
            raise ValueError(f"high ({high!r}) must be >= low ({low!r}) must be >= 0")
        self._high, self._low = high, low
        self._pause_writing_if_full()

    def get_write_buffer_limits(self) -> tuple[int, int]:
        """The (low, high) marks in bytes."""
        return self._low, self._high

    def get_write_buffer_size(self) -> int:
        """How many bytes written here the other end has not read yet."""
        return self._unconsumed

    def _pause_writing_if_full(self) -> None:
        if self._unconsumed > self._high and not self._writing_paused and self._protocol is not None:
            self._writing_paused = True
            self._protocol.pause_writing()

    def _was_read(self, size: int) -> None:
        self._unconsumed -= size
        if self._writing_paused and self._unconsumed <= self._low:
            self.after_latency(self._resume_writing)  # the acknowledgement has to travel too

    def _resume_writing(self) -> None:
        if self._writing_paused and self._unconsumed <= self._low and not self._closing and self._protocol is not None:
            self._writing_paused = False
            self._protocol.resume_writing()

    # -- ending -----------------------------------------------------------------------------------------------------

    def is_closing(self) -> bool:
        """Says whether this end is closed, or about to tell its protocol so."""
        return self._closing

    def close(self) -> None:
        """Send FIN behind the bytes written and read no more; RST if arrived bytes were left unread, as Linux does."""
        if self._closing:
            if self._reset_before_attach:
                self._lose(None)
            return
        unread = any(self._unread)
        self._closing = True
        self._unread.clear()
        if unread:
            self.after_latency(self._peer._reset_arrived)
        elif not self._end_sent:
            self._end_sent = True
            self.after_latency(self._peer._end_arrived)
        self._loop.call_soon(self._lose, None)

    def abort(self) -> None:
        """Send RST."""
        self._force_close(None)

    def _force_close(self, error: BaseException | None) -> None:
        """End at once: with RST when asked to, with FIN when a protocol above (TLS) failed.

        The TLS layer calls this for its own failures, and a real transport ends those with FIN.
        """
        if self._closing:
            return
        self._closing = True
        self._unread.clear()
        if error is None:
            self.after_latency(self._peer._reset_arrived)
        elif not self._end_sent:
            self._end_sent = True
            self.after_latency(self._peer._end_arrived)
        self._loop.call_soon(self._lose, error)

    def _lose(self, error: BaseException | None) -> None:
        if self._lost:
            return
        self._lost = True
        protocol, self._protocol = self._protocol, None
        try:
            if protocol is not None:
                protocol.connection_lost(error)  # type: ignore[arg-type]  # typed for Exception
        finally:
            if self.when_lost is not None:
                self.when_lost(self)

    def _report(self, error: Exception) -> None:
        self._loop.call_exception_handler(
            {
                "message": "a protocol failed on what arrived; its memory connection is closed",
                "exception": error,
                "transport": self,
                "protocol": self._protocol,
            }
        )

    def after_latency(self, callback: Callable[[*Ts], object], *args: *Ts) -> None:
        """One way for everything that travels, so that nothing overtakes."""
        if self._latency:
            self._loop.call_later(self._latency, callback, *args)
        else:
            self._loop.call_soon(callback, *args)


def _reset() -> ConnectionResetError:
    return ConnectionResetError(errno.ECONNRESET, "Connection reset by peer")


def transport_pair(
    loop: asyncio.AbstractEventLoop, latency: float, client: tuple[Any, ...], host: tuple[Any, ...]
) -> tuple[MemoryTransport, MemoryTransport]:
    """Two connected ends, the client's and the host's, `latency` seconds apart one way; names are socket addresses."""
    ours = MemoryTransport(loop, latency, client, host)
    theirs = MemoryTransport(loop, latency, host, client)
    ours._peer, theirs._peer = theirs, ours
    return ours, theirs
