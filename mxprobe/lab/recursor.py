"""What stands between a mailer and the authoritative servers: a caching resolver of its own.

Answers are kept by their TTL in story time, absence by its SOA, failures not at all. A server that is silent, refuses
or knows nothing of the zone is passed over where there is another. Aliases left open are the stub's work.
With a trust anchor it validates: what is bogus is SERVFAIL with the reason, and is not kept.

Standards: RFC 1034 §5.3.3, RFC 2181 §5.2 (TTL), RFC 2308 §5 (absence), RFC 4035 §3.2, §4.7, RFC 8914 (reasons).
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
from msgspec.structs import replace

from mxprobe.facts.dns import Security
from mxprobe.lab.world import EPOCH, World
from mxprobe.lab.zones import PAYLOAD
from mxprobe.mx.dnssec import Judgement, Link, judge
from mxprobe.mx.vouching import Reason
from mxprobe.wire.resolver import Exchange, Resolver

OWN_ADDRESS = "127.0.0.1:53"
"""Where a mailer's stub finds its resolver: on the mailer's own machine."""

_MOST_KEPT = 1000
_LONGEST_KEPT = 86400.0
_SAYS_SOMETHING = (dns.rcode.NOERROR, dns.rcode.NXDOMAIN)
_SIGNING = (dns.rdatatype.RRSIG, dns.rdatatype.NSEC, dns.rdatatype.NSEC3)
_AA, _RA, _AD, _CD = 0x04, 0x80, 0x20, 0x10
_NOT_TOLD = (Security.BOGUS, Security.UNKNOWN)
_EXPLAINED = {
    Reason.UNSIGNED: dns.edns.EDECode.RRSIGS_MISSING,
    Reason.EXPIRED: dns.edns.EDECode.SIGNATURE_EXPIRED,
    Reason.NOT_YET_VALID: dns.edns.EDECode.SIGNATURE_NOT_YET_VALID,
    Reason.NO_KEYS: dns.edns.EDECode.DNSKEY_MISSING,
    Reason.UNTRUSTED_KEYS: dns.edns.EDECode.DNSKEY_MISSING,
    Reason.NO_PROOF: dns.edns.EDECode.NSEC_MISSING,
    Reason.TOO_MUCH: dns.edns.EDECode.DNSSEC_INDETERMINATE,
    Reason.NO_ANSWER: dns.edns.EDECode.DNSSEC_INDETERMINATE,
}


class Asked(Struct, frozen=True, kw_only=True):
    """What a query is for; queries that are the same in this have the same answer."""

    name: dns.name.Name
    rdtype: dns.rdatatype.RdataType
    edns: bool
    wants_signatures: bool


class Kept(Struct, frozen=True, kw_only=True):
    """A response as the cache has it: its bytes behind the number, where its TTLs are, since when and how long.

    `is_secure` None: not judged. The message is shared and never changed.
    """

    wire: bytes
    ttls: tuple[int, ...]
    since: float
    lasts: float
    message: dns.message.Message | None
    is_secure: bool | None = None

    @property
    def says_something(self) -> bool:
        """Whether it is a whole answer about the name, and no failure."""
        message = self.message
        return message is not None and message.rcode() in _SAYS_SOMETHING and not message.flags & dns.flags.TC

    def at(self, now: float) -> bytes:
        """The response as it is told now: the older, the smaller its TTLs."""
        told, age = bytearray(self.wire), int(now - self.since)
        for place in self.ttls:
            (ttl,) = struct.unpack_from("!I", told, place)
            struct.pack_into("!I", told, place, max(min(ttl, int(self.lasts)) - age, 0))
        return bytes(told)


class Recursor:
    """The resolver of one mailer. `ask` reaches the authoritative `servers`; `now` is story time in seconds.

    Of several servers each question tries them in an order that the dice give; each has its share of the time. `anchor`
    has the root's DS records as text; without it nothing is validated.
    """

    def __init__(
        self,
        ask: Exchange,
        servers: tuple[str, ...],
        now: Callable[[], float],
        dice: random.Random,
        anchor: tuple[str, ...] = (),
    ) -> None:
        self._ask, self._servers = ask, servers
        self._now, self._dice = now, dice
        self._anchor = anchor
        self._cache: dict[Asked, Kept] = {}

    async def exchange(self, query: bytes, server: str, over_tcp: bool, deadline: float) -> bytes:
        """The response to a mailer's query; `server` is this one, whatever it is called. Raises OSError."""
        asked = read_query(query[2:])
        if asked is None or not self._anchor:
            kept = await self._look(asked, query, over_tcp, deadline)
            return query[:2] + _as_resolver(kept.at(self._now()), is_secure=False)
        whole = replace(asked, edns=True, wants_signatures=True)
        kept = await self._look(whole, _make_query(whole), over_tcp, deadline)
        if kept.says_something and kept.is_secure is None and not query[3] & _CD:
            judgement = await self._judge(whole, kept, deadline)
            if judgement.security in _NOT_TOLD:
                code = _EXPLAINED.get(judgement.reason or Reason.BAD_SIGNATURE, dns.edns.EDECode.DNSSEC_BOGUS)
                return _fail(query, code, judgement.detail)
            is_secure = judgement.security is Security.SECURE
            kept = replace(kept, lasts=min(kept.lasts, judgement.lasts), is_secure=is_secure)
            self._store(whole, kept)
        wire = _as_resolver(kept.at(self._now()), is_secure=bool(kept.is_secure))
        return query[:2] + (wire if asked.wants_signatures else _without_signatures(wire, asked))

    async def _look(self, asked: Asked | None, query: bytes, over_tcp: bool, deadline: float) -> Kept:
        """What is known and not too old, or what the servers say. Raises OSError."""
        kept = None if asked is None else self._cache.get(asked)
        if kept is not None and self._now() < kept.since + kept.lasts:
            return kept
        wire, message = await self._ask_servers(query, over_tcp, deadline)
        lasts = min(lifetime(message), _LONGEST_KEPT)
        ttls = tuple(place - 2 for place in _places_of_ttls(wire)) if lasts else ()
        kept = Kept(wire=wire[2:], ttls=ttls, since=self._now(), lasts=lasts, message=message)
        if asked is not None:
            self._store(asked, kept)
        return kept

    def _store(self, asked: Asked, kept: Kept) -> None:
        """Keep what may be kept; the oldest goes where there is no room."""
        self._cache.pop(asked, None)
        if kept.lasts:
            if len(self._cache) >= _MOST_KEPT:
                self._cache.pop(next(iter(self._cache)))
            self._cache[asked] = kept

    async def _judge(self, asked: Asked, kept: Kept, deadline: float) -> Judgement:
        """Follow the chain from the root by the same cache; what a bogus answer hangs on is asked for afresh later."""
        if kept.message is None:
            raise AssertionError("what says something was read")
        link = Link(name=asked.name, rdtype=asked.rdtype)
        steps = judge(link, kept.message, self._anchor, EPOCH + self._now())
        passed = [asked]
        try:
            wanted = next(steps)
            while True:
                passed.append(Asked(name=wanted.name, rdtype=wanted.rdtype, edns=True, wants_signatures=True))
                wanted = steps.send(await self._look_link(passed[-1], deadline))
        except StopIteration as stop:
            judgement: Judgement = stop.value
        if judgement.security in _NOT_TOLD:
            for each in passed:
                self._cache.pop(each, None)
        return judgement

    async def _look_link(self, asked: Asked, deadline: float) -> dns.message.Message | None:
        """A response of the chain, over TCP where it does not fit; None where there is none."""
        query = _make_query(asked)
        try:
            kept = await self._look(asked, query, False, deadline)
            if kept.message is not None and kept.message.flags & dns.flags.TC:
                kept = await self._look(asked, query, True, deadline)
        except OSError:
            return None
        return kept.message if kept.says_something else None

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
                wire, message = _fail(query, dns.edns.EDECode.NO_REACHABLE_AUTHORITY, f"{server} is lame"), None
            elif message is not None and message.rcode() in _SAYS_SOMETHING:
                return wire, message
            refusal = refusal or (wire, message)
        if refusal is None:
            raise silence
        return refusal


