"""A domain's own zone as the stage of a story: which hosts its MX records name, where they are, and its name servers.

Works on master-file text; who reads files hands it over. Hosts of other domains are not in the zone: they exist, and
get addresses of the lab's. Standards: RFC 1035 §5 (master files), RFC 5321 §5.1.
"""

from functools import lru_cache

import dns.name
import dns.rdatatype
import dns.rrset
import dns.zone
from msgspec import Struct

from mxprobe.scenario.model import HostSpec
from mxprobe.scenario.operators import is_inside
from mxprobe.scenario.zonefile import read_zone_file

_LONGEST_CHAIN = 8

Homes = tuple[tuple[str, tuple[str, ...]], ...]
"""The addresses of hosts, by their names."""


class Over(Struct, frozen=True, kw_only=True):
    """A zone to play stories over, whatever they are staged on themselves: its domain, its text, where it came from.

    `recipients` and `hosts` are what its owner says of the people and machines behind it.
    """

    domain: str
    text: str
    path: str
    recipients: tuple[str, ...] = ()
    hosts: tuple[HostSpec, ...] = ()


class Stage(Struct, frozen=True, kw_only=True):
    """What a zone says of mail: MX as pairs of preference and name, the addresses of hosts by name, hosts without any.

    The domain itself is a host where it has addresses, named by an MX record or not. `nameservers` are those of the
    zone, with the addresses that it has for them.
    """

    mx: tuple[tuple[int, str], ...]
    homes: Homes
    absent: tuple[str, ...]
    nameservers: Homes = ()


def read_zone(text: str, domain: str, path: str) -> Stage:
    """The stage of a zone. Raises InputError naming the line that is no record."""
    zone = read_zone_file(text, domain, path)
    mx = tuple(sorted((record.preference, record.points_to) for record in zone.find(zone.end_of(domain), "MX")))

    def home(name: str) -> tuple[str, ...]:
        return tuple(record.data for record in zone.addresses(name))

    homes, absent = [], []
    for name in dict.fromkeys((*(host for _, host in mx if host != "."), domain)):
        if not is_inside(name, domain):
            continue
        if found := home(name):
            homes.append((name, found))
        elif name != domain:
            absent.append(name)
    servers = dict.fromkeys(record.points_to for record in zone.find(domain, "NS"))
    return Stage(
        mx=mx, homes=tuple(homes), absent=tuple(absent), nameservers=tuple((name, home(name)) for name in servers)
    )


def restage(text: str, domain: str, addresses: dict[str, tuple[str, ...]]) -> str:
    """The zone with other addresses for these names; an alias stays one, and its end gets the addresses."""
    return _restage(text, domain, tuple(addresses.items()))


@lru_cache(maxsize=32)
def _restage(text: str, domain: str, addresses: Homes) -> str:
    """The same for every play over one zone: reading it costs more than playing over it."""
    zone = dns.zone.from_text(text, origin=domain, relativize=False, check_origin=False, allow_include=False)
    for name, found in addresses:
        if not is_inside(name, domain):
            continue
        owner = _end_of_aliases(zone, name)
        for rrtype in (dns.rdatatype.A, dns.rdatatype.AAAA):
            zone.delete_rdataset(owner, rrtype)
        for address in found:
            rrtype = dns.rdatatype.AAAA if ":" in address else dns.rdatatype.A
            record = dns.rrset.from_text(owner, 3600, "IN", rrtype, address)[0]
            zone.find_rdataset(owner, rrtype, create=True).add(record, 3600)
    return f"$ORIGIN {domain}.\n{zone.to_text(relativize=False)}"


def _end_of_aliases(zone: dns.zone.Zone, name: str) -> dns.name.Name:
    owner = dns.name.from_text(name)
    for _ in range(_LONGEST_CHAIN):
        alias = zone.get_rrset(owner, dns.rdatatype.CNAME)
        if alias is None:
            break
        owner = alias[0].target
    return owner
