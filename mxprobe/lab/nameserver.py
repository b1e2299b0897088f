"""The lab's name server: answers from its zones, or as a fault has it; in memory by a call, on loopback by UDP and TCP.

What the zones say is worked out in `zones`. Content can be replaced, and what was served before is remembered, as a
server that has stopped following its primary goes on with it.

Standards: RFC 1035 §4.2, RFC 6891 (EDNS).
"""

import asyncio
import struct
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset
from msgspec import Struct

from mxprobe.facts.dns import AnswerStatus, Question
from mxprobe.lab.zones import PAYLOAD, Zones, gather_zones
from mxprobe.scenario.reaction import Delay, Forge, Lame, Names, Reaction, SignatureKind, Signatures, Stale, Truncate

React = Callable[[Question], tuple[Reaction, ...]]

_TRIES = 20
_RCODES = {
    AnswerStatus.SERVFAIL: dns.rcode.SERVFAIL,
    AnswerStatus.REFUSED: dns.rcode.REFUSED,
    AnswerStatus.NXDOMAIN: dns.rcode.NXDOMAIN,
    AnswerStatus.NODATA: dns.rcode.NOERROR,
}
_LONG_AGO = (1546300800, 1577836800)
"""From when to when expired signatures held: 2019."""


class Due(Struct, frozen=True, kw_only=True):
    """What a name server says (None: nothing), and after how many seconds."""

    wire: bytes | None
    after: float


class NameServer:
    """Authoritative for its zones, REFUSED for everything else. `zones` is master-file text by origin."""

    def __init__(self, zones: Mapping[str, str]) -> None:
        self._served = [(0.0, gather_zones(tuple(sorted(zones.items()))))]

    def replace_zones(self, zones: Mapping[str, str], at: float) -> None:
        """Serve these zones from now on, which is `at` in story time."""
        self._served.append((at, gather_zones(tuple(sorted(zones.items())))))

    def _served_at(self, moment: float) -> Zones:
        """What was served at a moment of the story, before anything was replaced in it."""
        return next((zones for at, zones in reversed(self._served) if at < moment), self._served[0][1])

    def answer(self, wire: bytes, react: React, *, over_tcp: bool = False) -> bytes | None:
        """The answer to one query; None where nothing is said (a broken query, or a fault that is silence)."""
        zones = self._served[-1][1]
        asked, usual = zones.answer(wire, over_tcp=over_tcp)
        if usual is None:
            return None
        usual = wire[:2] + usual
        for reaction in react(asked) if asked is not None else ():
            match reaction:
                case Names():
                    return _say(wire, zones, reaction.status)
                case Truncate():
                    return None if over_tcp else _without_records(wire, dns.rcode.NOERROR, dns.flags.TC)
                case Lame():
                    return _refer_to_root(wire)
                case Forge():
                    return _forge(wire, reaction.mx)
                case Stale():
                    before = self._served_at(reaction.since).answer(wire, over_tcp=over_tcp)[1]
                    return None if before is None else wire[:2] + before
                case Signatures():
                    return _spoil(usual, reaction.kind)
        return usual

    def answer_when(self, wire: bytes, react: React, *, over_tcp: bool = False) -> Due:
        """The answer to one query, and how late it is given."""
        reactions: list[Reaction] = []

        def note(question: Question) -> tuple[Reaction, ...]:
            found = react(question)
            reactions.extend(found)
            return found

        answer = self.answer(wire, note, over_tcp=over_tcp)
        late = sum(reaction.seconds for reaction in reactions if isinstance(reaction, Delay))
        return Due(wire=answer, after=late)


def _say(wire: bytes, zones: Zones, status: AnswerStatus) -> bytes | None:
    """A status in place of records: silence, absence with its SOA, or a code alone."""
    rcode = _RCODES.get(status)
    if rcode is None:
        return None
    return zones.deny(wire, rcode) if status.is_absence else _without_records(wire, rcode)


def _without_records(wire: bytes, rcode: dns.rcode.Rcode, flags: int = 0) -> bytes:
    response = dns.message.make_response(dns.message.from_wire(wire), our_payload=PAYLOAD)
    response.set_rcode(rcode)
    response.flags |= flags
    return response.to_wire(want_shuffle=False)


