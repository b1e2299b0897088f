"""The way to one name server: a handful of UDP sockets that all queries share, and how many may be on their way.

A socket is connected, so that the kernel lets nothing through but what comes from the server's address, at a port that
the kernel has drawn; it is renewed after some hundred queries. A query's number is random and never on its way twice
over one socket. How many queries may be on their way follows from how many are lost; a server of which nothing was
heard for long rests, and others are asked first. Queries leave together, after all that has come was read: a server on
this machine is woken once for many of them, which costs more than sending does.

Standards: RFC 5452 §9.1 (what counts as an answer), §9.2 (ports and numbers).
"""

import asyncio
import os
import socket
from collections import deque
from typing import Protocol

from msgspec import Struct

from mxprobe.wire.exchange import split_server

_BURST = 64
_LONGEST = 4096
"""Octets of a datagram that are read; we offer a third of that, and reading costs more the longer it is."""

_BUFFER = 1 << 20
_NOISE = 4096
_LEAST_ROOM, _FIRST_ROOM = 16, 128
"""What any system's usual receive buffer takes at once is more than the latter."""

_JUDGED = 64
"""So many queries come to an end before it is judged how many of them were lost."""

_SWEEP = 0.1
"""Seconds between two looks at who waits for room for too long."""

_SILENT = 32
_REST = 10.0
"""After so many losses without an answer, a server rests for so many seconds."""


class Sharing(Struct, frozen=True, kw_only=True):
    """`sockets` for each server, each for so many `queries`; at most `in_flight` queries to one server; and so many
    answers are `remembered`."""

    sockets: int = 4
    queries: int = 500
    in_flight: int = 1000
    remembered: int = 20_000


class Flight(Protocol):
    """One question on its way until `ends` at most. `query` is without its number; `number` and `ear` are the way's to
    write."""

    query: bytes
    number: bytes
    ends: float
    ear: "Ear | None"

    def leave(self, now: float) -> bool:
        """It is to be sent now; False where nobody waits for it any more."""

    def stay(self) -> None:
        """It could not be sent after all, and is to be sent later."""

    def hear(self, wire: bytes, now: float) -> None:
        """A datagram came from the server under the number; it may be a lie."""

    def expire(self, now: float) -> None:
        """Its time is over."""

    def fail(self, error: OSError, now: float) -> None:
        """The way does not lead there."""


class Ear:
    """One socket of a way, and the queries that were sent over it, by their numbers."""

    __slots__ = ("_way", "flights", "is_open", "left", "sock")

    def __init__(self, way: "Way", at: tuple[str, int], queries: int) -> None:
        """Raises OSError."""
        self._way = way
        self.flights: dict[bytes, Flight] = {}
        self.left = queries
        self.sock = socket.socket(socket.AF_INET6 if ":" in at[0] else socket.AF_INET, socket.SOCK_DGRAM)
        self.is_open = True
        try:
            self.sock.setblocking(False)
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
            self.sock.connect(at)
        except BaseException:
            self.sock.close()
            raise
        way.loop.add_reader(self.sock, self._read)

    def fail(self, error: OSError) -> None:
        """The other machine says that nobody listens, or the way is blocked: for all that was sent here."""
        now = self._way.loop.time()
        self.left = 0
        for flight in tuple(self.flights.values()):
            if flight.ear is self:
                self._way.land(flight, now, lost=True)
                flight.fail(error, now)
        self.close()

    def close(self) -> None:
        """Nothing is heard any more."""
        if self.is_open:
            self.is_open = False
            self._way.loop.remove_reader(self.sock)
            self._way.forget(self)
            self.sock.close()

    def _read(self) -> None:
        """Take what has come, in bursts. Whoever was not asked is passed over."""
        now = self._way.loop.time()
        receive, flights = self.sock.recv, self.flights
        for _ in range(_BURST):
            try:
                wire = receive(_LONGEST)
            except BlockingIOError:
                return
            except OSError as error:
                self.fail(error)
                return
            flight = flights.get(wire[:2])
            if flight is not None:
                flight.hear(wire, now)
                if not self.is_open:
                    return


