"""What a set of zones says to a query, as an authoritative server that has them all would: records, aliases, absence.

dnspython is codec and zone reader; which records answer a question is worked out here. Of signed zones the signatures
and proofs of absence are given to whoever asks for them.

Standards: RFC 1034 §4.3.2, RFC 2308 §2, §3 (absence), RFC 4035 §3.1 (signatures), RFC 4592 (wildcards), RFC 6891.
"""

from functools import lru_cache

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset
import dns.zone

from mxprobe.facts.dns import Question, RecordType
from mxprobe.lab.fences import Fences

PAYLOAD = 1232

_LONGEST_CHAIN = 8
_REMEMBERED = 500
_KNOWN = {rrtype.value: rrtype for rrtype in RecordType}
_WILDCARD = dns.name.Name((b"*",))

Response = dns.message.Message


@lru_cache(maxsize=_REMEMBERED)
def gather_zones(texts: tuple[tuple[str, str], ...]) -> "Zones":
    """The same zones for every play of the same world: reading them costs more than playing in them."""
    return Zones(texts)


class Zones:
    """Zones that nobody changes, and the answers from them that were asked for already. `texts` are pairs of origin
    and master-file text."""

    def __init__(self, texts: tuple[tuple[str, str], ...]) -> None:
        self._zones = {
            dns.name.from_text(origin): dns.zone.from_text(
                text, origin=origin, relativize=False, check_origin=False, allow_include=False
            )
            for origin, text in texts
        }
        self._fences = {origin: Fences(zone) for origin, zone in self._zones.items()}
        self._answers: dict[tuple[bytes, bool], tuple[Question | None, bytes | None]] = {}

    def answer(self, wire: bytes, *, over_tcp: bool) -> tuple[Question | None, bytes | None]:
        """What is asked, as far as a fault can be about it, and the answer without its number."""
        key = (wire[2:], over_tcp)
        if key not in self._answers:
            if len(self._answers) >= _REMEMBERED:
                self._answers.clear()
            self._answers[key] = self._answer(wire, over_tcp=over_tcp)
        return self._answers[key]

    def deny(self, wire: bytes, rcode: dns.rcode.Rcode) -> bytes:
        """The absence of what is asked, in the words of the zone that has it, with no proof."""
        response = dns.message.make_response(dns.message.from_wire(wire), our_payload=PAYLOAD)
        response.set_rcode(rcode)
        response.flags |= dns.flags.AA
        zone = self._zone_of(response.question[0].name, response.question[0].rdtype)
        if zone is not None:
            response.authority += _records(zone, zone.origin, dns.rdatatype.SOA, signed=False)
        return response.to_wire()

    def _answer(self, wire: bytes, *, over_tcp: bool) -> tuple[Question | None, bytes | None]:
        try:
            query = dns.message.from_wire(wire)
            response = dns.message.make_response(query, our_payload=PAYLOAD)
        except dns.exception.DNSException:
            return None, None
        asked = None
        if len(query.question) != 1:
            response.set_rcode(dns.rcode.FORMERR)
        else:
            name, rdtype = query.question[0].name, query.question[0].rdtype
            if query.ednsflags & dns.flags.DO:
                response.want_dnssec(True)
            self._fill(response, name, rdtype)
            rrtype = _KNOWN.get(dns.rdatatype.to_text(rdtype))
            text = name.to_text(omit_final_dot=True).lower()
            zone = self._zone_of(name, rdtype)
            # The root zone is not the domain's: what is wrong with the domain's servers is not wrong there.
            if rrtype is not None and (zone is None or zone.origin != dns.name.root):
                asked = Question(name=text, rrtype=rrtype)
        size = 65535 if over_tcp else 0  # what does not fit into a datagram is asked for again over TCP (RFC 2181 §9)
        return asked, response.to_wire(max_size=size, want_shuffle=False, prefer_truncation=not over_tcp)[2:]

    def _fill(self, response: Response, name: dns.name.Name, rdtype: dns.rdatatype.RdataType) -> None:
        """Records of the question, aliases followed inside our own zones, absence with its SOA."""
        for step in range(_LONGEST_CHAIN):
            zone = self._zone_of(name, rdtype)
            if zone is None:
                if step == 0:
                    response.set_rcode(dns.rcode.REFUSED)
                return
            response.flags |= dns.flags.AA
            signed = bool(response.ednsflags & dns.flags.DO)
            source = _source(zone, name)
            found = _records(zone, source, rdtype, signed=signed)
            alias = [] if found else _records(zone, source, dns.rdatatype.CNAME, signed=signed)
            if not found and not alias:
                self._deny(response, zone, name, signed=signed)
                return
            response.answer += [_renamed(rrset, name) for rrset in found or alias]
            if signed and source != name:
                response.authority += self._proofs(zone, name, _closest(zone, name), is_expanded=True)
            if found:
                return
            name = alias[0][0].target

    def _deny(self, response: Response, zone: dns.zone.Zone, name: dns.name.Name, *, signed: bool) -> None:
        """The SOA, and for who asks the proof: of the name, and where it is not there of the wildcard for it."""
        source = _source(zone, name)
        if not _exists(zone, source):
            response.set_rcode(dns.rcode.NXDOMAIN)
        response.authority += _records(zone, zone.origin, dns.rdatatype.SOA, signed=signed)
        if signed:
            closest = None if _exists(zone, name) else _closest(zone, name)
            response.authority += self._proofs(zone, name, closest)

    def _proofs(
        self, zone: dns.zone.Zone, name: dns.name.Name, closest: dns.name.Name | None, *, is_expanded: bool = False
    ) -> list[dns.rrset.RRset]:
        """The NSEC or NSEC3 records that deny a name, each once; none where the zone is not signed."""
        if zone.origin is None:
            return []
        owners = self._fences[zone.origin].around(name, closest, is_expanded=is_expanded)
        kinds = (dns.rdatatype.NSEC, dns.rdatatype.NSEC3)
        return [rrset for owner in owners for kind in kinds for rrset in _records(zone, owner, kind, signed=True)]

    def _zone_of(self, name: dns.name.Name, rdtype: dns.rdatatype.RdataType) -> dns.zone.Zone | None:
        """The zone that answers: the nearest one, but for DS the one above the cut (RFC 4035 §3.1.4.1)."""
        around = [origin for origin in sorted(self._zones, key=len, reverse=True) if name.is_subdomain(origin)]
        if rdtype == dns.rdatatype.DS and len(around) > 1 and around[0] == name:
            around = around[1:]
        return self._zones[around[0]] if around else None


