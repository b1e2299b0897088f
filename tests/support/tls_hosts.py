"""Mail hosts that speak STARTTLS with a chain of one's own choice, and a validating resolver that knows where they are.

Both stand on loopback addresses, in a thread with a loop of its own, so that real programs can be run beside them. The
zones are signed under the lab's root, and the resolver is the lab's: AD says what it has validated.
"""

import asyncio
import contextlib
import random
import ssl
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path

import dns.flags
import dns.message
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset
from msgspec import Struct

from mxprobe.lab.nameserver import NameServer, serve_by
from mxprobe.lab.recursor import Recursor
from mxprobe.lab.signing import sign_zones

_PATIENCE = 10.0


class TlsHost(Struct, frozen=True, kw_only=True):
    """A mail host at `address`: `chain` and key as one PEM file."""

    address: str
    chain: Path


class Names(Struct, frozen=True, kw_only=True):
    """What the resolver knows: zones as master-file text, of which some are not signed.

    `odd` are TLSA records by name that dnspython cannot have in a zone: their data, said as if it were secure; or
    none, where the lookup fails.
    """

    zones: Mapping[str, str]
    unsigned: frozenset[str] = frozenset()
    odd: Mapping[str, tuple[bytes, ...]] = {}


@contextmanager
def tls_hosts(names: Names, resolver: str, hosts: tuple[TlsHost, ...], port: int) -> Iterator[None]:
    """Hosts at `port`, and at `resolver` port 53 who knows the names, while the context lasts."""
    ready, done = threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()
    failures: list[BaseException] = []

    async def stand() -> None:
        signed = sign_zones(names.zones, 1, names.unsigned)
        recursor = _recursor(NameServer(signed.zones), signed.anchor)
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(serve_by(_asked_of(recursor, names.odd), resolver, 53))
            for host in hosts:
                server = await asyncio.start_server(_speaker(host), host.address, port)
                stack.push_async_callback(_close, server)
            ready.set()
            await done.wait()

    def run() -> None:
        try:
            loop.run_until_complete(stand())
        except BaseException as error:
            failures.append(error)
        finally:
            ready.set()

    thread = threading.Thread(target=run)
    thread.start()
    ready.wait(_PATIENCE)
    try:
        if failures:
            raise failures[0]
        yield
    finally:
        if thread.is_alive():
            loop.call_soon_threadsafe(done.set)
        thread.join(_PATIENCE)
        loop.close()


async def _close(server: asyncio.Server) -> None:
    server.close()


def _recursor(server: NameServer, anchor: tuple[str, ...]) -> Recursor:
    async def ask(query: bytes, _server: str, over_tcp: bool, _deadline: float) -> bytes:
        said = server.answer(query, lambda _: (), over_tcp=over_tcp)
        if said is None:
            raise OSError("nothing is said")
        return said

    return Recursor(ask, ("192.0.2.53:53",), lambda: 0.0, random.Random(1), anchor)


def _odd(query: bytes, records: Mapping[str, tuple[bytes, ...]]) -> bytes | None:
    """The answer that has the odd records of a name; None for any other question."""
    asked = dns.message.from_wire(query)
    name = asked.question[0].name
    data = records.get(name.to_text(omit_final_dot=True).lower())
    if asked.question[0].rdtype != dns.rdatatype.TLSA or data is None:
        return None
    response = dns.message.make_response(asked, recursion_available=True)
    if not data:
        response.set_rcode(dns.rcode.SERVFAIL)
        return response.to_wire()
    response.flags |= dns.flags.AD
    found = [dns.rdata.GenericRdata(dns.rdataclass.IN, dns.rdatatype.TLSA, one) for one in data]
    response.answer.append(dns.rrset.from_rdata_list(name, 300, found))
    return response.to_wire()


def _asked_of(
    recursor: Recursor, odd: Mapping[str, tuple[bytes, ...]]
) -> Callable[[bytes, bool, Callable[[bytes], None]], None]:
    tasks = set[asyncio.Task[None]]()

    async def answer(wire: bytes, over_tcp: bool, say: Callable[[bytes], None]) -> None:
        known = _odd(wire, odd)
        if known is not None:
            say(known)
            return
        with contextlib.suppress(OSError):
            say(await recursor.exchange(wire, "", over_tcp, asyncio.get_running_loop().time() + _PATIENCE))

    def ask(wire: bytes, over_tcp: bool, say: Callable[[bytes], None]) -> None:
        task = asyncio.get_running_loop().create_task(answer(wire, over_tcp, say))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    return ask


def _speaker(host: TlsHost) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(host.chain)

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            await _converse(reader, writer, context)
        writer.close()

    return speak


async def _converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, context: ssl.SSLContext) -> None:
    writer.write(b"220 mx.test ESMTP\r\n")
    clear = True
    while line := await reader.readline():
        verb = line.split(b" ")[0].strip().upper()
        if verb == b"EHLO":
            writer.write(b"250-mx.test\r\n250 STARTTLS\r\n" if clear else b"250 mx.test\r\n")
        elif verb == b"STARTTLS" and clear:
            writer.write(b"220 2.0.0 ready\r\n")
            await writer.drain()
            await writer.start_tls(context)
            clear = False
        elif verb == b"QUIT":
            writer.write(b"221 2.0.0 bye\r\n")
            await writer.drain()
            return
        else:
            writer.write(b"250 2.0.0 ok\r\n")