class Way:
    """The way to the server "address:port"."""

    def __init__(self, server: str, sharing: Sharing) -> None:
        self.server = server
        self.rests_until = 0.0
        self.loop = asyncio.get_running_loop()
        self._at = split_server(server)
        self._sharing = sharing
        self._busy, self._room = 0, min(_FIRST_ROOM, sharing.in_flight)
        self._queue: deque[Flight] = deque()
        self._ears: list[Ear | None] = [None] * sharing.sockets
        self._open: set[Ear] = set()
        self._stalled: Ear | None = None
        self._flushes = self._is_closed = False
        self._sweeper: asyncio.TimerHandle | None = None
        self._noise, self._place = b"", _NOISE
        self._ended = self._lost = self._silent = 0

    def take(self, flight: Flight) -> None:
        """Send a query soon, if there is room, or as soon as there is; never once the way is closed."""
        if not self._is_closed:
            self._queue.append(flight)
            self._flush_soon()

    def land(self, flight: Flight, now: float, *, lost: bool = False) -> None:
        """A query is not on its way any more: it is answered, or lost."""
        ear = flight.ear
        if ear is None:
            return
        flight.ear = None
        del ear.flights[flight.number]
        if ear.left <= 0 and not ear.flights:
            ear.close()
        self._busy -= 1
        self._ended += 1
        if lost:
            self._lost += 1
            self._silent += 1
            if self._silent >= _SILENT:
                self.rests_until = now + _REST
        else:
            self._silent = 0
            self.rests_until = 0.0
        if self._ended >= _JUDGED:
            self._judge()
        if self._queue:
            self._flush_soon()

    def forget(self, ear: Ear) -> None:
        """A socket is being closed."""
        self._open.discard(ear)
        if self._stalled is ear:
            self.loop.remove_writer(ear.sock)
            self._stalled = None
            self._flush_soon()

    def close(self) -> None:
        """Close every socket, also those that take no more queries."""
        self._is_closed = True
        self._queue.clear()
        if self._sweeper is not None:
            self._sweeper.cancel()
        for ear in tuple(self._open):
            ear.close()

    def _judge(self) -> None:
        """More room where nothing is lost, half of it where much is."""
        if self._lost * 8 >= self._ended:
            self._room = max(self._room // 2, min(_LEAST_ROOM, self._sharing.in_flight))
        elif not self._lost:
            self._room = min(self._room + _JUDGED // 2, self._sharing.in_flight)
        self._ended = self._lost = 0

    def _flush_soon(self) -> None:
        if not self._flushes:
            self._flushes = True
            self.loop.call_soon(self._flush)

    def _flush(self) -> None:
        """Send what waits, as far as there is room."""
        self._flushes = False
        now = self.loop.time()
        while self._queue and self._busy < self._room and self._stalled is None:
            flight = self._queue.popleft()
            if flight.leave(now):
                self._send(flight, now)
        if self._queue and self._sweeper is None:
            self._sweeper = self.loop.call_later(_SWEEP, self._sweep)

    def _sweep(self) -> None:
        """End those that have waited for room for too long."""
        self._sweeper = None
        now = self.loop.time()
        over = [flight for flight in self._queue if flight.ends <= now]
        if over:
            self._queue = deque(flight for flight in self._queue if flight.ends > now)
        for flight in over:
            flight.expire(now)
        if self._queue and self._sweeper is None:
            self._sweeper = self.loop.call_later(_SWEEP, self._sweep)

    def _send(self, flight: Flight, now: float) -> None:
        for is_last in (False, True):
            ear: Ear | None = None
            try:
                ear = self._choose(flight)
                ear.sock.send(flight.number + flight.query)
            except OSError as error:
                if ear is not None and isinstance(error, BlockingIOError):
                    self._stall(ear, flight)
                    return
                if ear is not None:  # it may be about queries that were sent before
                    ear.left = 0
                    self.loop.call_soon(ear.fail, error)
                if is_last or ear is None:
                    self.loop.call_soon(flight.fail, error, now)
                    return
                continue
            ear.left -= 1
            ear.flights[flight.number] = flight
            flight.ear = ear
            self._busy += 1
            return

    def _choose(self, flight: Flight) -> Ear:
        """A socket, and a number for the query that none has on its way there. Raises OSError."""
        if self._place + 3 > _NOISE:
            self._noise, self._place = os.urandom(_NOISE), 0
        noise, place = self._noise, self._place
        which = noise[place] % len(self._ears)
        ear = self._ears[which]
        if ear is None or ear.left <= 0:
            ear = self._ears[which] = Ear(self, self._at, self._sharing.queries)
            self._open.add(ear)
        number = noise[place + 1 : place + 3]
        while number in ear.flights:
            number = os.urandom(2)
        self._place = place + 3
        flight.number = number
        return ear

    def _stall(self, ear: Ear, flight: Flight) -> None:
        """This machine takes no more for now: nothing is sent until it does."""
        flight.stay()
        self._queue.appendleft(flight)
        self._stalled = ear
        self.loop.add_writer(ear.sock, self._resume, ear)

    def _resume(self, ear: Ear) -> None:
        self.loop.remove_writer(ear.sock)
        self._stalled = None
        self._flush()
