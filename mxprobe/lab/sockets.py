"""Real sockets of the lab, on loopback alone: addresses, free ports, listeners that answer nothing, and dialling.

Every machine has an address of its own in one random block of 127/8. Where a story has IPv6 addresses, they are such
addresses too, as IPv6 sockets know them (`::ffff:127.9.9.10`): of IPv6 itself, a machine has one loopback address only.
"""

import asyncio
import errno
import secrets
import socket
import struct
from collections.abc import Iterable, Sequence

from mxprobe.errors import MxprobeError
from mxprobe.wire.dial import family_of

_TRIES = 20
_PLUGS = 4


def choose_block() -> str:
    """The first three numbers of 254 loopback addresses that are most likely nobody else's."""
    return f"127.{secrets.randbelow(250) + 2}.{secrets.randbelow(250) + 2}"


def place(block: str, number: int, *, like: str = "") -> str:
    """An address of the block, of the same family as the address it is `like`."""
    address = f"{block}.{number}"
    return f"::ffff:{address}" if ":" in like else address


def bind_port(addresses: Sequence[str]) -> dict[str, socket.socket]:
    """Sockets bound to one port at all addresses. Raises MxprobeError where none is free, or no such address is.

    Nobody listens yet, so they refuse connections; nobody else gets the port, either.
    """
    for _ in range(_TRIES):
        bound: dict[str, socket.socket] = {}
        port = 0
        for address in addresses:
            try:
                bound[address] = _bind(address, port)
            except OSError as error:
                close_all(bound.values())
                if error.errno == errno.EADDRINUSE and port:
                    break
                text = f"the address {address} cannot be used: {error.strerror}"
                raise MxprobeError(f"{text}. On macOS give lo0 an alias for each host of the lab") from error
            port = port_of(bound[address])
        else:
            return bound
    raise MxprobeError("no port is free at all addresses of the lab")


def port_of(sock: socket.socket) -> int:
    """The port that a socket is bound to."""
    return int(sock.getsockname()[1])


def close_all(socks: Iterable[socket.socket]) -> None:
    """Close sockets, harmless where one is closed already."""
    for sock in socks:
        sock.close()


def _make_socket(address: str) -> socket.socket:
    """A socket that asyncio knows for TCP, by its protocol number: else it would leave Nagle's algorithm on."""
    sock = socket.socket(family_of(address), socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setblocking(False)
    if sock.family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    return sock


def _bind(address: str, port: int, *, shared: bool = False) -> socket.socket:
    sock = _make_socket(address)
    try:
        if shared:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((address, port))
    except BaseException:
        sock.close()
        raise
    return sock


def plug(address: str, port: int = 0) -> list[socket.socket]:
    """A listener at `address` that never accepts, its queue filled: Linux then drops every further SYN.

    The listener is the first of the sockets; all have to be closed in the end.
    """
    listener = _bind(address, port, shared=True)
    listener.listen(0)
    plugs = [listener]
    for _ in range(_PLUGS):
        plugs.append(_make_socket(address))
        plugs[-1].connect_ex(listener.getsockname())
    return plugs


async def dial(address: str, port: int, source: str | None) -> socket.socket:
    """A connected socket. Raises OSError as the machine does."""
    sock = _make_socket(address)
    try:
        if source is not None:
            sock.bind((source, 0))
        await asyncio.get_running_loop().sock_connect(sock, (address, port))
    except BaseException:
        sock.close()
        raise
    return sock


def reset(transport: asyncio.Transport) -> None:
    """End a connection with RST, on real sockets as in memory: closing at once would be FIN there."""
    sock = transport.get_extra_info("socket")
    if sock is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
