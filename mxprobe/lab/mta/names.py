"""The only resolver that a real mailer has: it knows the names of the story, and that nothing else exists.

Behind it is the caching, validating resolver that every mailer of the lab has. Names outside the story are answered
here: those of the people who send (their bounces go to a host of the lab), and addresses, which have no names.

Standards: RFC 1034 §5.3.1 (stub resolvers), RFC 8020 (what does not exist has nothing below it).
"""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode

from mxprobe.lab.nameserver import NameServer, serve_by
from mxprobe.lab.recursor import Recursor
from mxprobe.lab.world import World
from mxprobe.wire.resolver import Exchange

_PATIENCE = 30.0
_PORT = 53


def zones_of_senders(domains: Mapping[str, str]) -> dict[str, str]:
    """Zones for the domains of people outside the story, each with one MX host: from the domain to its address."""
    return {
        domain: f"@ 300 IN SOA ns hostmaster 1 3600 900 604800 60\n@ 300 IN NS ns\n@ 300 IN MX 10 mx\n"
        f"ns 300 IN A {address}\nmx 300 IN A {address}\nsender 300 IN A {address}\n"
        for domain, address in domains.items()
    }


@asynccontextmanager
async def resolve_at(
    address: str, world: World, who: str, ask: tuple[Exchange, tuple[str, ...]], outside: NameServer
) -> AsyncIterator[None]:
    """Be the resolver of one mailer at an address while the context lasts; `ask` reaches the story's name servers."""
    exchange, servers = ask
    dice = random.Random(f"{world.seed}/{who}/names")  # seeded on purpose
    recursor = Recursor(exchange, servers, lambda: world.now, dice, world.anchor)
    async with asyncio.TaskGroup() as group:

        def answer(wire: bytes, over_tcp: bool, say: Callable[[bytes], None]) -> None:
            group.create_task(_answer(wire, over_tcp, say))

        async def _answer(wire: bytes, over_tcp: bool, say: Callable[[bytes], None]) -> None:
            known = _from_outside(wire, outside, world, over_tcp=over_tcp)
            if known is not None:
                say(known)
                return
            try:
                async with asyncio.timeout(_PATIENCE):
                    deadline = asyncio.get_running_loop().time() + _PATIENCE
                    said = await recursor.exchange(wire, address, over_tcp, deadline)
            except OSError:
                said = _fail(wire)
            say(said)

        async with serve_by(answer, address, _PORT):
            yield


def _from_outside(wire: bytes, outside: NameServer, world: World, *, over_tcp: bool) -> bytes | None:
    """The answer for a name that is none of the story's; None for one of the story's."""
    try:
        query = dns.message.from_wire(wire)
        (question,) = query.question
    except (dns.exception.DNSException, ValueError):
        return _fail(wire) if len(wire) >= 12 else b""
    found = outside.answer(wire, lambda _: (), over_tcp=over_tcp)
    if found is not None and dns.message.from_wire(found).rcode() != dns.rcode.REFUSED:
        response = dns.message.from_wire(found)
        response.flags = (response.flags | dns.flags.RA) & ~dns.flags.AA
        return response.to_wire(want_shuffle=False)
    if _is_of(world, question.name):
        return None
    response = dns.message.make_response(query, recursion_available=True)
    response.set_rcode(dns.rcode.NXDOMAIN)
    return response.to_wire()


def _is_of(world: World, name: dns.name.Name) -> bool:
    """Whether a name is one of the story's, or may be: a signed world has a root of its own, which knows."""
    origins = (world.scenario.domain, *world.addresses)
    return bool(world.anchor) or any(name.is_subdomain(dns.name.from_text(origin)) for origin in origins)


def _fail(wire: bytes) -> bytes:
    """SERVFAIL, also for what cannot be read."""
    try:
        response = dns.message.make_response(dns.message.from_wire(wire), recursion_available=True)
    except dns.exception.DNSException:
        return wire[:2] + b"\x80\x82" + b"\0" * 8
    response.set_rcode(dns.rcode.SERVFAIL)
    return response.to_wire()
