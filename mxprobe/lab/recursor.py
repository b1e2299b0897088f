"""What stands between a mailer and the authoritative servers: a caching resolver of its own.

Answers are kept by their TTL in story time, absence by its SOA, failures not at all. A server that is silent, refuses
or knows nothing of the zone is passed over where there is another. Aliases left open are the stub's work.

Standards: RFC 1034 §5.3.3, RFC 2181 §5.2 (TTL), RFC 2308 §5 (absence).
"""

import asyncio
import random
import struct
from collections.abc import Callable
from functools import lru_cache

import dns.edns
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdatatype
from msgspec import Struct

from mxprobe.lab.world import World
from mxprobe.wire.resolver import Exchange, Resolver

OWN_ADDRESS = "127.0.0.1:53"
"""Where a mailer's stub finds its resolver: on the mailer's own machine."""

_MOST_KEPT = 1000
_LONGEST_KEPT = 86400.0
_SAYS_SOMETHING = (dns.rcode.NOERROR, dns.rcode.NXDOMAIN)
_AA, _RA = 0x04, 0x80


class Asked(Struct, frozen=True, kw_only=True):
    """What a query is for; queries that are the same in this have the same answer."""

    name: dns.name.Name
    rdtype: dns.rdatatype.RdataType
    edns: bool
    wants_signatures: bool


class Kept(Struct, frozen=True, kw_only=True):
    """A response as the cache has it: its bytes behind the number, where its TTLs are, since when and how long."""

    wire: bytes
    ttls: tuple[int, ...]
    since: float
    lasts: float

    def at(self, now: float) -> bytes:
        """The response as it is told now: the older, the smaller its TTLs."""
        told, age = bytearray(self.wire), int(now - self.since)
        for place in self.ttls:
            (ttl,) = struct.unpack_from("!I", told, place)
            struct.pack_into("!I", told, place, max(min(ttl, int(self.lasts)) - age, 0))
        return bytes(told)


class Recursor:
    """The resolver of one mailer. `ask` reaches the authoritative `servers`; `now` is story time in seconds.

    Of several servers each question tries them in an order that the dice give; each has its share of the time.
    """

    def __init__(self, ask: Exchange, servers: tuple[str, ...], now: Callable[[], float], dice: random.Random) -> None:
        self._ask, self._servers = ask, servers
        self._now, self._dice = now, dice
        self._cache: dict[Asked, Kept] = {}

    async def exchange(self, query: bytes, server: str, over_tcp: bool, deadline: float) -> bytes:
        """The response to a mailer's query; `server` is this one, whatever it is called. Raises OSError."""
        asked = read_query(query[2:])
        kept = self._recall(asked)
        if kept is None:
            wire, message = await self._ask_servers(query, over_tcp, deadline)
            kept = self._keep(asked, wire, message)
        return query[:2] + _as_resolver(kept.at(self._now()))

    def _recall(self, asked: Asked | None) -> Kept | None:
        """What is known and not too old."""
        kept = None if asked is None else self._cache.get(asked)
        return kept if kept is not None and self._now() < kept.since + kept.lasts else None

    def _keep(self, asked: Asked | None, wire: bytes, message: dns.message.Message | None) -> Kept:
        """A response as the cache has it, and in the cache where it may be kept."""
        lasts = min(lifetime(message), _LONGEST_KEPT)
        ttls = _places_of_ttls(wire) if lasts else ()
        kept = Kept(wire=wire[2:], ttls=tuple(place - 2 for place in ttls), since=self._now(), lasts=lasts)
        if asked is not None and lasts:
            self._cache.pop(asked, None)
            if len(self._cache) >= _MOST_KEPT:
                self._cache.pop(next(iter(self._cache)))
            self._cache[asked] = kept
        return kept

    async def _ask_servers(
        self, query: bytes, over_tcp: bool, deadline: float
    ) -> tuple[bytes, dns.message.Message | None]:
        """The first response that says something of the name, else the first refusal. Raises OSError for silence."""
        refusal: tuple[bytes, dns.message.Message | None] | None = None
        silence = OSError("there is no name server to ask")
        servers = self._servers if len(self._servers) == 1 else self._dice.sample(self._servers, len(self._servers))
        for left, server in zip(range(len(servers), 0, -1), servers, strict=True):
            begins = asyncio.get_running_loop().time()
            share = None if left == 1 else begins + (deadline - begins) / left
            try:
                async with asyncio.timeout_at(share):
                    wire = await self._ask(query, server, over_tcp, deadline if share is None else share)
            except OSError as error:
                silence = error
                continue
            message = _read(wire)
            if _is_lame(message):
                wire, message = _refuse(query, f"{server} is not authoritative"), None
            elif message is not None and message.rcode() in _SAYS_SOMETHING:
                return wire, message
            refusal = refusal or (wire, message)
        if refusal is None:
            raise silence
        return refusal


