"""A domain's own zone as the stage of a story: which hosts its MX records name, and where they are.

Works on master-file text; who reads files hands it over. Hosts of other domains are not in the zone: they exist, and
get addresses of the lab's. Standards: RFC 1035 §5 (master files), RFC 5321 §5.1.
"""

import re

import dns.exception
import dns.name
import dns.rdatatype
import dns.rrset
import dns.zone
from msgspec import Struct

from mxprobe.errors import InputError, Place

_LONGEST_CHAIN = 8
_AT_LINE = re.compile(r":(\d+): (.*)\Z", re.DOTALL)


class Over(Struct, frozen=True, kw_only=True):
    """A zone to play stories over, whatever they are staged on themselves: its domain, its text, where it came from."""

    domain: str
    text: str
    path: str


class Stage(Struct, frozen=True, kw_only=True):
    """What a zone says of mail: MX as pairs of preference and name, the addresses of hosts by name, hosts without any.

    The domain itself is a host where it has addresses, named by an MX record or not.
    """

    mx: tuple[tuple[int, str], ...]
    homes: tuple[tuple[str, tuple[str, ...]], ...]
    absent: tuple[str, ...]


def read_zone(text: str, domain: str, path: str) -> Stage:
    """The stage of a zone. Raises InputError naming the line that is no record, or a zone without the domain."""
    zone = _parse(text, domain, path)
    records = zone.get_rrset(dns.name.from_text(domain), dns.rdatatype.MX) or ()
    mx = tuple(sorted((int(record.preference), _name(record.exchange)) for record in records))
    homes, absent = [], []
    for name in dict.fromkeys((*(host for _, host in mx if host != "."), domain)):
        if not _is_inside(name, domain):
            continue
        found = _addresses(zone, _end_of_aliases(zone, name))
        if found:
            homes.append((name, found))
        elif name != domain:
            absent.append(name)
    return Stage(mx=mx, homes=tuple(homes), absent=tuple(absent))


def check_zone(over: Over) -> None:
    """Refuse a zone that no story can be played over: one whose MX records name nobody, or hosts without an address.

    Raises InputError naming the record's line.
    """
    stage = read_zone(over.text, over.domain, over.path)
    if not stage.mx and over.domain not in dict(stage.homes):
        raise InputError(f"the zone has neither an MX record nor an address for {over.domain}", place=Place(over.path))
    for preference, name in stage.mx:
        if name in stage.absent:
            line, excerpt = _line_of(over.text, name.partition(".")[0])
            message = f"MX {preference} {name} names a host that has no address in this zone"
            raise InputError(message, place=Place(over.path, line, None, excerpt))


def _line_of(text: str, label: str) -> tuple[int | None, str | None]:
    """The line of the MX record that names a host by this label, as far as one line has it."""
    wanted = re.compile(rf"\bMX\b.*\s{re.escape(label)}(?:[.\s;]|$)", re.IGNORECASE)
    return next(((at, line) for at, line in enumerate(text.splitlines(), start=1) if wanted.search(line)), (None, None))


def restage(text: str, domain: str, addresses: dict[str, tuple[str, ...]]) -> str:
    """The zone with other addresses for these names; an alias stays one, and its end gets the addresses."""
    zone = _parse(text, domain, "zone")
    for name, found in addresses.items():
        if not _is_inside(name, domain):
            continue
        owner = _end_of_aliases(zone, name)
        for rrtype in (dns.rdatatype.A, dns.rdatatype.AAAA):
            zone.delete_rdataset(owner, rrtype)
        for address in found:
            rrtype = dns.rdatatype.AAAA if ":" in address else dns.rdatatype.A
            record = dns.rrset.from_text(owner, 3600, "IN", rrtype, address)[0]
            zone.find_rdataset(owner, rrtype, create=True).add(record, 3600)
    return f"$ORIGIN {domain}.\n{zone.to_text(relativize=False)}"


def _parse(text: str, domain: str, path: str) -> dns.zone.Zone:
    try:
        return dns.zone.from_text(text, origin=domain, relativize=False, check_origin=False, allow_include=False)
    except (dns.exception.DNSException, ValueError) as error:
        found = _AT_LINE.search(str(error))
        line = int(found[1]) if found else None
        lines = text.splitlines()
        excerpt = lines[line - 1] if line is not None and line <= len(lines) else None
        said = found[2] if found else str(error)
        place = Place(path, line, None, excerpt)
        raise InputError(f"the zone of {domain} cannot be read: {said}", place=place) from error


def _name(name: dns.name.Name) -> str:
    return name.to_text(omit_final_dot=True).lower()


def _is_inside(name: str, domain: str) -> bool:
    return name == domain or name.endswith(f".{domain}")


def _end_of_aliases(zone: dns.zone.Zone, name: str) -> dns.name.Name:
    owner = dns.name.from_text(name)
    for _ in range(_LONGEST_CHAIN):
        alias = zone.get_rrset(owner, dns.rdatatype.CNAME)
        if alias is None:
            break
        owner = alias[0].target
    return owner


def _addresses(zone: dns.zone.Zone, owner: dns.name.Name) -> tuple[str, ...]:
    found = (zone.get_rrset(owner, rrtype) or () for rrtype in (dns.rdatatype.A, dns.rdatatype.AAAA))
    return tuple(record.address for rrset in found for record in rrset)
