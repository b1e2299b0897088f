"""The network of a story: addresses, listeners and connections, all in memory and on the story's clock.

It models what a sender sees of TCP: a connection stands for the client after one round trip and for the host half of
one later; a SYN is accepted, refused, answered with "unreachable" or lost. How the lab's faults act on a SYN is asked
through `MemoryNetwork.on_syn`. The bytes are the business of `memory_transport`; names are looked up elsewhere.
"""

import asyncio
import enum
import errno
import functools
import ipaddress
from collections.abc import Callable
from typing import Any, NoReturn

import msgspec

from mxprobe.lab.memory_transport import MemoryTransport, transport_pair

# From the ranges set aside for benchmarks and documentation, so that no story's host sits there by chance.
CLIENT_IPV4 = "198.18.0.1"
CLIENT_IPV6 = "2001:db8:ffff::1"

FIRST_EPHEMERAL_PORT, LAST_PORT = 49152, 65535


class SynAnswer(enum.Enum):
    """How a host, or the way to it, answers a SYN."""

    ACCEPT = "accept"
    REFUSE = "refuse"
    DROP = "drop"
    UNREACHABLE = "unreachable"


class DelayedAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """An answer to a SYN that the host takes its time for."""

    answer: SynAnswer
    delay: float


# Asked when a SYN for (address, port) arrives; None means: as the network itself would answer.
OnSyn = Callable[[str, int], SynAnswer | DelayedAnswer | None]


class MemorySocket:
    """A connected client's end, not yet spoken on: pass it as `sock=` to `StoryLoop.create_connection`.

    Whoever does not pass it on closes it.
    """

    def __init__(self, transport: MemoryTransport) -> None:
        self._transport = transport

    def attach(self, protocol: asyncio.BaseProtocol) -> MemoryTransport:
        """Give the connection to a protocol and start reading; raises RuntimeError the second time or when closed."""
        self._transport.attach(protocol)
        return self._transport

    def getsockname(self) -> tuple[Any, ...]:
        """The client's socket address."""
        return tuple(self._transport.get_extra_info("sockname"))

    def getpeername(self) -> tuple[Any, ...]:
        """The host's socket address."""
        return tuple(self._transport.get_extra_info("peername"))

    def close(self) -> None:
        """End the connection with FIN; harmless when it has ended already."""
        self._transport.close()


class Listener:
    """A host's ear at one address and port; `factory` makes the protocol of each accepted connection."""

    def __init__(
        self, network: "MemoryNetwork", address: str, port: int, factory: Callable[[], asyncio.BaseProtocol]
    ) -> None:
        self._network = network
        self.address = address
        self.port = port
        self.factory = factory
        self.closed = False

    def close(self) -> None:
        """Accept no more; connections that stand go on. Harmless the second time."""
        if not self.closed:
            self.closed = True
            self._network._forget(self)

    def __enter__(self) -> "Listener":
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()


