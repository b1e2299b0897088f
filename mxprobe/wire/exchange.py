"""Carries DNS queries over real sockets, and knows which name servers this machine asks.

Every query has a socket, and so a source port, of its own. Datagrams that cannot be the answer are passed over, as
anybody may send them. Standards: RFC 1035 §4.2, RFC 5452 §9.1, RFC 7766 §8.
"""

import asyncio
import ipaddress
import struct
from pathlib import Path

from mxprobe.errors import CouldNotLook, InputError
from mxprobe.wire.responses import is_answer_to

DNS_PORT = 53

SYSTEM_CONFIGURATION = Path("/etc/resolv.conf")

MOST_SERVERS = 3
"""What the system's own resolver uses of its configuration (MAXNS)."""


async def ask_over_sockets(query: bytes, server: str, over_tcp: bool, deadline: float) -> bytes:
    """The response of `server` ("address:port"). Raises OSError; TimeoutError at the deadline (loop time)."""
    address, port = split_server(server)
    async with asyncio.timeout_at(deadline):
        return await (_ask_tcp if over_tcp else _ask_udp)(query, address, port)


class _Datagrams(asyncio.DatagramProtocol):
    """Waits for the one datagram that answers the query."""

    def __init__(self, query: bytes) -> None:
        self.query = query
        self.answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def datagram_received(self, data: bytes, addr: object) -> None:
        """Take the answer, and pass over what is none."""
        if not self.answer.done() and is_answer_to(data, self.query):
            self.answer.set_result(data)

    def error_received(self, exc: Exception) -> None:
        """The other machine says that nobody listens, or the way is blocked."""
        if not self.answer.done():
            self.answer.set_exception(exc)


async def _ask_udp(query: bytes, address: str, port: int) -> bytes:
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.create_datagram_endpoint(lambda: _Datagrams(query), remote_addr=(address, port))
    try:
        transport.sendto(query)
        return await protocol.answer
    finally:
        transport.abort()


async def _ask_tcp(query: bytes, address: str, port: int) -> bytes:
    reader, writer = await asyncio.open_connection(address, port)
    try:
        writer.write(struct.pack("!H", len(query)) + query)
        (length,) = struct.unpack("!H", await reader.readexactly(2))
        return await reader.readexactly(length)
    except asyncio.IncompleteReadError as error:
        raise ConnectionResetError("the name server closed the connection in the middle of its answer") from error
    finally:
        writer.transport.abort()


def split_server(text: str) -> tuple[str, int]:
    """Address and port of "ADDR", "ADDR:PORT", "[ADDR6]:PORT" or a bare IPv6 address. Raises InputError."""
    bare, port_text = text.strip(), str(DNS_PORT)
    if bare.startswith("["):
        bare, _, rest = bare[1:].partition("]")
        port_text = rest.removeprefix(":") or port_text
    elif bare.count(":") == 1:
        bare, _, port_text = bare.partition(":")
    try:
        ipaddress.ip_address(bare.partition("%")[0])
        port = int(port_text)
    except ValueError:
        port = 0
    if not 0 < port < 65536:
        raise InputError(
            f"{text!r} is not the address of a name server",
            hint="Right is an IP address, with its port where it is not 53: 192.0.2.53, 127.0.0.1:5353, [::1]:5353.",
        )
    return bare, port


def join_server(address: str, port: int) -> str:
    """The one way to write a server, as answers carry it."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def name_servers(texts: tuple[str, ...]) -> tuple[str, ...]:
    """The servers a person named, in the one way to write them. Raises InputError."""
    return tuple(join_server(*split_server(text)) for text in texts)


def system_servers(path: Path = SYSTEM_CONFIGURATION) -> tuple[str, ...]:
    """The name servers of this machine's configuration. Raises CouldNotLook where there is none."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        raise CouldNotLook(f"cannot read {path} ({error.strerror}); name a server with --nameserver") from error
    servers = []
    for line in lines:
        words = line.split()
        if len(words) >= 2 and words[0] == "nameserver":
            try:
                ipaddress.ip_address(words[1].partition("%")[0])
            except ValueError:
                continue
            servers.append(join_server(words[1], DNS_PORT))
    if not servers:
        raise CouldNotLook(f"{path} names no name server; name one with --nameserver")
    return tuple(servers[:MOST_SERVERS])
