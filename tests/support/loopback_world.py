"""A small world on real loopback sockets for surveys whose workers are processes: a name server, and mail hosts.

Domain `dN.test` has the mail hosts `mx.dN.test` and, for every third domain, `mx.shared.test`, at addresses that many
share. A host answers as `Manners` say, which may depend on the address that calls it: that is another place.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import dns.flags
import dns.message
import dns.rrset
from msgspec import Struct

ADDRESSES = tuple(f"127.44.0.{number}" for number in range(1, 21))


class Manners(Struct, frozen=True, kw_only=True):
    """How hosts answer: `pause` seconds before each greeting; callers from `unwelcome` are told 554 at every third
    address, and those from `unheard` hear nothing anywhere: they are hung up on."""

    pause: float = 0.0
    unwelcome: str = ""
    unheard: str = ""


class World:
    """What stands. `callers` are the pairs (address called, address of the caller), one for each session."""

    def __init__(self, manners: Manners) -> None:
        self.manners = manners
        self.port = 0
        self.nameserver = ""
        self.callers: list[tuple[str, str]] = []
        self.on_call: Callable[[], None] = lambda: None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One session."""
        called, caller = writer.get_extra_info("sockname")[0], writer.get_extra_info("peername")[0]
        self.callers.append((called, caller))
        self.on_call()
        with suppress(OSError):
            await asyncio.sleep(self.manners.pause)
            if caller != self.manners.unheard:
                await self._speak(reader, writer, called, caller)
        writer.transport.abort() if caller == self.manners.unheard else writer.close()

    async def _speak(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, called: str, caller: str
    ) -> None:
        is_welcome = caller != self.manners.unwelcome or ADDRESSES.index(called) % 3
        writer.write(b"220 mail.test ESMTP\r\n" if is_welcome else b"554 no mail service here\r\n")
        while line := await reader.readline():
            verb = line[:4].upper()
            writer.write(b"250-mail.test\r\n250 PIPELINING\r\n" if verb == b"EHLO" else b"250 2.0.0 well\r\n")
            if verb == b"QUIT":
                return


class _Names(asyncio.DatagramProtocol):
    """The name server. What it says is made beforehand, so that it is quick where other processes are busy."""

    def __init__(self, domains: int) -> None:
        names = [name for number in range(domains) for name in (f"d{number}.test", f"mx.d{number}.test")]
        kinds = ("MX", "A")
        self._said = dict(_prepared(name, kind) for name in (*names, "mx.shared.test") for kind in kinds)

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        question = data[12 : data.index(b"\0", 12) + 5].lower()
        said = self._said.get(question)
        if said is None:
            asked = dns.message.from_wire(data).question[0]
            said = _response(asked.name.to_text(omit_final_dot=True).lower(), dns.rdatatype.to_text(asked.rdtype))[2:]
        self._transport.sendto(data[:2] + said, addr)


def _prepared(name: str, kind: str) -> tuple[bytes, bytes]:
    """A question as it travels, and the response to it without its number."""
    wire = _response(name, kind)
    return wire[12 : wire.index(b"\0", 12) + 5].lower(), wire[2:]


def _response(name: str, kind: str) -> bytes:
    response = dns.message.make_response(dns.message.make_query(name or ".", kind, use_edns=0))
    response.flags |= dns.flags.AA
    response.answer += [
        dns.rrset.from_text(f"{owner}.", 300, "IN", found, data)
        for owner, found, data in _records(name)
        if found == kind
    ]
    return response.to_wire()


def _records(name: str) -> list[tuple[str, str, str]]:
    if name == "mx.shared.test":
        return [(name, "A", ADDRESSES[0])]
    known = re.fullmatch(r"(?:mx\.)?d(\d+)\.test", name)
    if known is None:
        return []
    number = int(known[1])
    if name.startswith("mx."):
        return [(name, "A", ADDRESSES[number % len(ADDRESSES)])]
    shared = [(name, "MX", "20 mx.shared.test.")] if number % 3 == 0 else []
    return [(name, "MX", f"10 mx.{name}."), *shared]


@asynccontextmanager
async def standing(manners: Manners | None = None, domains: int = 120) -> AsyncIterator[World]:
    """The world with so many domains, as long as the context lasts."""
    world = World(manners or Manners())
    loop = asyncio.get_running_loop()
    async with AsyncExitStack() as opened:
        for address in ADDRESSES:
            server = await asyncio.start_server(world.serve, address, world.port, backlog=1000)
            world.port = server.sockets[0].getsockname()[1]
            opened.callback(server.close)
        transport, _ = await loop.create_datagram_endpoint(lambda: _Names(domains), local_addr=("127.0.0.1", 0))
        opened.callback(transport.close)
        address, port = transport.get_extra_info("sockname")
        world.nameserver = f"{address}:{port}"
        yield world