def resolver_for(world: World, who: str, ask: Exchange, servers: tuple[str, ...]) -> Resolver:
    """What a mailer of the world asks: a stub over a cache that nobody else uses. `ask` reaches the `servers`."""
    dice = random.Random(f"{world.seed}/{who}/names")  # seeded on purpose
    return Resolver(Recursor(ask, servers, lambda: world.now, dice).exchange, (OWN_ADDRESS,))


@lru_cache(maxsize=128)
def read_query(behind_number: bytes) -> Asked | None:
    """What a query asks for; None where it is none that a cache could answer."""
    message = _read_behind_number(behind_number)
    if message is None or message.opcode() != dns.opcode.QUERY or len(message.question) != 1:
        return None
    (question,) = message.question
    return Asked(
        name=question.name,
        rdtype=question.rdtype,
        edns=message.edns >= 0,
        wants_signatures=bool(message.ednsflags & dns.flags.DO),
    )


def lifetime(message: dns.message.Message | None) -> float:
    """Seconds that a response may be kept: the least of its TTLs, for absence its SOA's (RFC 2308 §5); 0 not at all."""
    if message is None or message.flags & dns.flags.TC or message.rcode() not in _SAYS_SOMETHING:
        return 0.0
    lasts = [rrset.ttl for rrset in message.answer]
    is_absence = not message.answer or message.rcode() == dns.rcode.NXDOMAIN
    soa = next((rrset for rrset in message.authority if rrset.rdtype == dns.rdatatype.SOA), None)
    if soa is not None:
        lasts += [soa.ttl, soa[0].minimum]
    elif is_absence:
        return 0.0
    return float(min(lasts))


def _read(wire: bytes) -> dns.message.Message | None:
    return _read_behind_number(wire[2:])


@lru_cache(maxsize=128)
def _read_behind_number(wire: bytes) -> dns.message.Message | None:
    """A response, read once for all mailers of all plays: nobody changes it."""
    try:
        return dns.message.from_wire(b"\0\0" + wire, ignore_trailing=True)
    except (dns.exception.DNSException, ValueError, IndexError, AssertionError):
        return None


def _is_lame(message: dns.message.Message | None) -> bool:
    """A server that answers and has not got the zone: it does not say that it is authoritative."""
    return message is not None and message.rcode() in _SAYS_SOMETHING and not message.flags & dns.flags.AA


def _refuse(query: bytes, why: str) -> bytes:
    response = dns.message.make_response(dns.message.from_wire(query), our_payload=1232)
    response.set_rcode(dns.rcode.SERVFAIL)
    if response.edns >= 0:
        option = dns.edns.EDEOption(dns.edns.EDECode.NO_REACHABLE_AUTHORITY, why)
        response.use_edns(0, response.ednsflags, 1232, options=[option])
    return response.to_wire()


def _as_resolver(behind_number: bytes) -> bytes:
    """The flags of a resolver in place of an authoritative server's: recursion available, no authority."""
    if len(behind_number) < 10:
        return behind_number
    return bytes((behind_number[0] & ~_AA, behind_number[1] | _RA)) + behind_number[2:]


def _places_of_ttls(wire: bytes) -> list[int]:
    """Where the TTLs of a sound message are; that of an OPT is none."""
    questions, *sections = struct.unpack_from("!4H", wire, 4)
    place = 12
    for _ in range(questions):
        place = _behind_name(wire, place) + 4
    places = []
    for _ in range(sum(sections)):
        place = _behind_name(wire, place)
        rdtype, _, _, length = struct.unpack_from("!HHIH", wire, place)
        if rdtype != dns.rdatatype.OPT:
            places.append(place + 4)
        place += 10 + length
    return places


def _behind_name(wire: bytes, place: int) -> int:
    while wire[place]:
        if wire[place] >= 0xC0:
            return place + 2
        place += wire[place] + 1
    return place + 1