def _records(
    zone: dns.zone.Zone, name: dns.name.Name | None, rdtype: dns.rdatatype.RdataType, *, signed: bool
) -> list[dns.rrset.RRset]:
    """An RRset of the zone, with its signatures where they are wanted; empty where it has none."""
    found = None if name is None else zone.get_rrset(name, rdtype)
    if name is None or found is None:
        return []
    signatures = zone.get_rrset(name, dns.rdatatype.RRSIG, rdtype) if signed else None
    return [found] if signatures is None else [found, signatures]


def _renamed(rrset: dns.rrset.RRset, name: dns.name.Name) -> dns.rrset.RRset:
    """A wildcard's records under the name they stand for."""
    return rrset if rrset.name == name else dns.rrset.from_rdata_list(name, rrset.ttl, list(rrset))


def _exists(zone: dns.zone.Zone, name: dns.name.Name) -> bool:
    """Whether a name has records, or names below it that have."""
    return any(owner.is_subdomain(name) for owner in zone.nodes)


def _source(zone: dns.zone.Zone, name: dns.name.Name) -> dns.name.Name:
    """Whose records answer for a name: its own, or a wildcard's where it does not exist (RFC 4592 §3.3.1)."""
    if _exists(zone, name):
        return name
    wildcard = _WILDCARD.concatenate(_closest(zone, name))
    return wildcard if wildcard in zone.nodes else name


def _closest(zone: dns.zone.Zone, name: dns.name.Name) -> dns.name.Name:
    """The longest ancestor of a name that exists."""
    while name != zone.origin:
        name = name.parent()
        if _exists(zone, name):
            break
    return name