def _refer_to_root(wire: bytes) -> bytes:
    """What a server says that has not got the zone and does not refuse: no authority, ask the root."""
    response = dns.message.make_response(dns.message.from_wire(wire), our_payload=PAYLOAD)
    response.authority.append(dns.rrset.from_text(".", 518400, "IN", "NS", "a.root-servers.net."))
    return response.to_wire(want_shuffle=False)


def _forge(wire: bytes, hosts: tuple[str, ...]) -> bytes:
    """An MX set that names these hosts, and has no signature."""
    response = dns.message.make_response(dns.message.from_wire(wire), our_payload=PAYLOAD)
    response.flags |= dns.flags.AA
    records = [f"10 {host}." for host in hosts]
    response.answer.append(dns.rrset.from_text_list(response.question[0].name, 3600, "IN", "MX", records))
    return response.to_wire(want_shuffle=False)


def _spoil(wire: bytes, kind: SignatureKind) -> bytes:
    """The same response with signatures that do not hold: altered, or of dates that are over.

    A validator judges the dates first (RFC 4035 §5.3.1), so what the altered dates do to the rest is not looked at.
    """
    response = dns.message.from_wire(wire)
    for section in (response.answer, response.authority):
        for place, rrset in enumerate(section):
            if rrset.rdtype == dns.rdatatype.RRSIG:
                spoilt = [_spoil_one(record, kind) for record in rrset]
                section[place] = dns.rrset.from_rdata_list(rrset.name, rrset.ttl, spoilt)
    return response.to_wire(max_size=65535, want_shuffle=False)


def _spoil_one(record: dns.rdata.Rdata, kind: SignatureKind) -> dns.rdata.Rdata:
    if kind is SignatureKind.EXPIRED:
        return record.replace(inception=_LONG_AGO[0], expiration=_LONG_AGO[1])
    signature: bytes = getattr(record, "signature")  # noqa: B009
    return record.replace(signature=signature[:-1] + bytes((signature[-1] ^ 1,)))


Ask = Callable[[bytes, bool, Callable[[bytes], None]], None]
"""`ask(query, over_tcp, say)`: `say` is called with the answer when it is due, and not at all where there is none."""


class _Datagrams(asyncio.DatagramProtocol):
    """Answers over UDP."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        transport = self._transport
        if transport is not None:
            self._ask(data, False, lambda reply: None if transport.is_closing() else transport.sendto(reply, addr))


class _Stream(asyncio.Protocol):
    """Answers over TCP, one query after the other, each behind its length."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.Transport):
            self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while len(self._buffer) >= 2:
            (length,) = struct.unpack_from("!H", self._buffer)
            if len(self._buffer) < 2 + length:
                return
            query, self._buffer = self._buffer[2 : 2 + length], self._buffer[2 + length :]
            self._ask(query, True, self._say)

    def _say(self, reply: bytes) -> None:
        if self._transport is not None:
            self._transport.write(struct.pack("!H", len(reply)) + reply)


@asynccontextmanager
async def serve(nameserver: NameServer, address: str, react: React, port: int = 0) -> AsyncIterator[int]:
    """Answer at `address` over UDP and TCP while the context lasts; gives the port, which is a free one for 0."""
    loop = asyncio.get_running_loop()

    def ask(wire: bytes, over_tcp: bool, say: Callable[[bytes], None]) -> None:
        due = nameserver.answer_when(wire, react, over_tcp=over_tcp)
        if due.wire is not None and due.after:
            loop.call_later(due.after, say, due.wire)
        elif due.wire is not None:
            say(due.wire)

    async with serve_by(ask, address, port) as bound:
        yield bound


@asynccontextmanager
async def serve_by(ask: Ask, address: str, port: int = 0) -> AsyncIterator[int]:
    """Let `ask` answer what is asked at an address, over UDP and TCP; gives the port, which is a free one for 0."""
    loop = asyncio.get_running_loop()
    wanted = port
    for left in range(_TRIES, 0, -1):
        stream = await loop.create_server(lambda: _Stream(ask), address, wanted)
        port = int(stream.sockets[0].getsockname()[1])
        try:
            datagrams, _ = await loop.create_datagram_endpoint(lambda: _Datagrams(ask), local_addr=(address, port))
            break
        except OSError:  # another program has this port of UDP
            stream.close()
            if left == 1:
                raise
    try:
        yield port
    finally:
        datagrams.close()
        stream.close()