def resolver_for(world: World, who: str, ask: Exchange, servers: tuple[str, ...]) -> Resolver:
    """What a mailer of the world asks: a stub over a cache that nobody else uses. `ask` reaches the `servers`."""
    dice = random.Random(f"{world.seed}/{who}/names")  # seeded on purpose
    return Resolver(Recursor(ask, servers, lambda: world.now, dice, world.anchor).exchange, (OWN_ADDRESS,))


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


def _make_query(asked: Asked) -> bytes:
    """A query to an authoritative server, which recurses for nobody."""
    query = dns.message.make_query(asked.name, asked.rdtype, want_dnssec=True, payload=PAYLOAD, flags=0, id=0)
    return query.to_wire()


def _fail(query: bytes, code: dns.edns.EDECode, why: str) -> bytes:
    """SERVFAIL, with the reason for who can read it (RFC 8914 §2)."""
    response = dns.message.make_response(dns.message.from_wire(query), our_payload=PAYLOAD)
    response.set_rcode(dns.rcode.SERVFAIL)
    if response.edns >= 0:
        response.use_edns(0, response.ednsflags, PAYLOAD, options=[dns.edns.EDEOption(code, why)])
    return response.to_wire()


def _as_resolver(behind_number: bytes, *, is_secure: bool) -> bytes:
    """The flags of a resolver in place of an authoritative server's: recursion available, no authority, AD or not."""
    if len(behind_number) < 10:
        return behind_number
    high, low = behind_number[0] & ~_AA, (behind_number[1] | _RA) & ~_AD
    return bytes((high, low | _AD if is_secure else low)) + behind_number[2:]


def _without_signatures(behind_number: bytes, asked: Asked) -> bytes:
    """The response for a stub that did not ask for signatures (RFC 4035 §3.2.1)."""
    message = dns.message.from_wire(b"\0\0" + behind_number)
    for section in (message.answer, message.authority):
        section[:] = [rrset for rrset in section if rrset.rdtype == asked.rdtype or rrset.rdtype not in _SIGNING]
    message.use_edns(0 if asked.edns else -1, 0, PAYLOAD)
    return message.to_wire(max_size=65535, want_shuffle=False)[2:]


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
