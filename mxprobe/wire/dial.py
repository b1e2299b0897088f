"""Opens connections: the one way from an address to a transport, on real sockets or, through the same seam, in memory.

Names are looked up before; an address family that this machine has no route for is told apart from a dead peer here,
because only the dialer can know.
"""

import asyncio
import errno
import ipaddress
import socket
from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeVar

from mxprobe.facts.session import Endpoint

P = TypeVar("P", bound=asyncio.BaseProtocol)

Connect = Callable[[Endpoint], Awaitable[Any]]
"""Opens a connection to an endpoint: a socket, or what the event loop takes for one. Raises OSError."""


class Dialer(Protocol):
    """Opens a TCP connection and gives it to a new protocol."""

    async def open(
        self, protocol_factory: Callable[[], P], address: str, port: int, *, source: str | None = None
    ) -> tuple[asyncio.Transport, P]:
        """A connected transport and its protocol; the caller brings the deadline and closes the transport.

        Raises OSError: ECONNREFUSED, ENETUNREACH, … as the system says it, EAFNOSUPPORT where this machine has no way
        to any address of the family.
        """


class SocketDialer:
    """Dials on the sockets of this machine, without threads and without name look-ups."""

    async def open(
        self, protocol_factory: Callable[[], P], address: str, port: int, *, source: str | None = None
    ) -> tuple[asyncio.Transport, P]:
        """See `Dialer.open`."""
        _refuse_other_family(address, source)
        local = None if source is None else (source, 0)
        try:
            return await asyncio.get_running_loop().create_connection(protocol_factory, address, port, local_addr=local)
        except OSError as error:
            _tell_apart(error, address)
            raise


class ConnectDialer:
    """A dialer whose connections another opens."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect

    async def open(
        self, protocol_factory: Callable[[], P], address: str, port: int, *, source: str | None = None
    ) -> tuple[asyncio.Transport, P]:
        """See `Dialer.open`; where it comes from is the other's business, too."""
        sock = await self._connect(Endpoint(host=address, address=address, port=port))
        try:
            return await asyncio.get_running_loop().create_connection(protocol_factory, sock=sock)
        except BaseException:
            sock.close()
            raise


class NotingDialer:
    """Another's dialer; the own address of each connection is told to `note`."""

    def __init__(self, dialer: Dialer, note: Callable[[str], None]) -> None:
        self._dialer, self._note = dialer, note

    async def open(
        self, protocol_factory: Callable[[], P], address: str, port: int, *, source: str | None = None
    ) -> tuple[asyncio.Transport, P]:
        """See `Dialer.open`."""
        opened = await self._dialer.open(protocol_factory, address, port, source=source)
        name = opened[0].get_extra_info("sockname")
        if name:
            self._note(str(name[0]))
        return opened


async def connect(endpoint: Endpoint) -> socket.socket:
    """A `Connect` on the sockets of this machine. Raises OSError as `Dialer.open` does."""
    sock = socket.socket(family_of(endpoint.address), socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, (endpoint.address, endpoint.port))
    except OSError as error:
        sock.close()
        _tell_apart(error, endpoint.address)
        raise
    except BaseException:
        sock.close()
        raise
    return sock


def _refuse_other_family(address: str, source: str | None) -> None:
    if source is not None and family_of(source) is not family_of(address):
        raise OSError(errno.EADDRNOTAVAIL, f"the source address {source} is of the other family than {address}")


def _tell_apart(error: OSError, address: str) -> None:
    """Raises EAFNOSUPPORT where this machine has a way to no address of the family: that is not about the peer."""
    if error.errno in (errno.ENETUNREACH, errno.EADDRNOTAVAIL) and not has_route(address):
        raise OSError(errno.EAFNOSUPPORT, f"this machine has no way to {address}") from error


def family_of(address: str) -> socket.AddressFamily:
    """AF_INET or AF_INET6. Raises ValueError for what is no IP address."""
    return socket.AF_INET6 if ipaddress.ip_address(address).version == 6 else socket.AF_INET


def has_route(address: str) -> bool:
    """Whether this machine knows a way to `address`. Nothing is sent: an unconnected datagram socket only asks."""
    try:
        with socket.socket(family_of(address), socket.SOCK_DGRAM) as sock:
            sock.connect((address, 9))
    except OSError:
        return False
    return True


def own_name() -> str | None:
    """The host name of this machine where it is a domain name with a dot, None where it is only a nickname."""
    name = socket.gethostname().rstrip(".").lower()
    return name if "." in name and not name.endswith((".localdomain", ".local")) else None
