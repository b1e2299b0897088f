"""The only resolver that a real mailer has: it knows the names of the story, and that nothing else exists.

Behind it is the caching, validating resolver that every mailer of the lab has. Names outside the story are answered
here: those of the people who send (their bounces go to a host of the lab), and addresses, which have no names.

Standards: RFC 1034 §5.3.1 (stub resolvers), RFC 8020 (what does not exist has nothing below it).
"""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype

from mxprobe.lab.mta.pace import PacedLoop
from mxprobe.lab.nameserver import NameServer, serve_by
from mxprobe.lab.recursor import Recursor
from mxprobe.lab.world import World
from mxprobe.wire.resolver import Exchange

_ADDRESSES = (dns.rdatatype.A, dns.rdatatype.AAAA)
_PATIENCE = 30.0
"""Seconds of story time for an answer; a second of real time at least, which a busy machine may need."""

_PORT = 53


def zones_of_senders(domains: Mapping[str, str]) -> dict[str, str]:
    """Zones for the domains of people outside the story, each with one MX host: from the domain to its address."""
    return {
        domain: f"@ 300 IN SOA ns hostmaster 1 3600 900 604800 60\n@ 300 IN NS ns\n@ 300 IN MX 10 mx\n"
        f"ns 300 IN A {address}\nmx 300 IN A {address}\nsender 300 IN A {address}\n"
        for domain, address in domains.items()
    }


class Heard:
    """What a mailer was told of a domain's names, as far as it decides what becomes of mail."""

    def __init__(self, domain: str) -> None:
        self._domain = dns.name.from_text(domain)
        self._mx: str | None = None
        self._hosts: tuple[dns.name.Name, ...] = ()
        self._found: dict[dns.name.Name, bool | None] = {}

    def note(self, wire: bytes) -> None:
        """Take in an answer. Raises DNSException for none."""
        message = dns.message.from_wire(wire)
        for question in message.question:
            if question.rdtype == dns.rdatatype.MX and question.name == self._domain:
                self._note_mx(message)
            elif question.rdtype in _ADDRESSES:
                self._note_address(message, question.name, question.rdtype)

    @property
    def cell(self) -> str | None:
        """The cell of the outcome table that the names end in: D3, D4, D7, D10, D13, or D8 where a null MX has company;
        None: there is a host.
        """
        if self._mx is not None:
            return self._mx
        found = [self._found.get(host, True) for host in self._hosts]
        if not found or any(found):
            return "D8" if dns.name.root in self._hosts else None
        return "D10" if None in found else "D13"

    def _note_mx(self, message: dns.message.Message) -> None:
        records = [record for rrset in message.answer if rrset.rdtype == dns.rdatatype.MX for record in rrset]
        self._hosts = tuple(record.exchange for record in records) or (self._domain,)
        self._found = {}
        self._mx = _MX_CELLS.get(message.rcode(), "D4")
        if self._mx is None and [record.exchange for record in records] == [dns.name.root]:
            self._mx = "D7"

    def _note_address(self, message: dns.message.Message, name: dns.name.Name, rrtype: int) -> None:
        """A host has an address, has none, or nobody knows; one family that is there is enough."""
        if any(rrset.rdtype == rrtype for rrset in message.answer):
            self._found[name] = True
        elif message.rcode() not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
            self._found[name] = self._found.get(name) or None
        else:
            self._found.setdefault(name, False)


_MX_CELLS: Mapping[int, str | None] = {dns.rcode.NOERROR: None, dns.rcode.NXDOMAIN: "D3"}


@asynccontextmanager
async def resolve_at(
    address: str, world: World, who: tuple[str, Heard], ask: tuple[Exchange, tuple[str, ...]], outside: NameServer
) -> AsyncIterator[None]:
    """Be the resolver of one mailer at an address while the context lasts; `ask` reaches the story's name servers.

    `who` is the mailer, with the notes of what it is told.
    """
    exchange, servers = ask
    dice = random.Random(f"{world.seed}/{who[0]}/names")  # seeded on purpose
    loop = asyncio.get_running_loop()
    patience = max(_PATIENCE, loop.pace if isinstance(loop, PacedLoop) else 0.0)
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
                async with asyncio.timeout(patience):
                    deadline = asyncio.get_running_loop().time() + patience
                    said = await recursor.exchange(wire, address, over_tcp, deadline)
            except OSError:
                said = _fail(wire)
            with contextlib.suppress(dns.exception.DNSException):
                who[1].note(said)
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
