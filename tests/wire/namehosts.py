"""Name servers for tests: responses from lines of a zone file, and scripted servers on real sockets of this machine."""

import asyncio
import contextlib
import struct
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from mxprobe.wire.exchange import join_server
from tests.support.mailers.addresses import free_address

SOA = "example.test. 900 IN SOA ns.example.test. admin.example.test. 1 2 3 4 300"

Script = Callable[[dns.message.Message, bool], Iterable[bytes]]
"""What a server sends for a query that came over UDP, or TCP (True): nothing, an answer, several."""


def respond(
    query: dns.message.Message,
    *records: str,
    rcode: dns.rcode.Rcode = dns.rcode.NOERROR,
    soa: bool = False,
    flags: int = 0,
) -> bytes:
    """A response with these records, in the form of a zone file's lines, in its answer."""
    response = dns.message.make_response(query)
    response.set_rcode(rcode)
    response.flags |= flags
    for record in records:
        name, ttl, _, rrtype, data = record.split(" ", 4)
        rrset = response.find_rrset(
            response.answer, dns.name.from_text(name), dns.rdataclass.IN, dns.rdatatype.from_text(rrtype), create=True
        )
        rrset.add(dns.rdata.from_text("IN", rrtype, data), int(ttl))
    if soa:
        name, ttl, _, rrtype, data = SOA.split(" ", 4)
        response.authority.append(dns.rrset.from_text(name, int(ttl), "IN", rrtype, data))
    return response.to_wire(max_size=65535)


class _Ear(asyncio.DatagramProtocol):
    def __init__(self, script: Script) -> None:
        self.script = script

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self.transport = transport

    def datagram_received(self, data: bytes, addr: object) -> None:
        for reply in self.script(dns.message.from_wire(data), False):
            self.transport.sendto(reply, addr)  # type: ignore[arg-type]


@asynccontextmanager
async def scripted(script: Script) -> AsyncIterator[str]:
    """A server that follows the script, over UDP and TCP: "address:port"."""

    writers: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            (length,) = struct.unpack("!H", await reader.readexactly(2))
            for reply in script(dns.message.from_wire(await reader.readexactly(length)), True):
                writer.write(struct.pack("!H", len(reply)) + reply)
            await reader.read()

    loop = asyncio.get_running_loop()
    address = free_address()  # so that its port is free for UDP, too
    server = await asyncio.start_server(serve, address, 0)
    port = server.sockets[0].getsockname()[1]
    transport, _ = await loop.create_datagram_endpoint(lambda: _Ear(script), local_addr=(address, port))
    try:
        yield join_server(address, port)
    finally:
        transport.close()
        server.close()
        for writer in writers:
            writer.transport.abort()
        await server.wait_closed()
        await asyncio.sleep(0.01)


@asynccontextmanager
async def several(scripts: Iterable[Script | None]) -> AsyncIterator[tuple[str, ...]]:
    """Servers that follow scripts; None is one that is not there."""
    async with AsyncExitStack() as stack:
        names = []
        for script in scripts:
            if script is not None:
                names.append(await stack.enter_async_context(scripted(script)))
            else:
                async with scripted(lambda query, tcp: ()) as gone:
                    pass
                names.append(gone)
        yield tuple(names)