class MemoryNetwork:
    """All addresses of one story. `latency` is seconds one way, for addresses that were not given one of their own."""

    def __init__(self, *, latency: float = 0.0) -> None:
        self.latency = latency
        self.on_syn: OnSyn | None = None
        self._latencies: dict[str, float | None] = {}
        self._listeners: dict[tuple[str, int], Listener] = {}
        self._open: dict[MemoryTransport, None] = {}  # ordered, so that `close` is the same in every run
        self._last_port = LAST_PORT

    # -- who is there -------------------------------------------------------------------------------------------------

    def add_address(self, address: str, *, latency: float | None = None) -> None:
        """Say that a machine has this address: its ports refuse, where those of unknown addresses are unreachable."""
        self._latencies[canonical(address)] = latency

    def latency_to(self, address: str) -> float:
        """Seconds one way to an address."""
        own = self._latencies.get(canonical(address))
        return self.latency if own is None else own

    def listen(self, address: str, port: int, factory: Callable[[], asyncio.BaseProtocol]) -> Listener:
        """Accept connections at an address, new or known. Raises OSError (EADDRINUSE) if another listens there."""
        address = canonical(address)
        if (address, port) in self._listeners:
            raise OSError(errno.EADDRINUSE, f"another listener has {address} port {port} in this memory network")
        self._latencies.setdefault(address, None)
        listener = self._listeners[address, port] = Listener(self, address, port, factory)
        return listener

    def _forget(self, listener: Listener) -> None:
        del self._listeners[listener.address, listener.port]

    @property
    def open_ends(self) -> tuple[MemoryTransport, ...]:
        """The ends of connections, of clients and hosts, that have not ended yet, oldest first."""
        return tuple(self._open)

    def close(self) -> None:
        """Take the network down: no listener is left, and every connection is aborted."""
        for listener in tuple(self._listeners.values()):
            listener.close()
        for end in self.open_ends:
            end.abort()

    # -- connecting ---------------------------------------------------------------------------------------------------

    async def connect(self, address: str, port: int, *, source: str | None = None) -> MemorySocket:
        """Connect as TCP does; returns after one round trip, and the host learns of it half of one later.

        Raises ConnectionRefusedError or OSError (EHOSTUNREACH, ENETUNREACH for an address that nobody has) after one
        round trip. A lost SYN is never answered: the caller brings the deadline.
        """
        loop = asyncio.get_running_loop()
        address = canonical(address)
        latency = self.latency_to(address)
        await asyncio.sleep(latency)
        answer, delay = self._answer_syn(address, port)
        if answer is SynAnswer.DROP:
            await loop.create_future()
        await asyncio.sleep(latency + delay)
        listener = self._listeners.get((address, port))
        if answer is SynAnswer.UNREACHABLE:
            self._raise_unreachable(address, port)
        if answer is SynAnswer.REFUSE or listener is None:
            raise ConnectionRefusedError(errno.ECONNREFUSED, f"Connection refused by {address} port {port}")
        client, host = transport_pair(loop, latency, self._client_name(address, source), socket_address(address, port))
        for end in (client, host):
            self._open[end] = None
            end.when_lost = self._ended
        client.after_latency(_accept, listener, host)
        return MemorySocket(client)

    def _answer_syn(self, address: str, port: int) -> tuple[SynAnswer, float]:
        asked = self.on_syn(address, port) if self.on_syn is not None else None
        if isinstance(asked, DelayedAnswer):
            return asked.answer, asked.delay
        if asked is not None:
            return asked, 0.0
        if (address, port) in self._listeners:
            return SynAnswer.ACCEPT, 0.0
        return (SynAnswer.REFUSE if address in self._latencies else SynAnswer.UNREACHABLE), 0.0

    def _raise_unreachable(self, address: str, port: int) -> NoReturn:
        if address in self._latencies:
            raise OSError(errno.EHOSTUNREACH, f"No route to host: {address} port {port}")
        raise OSError(errno.ENETUNREACH, f"Network is unreachable: {address} port {port}")

    def _client_name(self, address: str, source: str | None) -> tuple[Any, ...]:
        self._last_port = FIRST_EPHEMERAL_PORT if self._last_port == LAST_PORT else self._last_port + 1
        if source is None:
            source = CLIENT_IPV6 if ":" in address else CLIENT_IPV4
        return socket_address(canonical(source), self._last_port)

    def _ended(self, end: MemoryTransport) -> None:
        self._open.pop(end, None)


def _accept(listener: Listener, host: MemoryTransport) -> None:
    """The client's ACK has come: the host's protocol learns of its connection, unless nobody listens any more."""
    if listener.closed:
        host.abort()
        return
    try:
        host.attach(listener.factory())
    except BaseException:
        host.abort()
        raise


@functools.lru_cache(maxsize=4096)
def canonical(address: str) -> str:
    """The one way to write an IP address. Raises ValueError for anything else: names are looked up before."""
    return str(ipaddress.ip_address(address))


def socket_address(address: str, port: int) -> tuple[Any, ...]:
    """What `getpeername` says: two fields for IPv4, four for IPv6."""
    return (address, port, 0, 0) if ":" in address else (address, port)
