"""The lab's name server: zones from master-file text, answers as an authoritative server gives them.

dnspython is codec and zone reader; which records answer a question is worked out here. The same answers go through a
function call in memory and through UDP and TCP on loopback.

Standards: RFC 1034 §4.3.2, RFC 2308 §2 (absence), RFC 6891 (EDNS).
"""

import asyncio
import struct
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import lru_cache

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.zone

from mxprobe.facts.dns import AnswerStatus, Question, RecordType
from mxprobe.scenario.reaction import Names, Reaction, Truncate

React = Callable[[Question], tuple[Reaction, ...]]

_PAYLOAD = 1232
_LONGEST_CHAIN = 8
_REMEMBERED = 500
_RCODES = {
    AnswerStatus.SERVFAIL: dns.rcode.SERVFAIL,
    AnswerStatus.REFUSED: dns.rcode.REFUSED,
    AnswerStatus.NXDOMAIN: dns.rcode.NXDOMAIN,
    AnswerStatus.NODATA: dns.rcode.NOERROR,
}
_KNOWN = {rrtype.value: rrtype for rrtype in RecordType}


class NameServer:
    """Authoritative for its zones, REFUSED for everything else. `zones` is master-file text by origin."""

    def __init__(self, zones: Mapping[str, str]) -> None:
        self._zones = _gather(tuple(sorted(zones.items())))

    def answer(self, wire: bytes, react: React, *, over_tcp: bool = False) -> bytes | None:
        """The answer to one query; None where nothing is said (a broken query, or a fault that is silence)."""
        asked, usual = self._zones.answer(wire, over_tcp=over_tcp)
        if asked is not None:
            for reaction in react(asked):
                if isinstance(reaction, Names):
                    rcode = _RCODES.get(reaction.status)
                    return None if rcode is None else _without_records(wire, rcode)
                if isinstance(reaction, Truncate):
                    return None if over_tcp else _without_records(wire, dns.rcode.NOERROR, dns.flags.TC)
        return None if usual is None else wire[:2] + usual


def _without_records(wire: bytes, rcode: dns.rcode.Rcode, flags: int = 0) -> bytes:
    response = dns.message.make_response(dns.message.from_wire(wire), our_payload=_PAYLOAD)
    response.set_rcode(rcode)
    response.flags |= flags
    return response.to_wire()


class _Zones:
    """Zones that nobody changes, and the answers from them that were asked for already."""

    def __init__(self, texts: tuple[tuple[str, str], ...]) -> None:
        self._zones = {
            dns.name.from_text(origin): dns.zone.from_text(
                text, origin=origin, relativize=False, check_origin=False, allow_include=False
            )
            for origin, text in texts
        }
        self._answers: dict[tuple[bytes, bool], tuple[Question | None, bytes | None]] = {}

    def answer(self, wire: bytes, *, over_tcp: bool) -> tuple[Question | None, bytes | None]:
        """What is asked, as far as a fault can be about it, and the answer without its number."""
        key = (wire[2:], over_tcp)
        if key not in self._answers:
            if len(self._answers) >= _REMEMBERED:
                self._answers.clear()
            self._answers[key] = self._answer(wire, over_tcp=over_tcp)
        return self._answers[key]

    def _answer(self, wire: bytes, *, over_tcp: bool) -> tuple[Question | None, bytes | None]:
        try:
            query = dns.message.from_wire(wire)
            response = dns.message.make_response(query, our_payload=_PAYLOAD)
        except dns.exception.DNSException:
            return None, None
        asked = None
        if len(query.question) != 1:
            response.set_rcode(dns.rcode.FORMERR)
        else:
            name, rdtype = query.question[0].name, query.question[0].rdtype
            self._fill(response, name, rdtype)
            rrtype = _KNOWN.get(dns.rdatatype.to_text(rdtype))
            text = name.to_text(omit_final_dot=True).lower()
            asked = None if rrtype is None else Question(name=text, rrtype=rrtype)
        return asked, response.to_wire(max_size=65535 if over_tcp else 0, want_shuffle=False)[2:]

    def _fill(self, response: dns.message.Message, name: dns.name.Name, rdtype: dns.rdatatype.RdataType) -> None:
        """Records of the question, aliases followed inside our own zones, absence with its SOA."""
        for step in range(_LONGEST_CHAIN):
            zone = self._zone_of(name)
            if zone is None:
                if step == 0:
                    response.set_rcode(dns.rcode.REFUSED)
                return
            response.flags |= dns.flags.AA
            found = zone.get_rrset(name, rdtype)
            if found is not None:
                response.answer.append(found)
                return
            alias = zone.get_rrset(name, dns.rdatatype.CNAME)
            if alias is None:
                self._deny(response, zone, name)
                return
            response.answer.append(alias)
            name = alias[0].target

    def _deny(self, response: dns.message.Message, zone: dns.zone.Zone, name: dns.name.Name) -> None:
        exists = any(owner == name or owner.is_subdomain(name) for owner in zone.nodes)
        if not exists:
            response.set_rcode(dns.rcode.NXDOMAIN)
        if zone.origin is not None and (soa := zone.get_rrset(zone.origin, dns.rdatatype.SOA)) is not None:
            response.authority.append(soa)

    def _zone_of(self, name: dns.name.Name) -> dns.zone.Zone | None:
        for origin in sorted(self._zones, key=len, reverse=True):
            if name.is_subdomain(origin):
                return self._zones[origin]
        return None


@lru_cache(maxsize=_REMEMBERED)
def _gather(texts: tuple[tuple[str, str], ...]) -> _Zones:
    """The same zones for every play of the same world: reading them costs more than playing in them."""
    return _Zones(texts)


class _Datagrams(asyncio.DatagramProtocol):
    """Answers over UDP."""

    def __init__(self, ask: Callable[[bytes, bool], bytes | None]) -> None:
        self._ask = ask
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        reply = self._ask(data, False)
        if reply is not None and self._transport is not None:
            self._transport.sendto(reply, addr)


class _Stream(asyncio.Protocol):
    """Answers over TCP, one query after the other, each behind its length."""

    def __init__(self, ask: Callable[[bytes, bool], bytes | None]) -> None:
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
            reply = self._ask(query, True)
            if reply is not None and self._transport is not None:
                self._transport.write(struct.pack("!H", len(reply)) + reply)


@asynccontextmanager
async def serve(nameserver: NameServer, address: str, react: React, port: int = 0) -> AsyncIterator[int]:
    """Answer at `address` over UDP and TCP while the context lasts; gives the port, which is a free one for 0."""
    loop = asyncio.get_running_loop()

    def ask(wire: bytes, over_tcp: bool) -> bytes | None:
        return nameserver.answer(wire, react, over_tcp=over_tcp)

    stream = await loop.create_server(lambda: _Stream(ask), address, port)
    port = int(stream.sockets[0].getsockname()[1])
    try:
        datagrams, _ = await loop.create_datagram_endpoint(lambda: _Datagrams(ask), local_addr=(address, port))
        try:
            yield port
        finally:
            datagrams.close()
    finally:
        stream.close()
