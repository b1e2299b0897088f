"""Zones that are signed alone, by the lab's signer, with anything wrong with them that a test wants."""

from collections.abc import Callable

import dns.dnssec
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdataset
import dns.rdatatype
import dns.zone
from dns.rdtypes.ANY.DNSKEY import DNSKEY

from mxprobe.lab.signing import Hashing, key_of, sign_zones

SEED = 1
YEAR = 365 * 86400
Edit = Callable[[dns.zone.Zone], None]


def sign_island(origin: str, text: str, hashing: Hashing | None = None, edit: Edit | None = None) -> dns.zone.Zone:
    """The zone with its signatures, edited behind them."""
    signed = sign_zones({origin: text}, SEED, frozenset(), {} if hashing is None else {origin: hashing}).zones[origin]
    zone = dns.zone.from_text(signed, origin=origin, relativize=False, check_origin=False)
    if edit is not None:
        edit(zone)
    return zone


def digest_of(origin: str, kind: str = "SHA256") -> str:
    """The DS record of such a zone, as text."""
    name = dns.name.from_text(origin)
    return dns.dnssec.make_ds(name, key_of(name, SEED)[1], kind, policy=dns.dnssec.allow_all_policy).to_text()


def drop(owner: str, rrtype: str, covers: str = "NONE") -> Edit:
    """Take records away, or the signatures over them."""

    def edit(zone: dns.zone.Zone) -> None:
        name, rdtype = dns.name.from_text(owner, zone.origin), dns.rdatatype.from_text(rrtype)
        assert zone.get_rdataset(name, rdtype, covers) is not None
        zone.delete_rdataset(name, rdtype, covers)

    return edit


def drop_all(rrtype: str) -> Edit:
    """Take all records of a type away, with their signatures."""

    def edit(zone: dns.zone.Zone) -> None:
        for name in list(zone.nodes):
            zone.delete_rdataset(name, rrtype)
            zone.delete_rdataset(name, "RRSIG", rrtype)

    return edit


def put(owner: str, rrtype: str, text: str) -> Edit:
    """Put another record in the place of those of a type, and leave their signatures."""

    def edit(zone: dns.zone.Zone) -> None:
        name, rdtype = dns.name.from_text(owner, zone.origin), dns.rdatatype.from_text(rrtype)
        record = dns.rdata.from_text(dns.rdataclass.IN, rdtype, text, origin=zone.origin, relativize=False)
        zone.replace_rdataset(name, dns.rdataset.from_rdata(300, record))

    return edit


def sign_again(owner: str, rrtype: str, begins: float, ends: float, *, by: str = "") -> Edit:
    """Sign records anew, from one moment to another, by the zone's key or that of the zone `by`."""

    def edit(zone: dns.zone.Zone) -> None:
        origin = zone.origin
        assert origin is not None
        name = dns.name.from_text(owner, origin)
        private, public = key_of(dns.name.from_text(by) if by else origin, SEED)
        rdataset = zone.find_rdataset(name, rrtype)
        signature = dns.dnssec.sign((name, rdataset), private, origin, public, inception=begins, expiration=ends)
        zone.replace_rdataset(name, dns.rdataset.from_rdata(rdataset.ttl, signature))

    return edit


def also(*edits: Edit) -> Edit:
    """One edit after the other."""

    def edit(zone: dns.zone.Zone) -> None:
        for one in edits:
            one(zone)

    return edit


def key_tag(origin: str) -> int:
    """The tag of a zone's key."""
    key = key_of(dns.name.from_text(origin), SEED)[1]
    assert isinstance(key, DNSKEY)
    return dns.dnssec.key_id(key)
