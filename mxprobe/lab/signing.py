"""Signs the zones of a story under a root of the lab's own: keys and signatures follow from the seed, to the byte.

Dates are fixed and wide, so that story time and the real clock judge alike. Absence is proven by NSEC; a zone that is
left unsigned is proven to be so by the one above it.

Standards: RFC 4034 §3, §4, §5, RFC 4035 §2, RFC 8080 (Ed25519).
"""

import hashlib
from collections.abc import Mapping
from functools import lru_cache

import dns.dnssec
import dns.name
import dns.rdatatype
import dns.zone
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from dns.dnssectypes import Algorithm
from dns.rdtypes.ANY.DNSKEY import DNSKEY
from msgspec import Struct

_INCEPTION, _EXPIRATION = "20200101000000", "20450101000000"
_TTL = 3600
_ROOT_ZONE = "@ 300 IN SOA a.root-servers.net. nobody.invalid. 1 3600 900 604800 60\n@ 300 IN NS a.root-servers.net.\n"
_KEY_FLAGS = 257
_OF_OTHERS = frozenset(
    dns.rdatatype.from_text(text)
    for text in ("DNSKEY", "RRSIG", "NSEC", "NSEC3", "NSEC3PARAM", "CDS", "CDNSKEY", "ZONEMD")
)
"""What an earlier signing left behind in somebody's own zone; their keys are not here."""
_REMEMBERED = 256


class SignedZones(Struct, frozen=True, kw_only=True):
    """The zones with their signatures and a root zone above them, as master-file text by origin.

    `anchor` is what a validator trusts: the root's DS records as presentation text.
    """

    zones: Mapping[str, str]
    anchor: tuple[str, ...]


def sign_zones(zones: Mapping[str, str], seed: int, unsigned: frozenset[str] = frozenset()) -> SignedZones:
    """The zones signed, but those in `unsigned`. The same arguments give the same text, and the same seed the same
    anchor."""
    return _sign_all(tuple(sorted(zones.items())), seed, unsigned)


@lru_cache(maxsize=_REMEMBERED)
def _sign_all(texts: tuple[tuple[str, str], ...], seed: int, unsigned: frozenset[str]) -> SignedZones:
    """Signs from the leaves to the root, as every zone has the digests of the keys below it."""
    pending = {dns.name.from_text(origin): text for origin, text in texts}
    pending.setdefault(dns.name.root, _ROOT_ZONE)
    bare = {dns.name.from_text(origin) for origin in unsigned}
    done: dict[str, str] = {}
    digests: tuple[str, ...] = ()
    for origin in sorted(pending, key=len, reverse=True):
        zone = dns.zone.from_text(
            pending[origin], origin=origin, relativize=False, check_origin=False, allow_include=False
        )
        digests = () if origin in bare else _sign(zone, seed)
        done[origin.to_text(omit_final_dot=True)] = zone.to_text(relativize=False)
        if origin != dns.name.root:
            above = next(name for name in _ancestors(origin) if name in pending)
            pending[above] += _delegation(zone, digests)
    return SignedZones(zones=done, anchor=digests)


def _ancestors(name: dns.name.Name) -> list[dns.name.Name]:
    """Those of a name, the nearest first."""
    return [name.split(length)[1] for length in range(len(name) - 1, 0, -1)]


def _delegation(zone: dns.zone.Zone, digests: tuple[str, ...]) -> str:
    """What the zone above says of a zone: its servers, and its key's digest where it is signed."""
    origin = zone.origin
    servers = zone.get_rrset(origin, dns.rdatatype.NS) if origin is not None else None
    names = [server.target for server in servers or ()] or [dns.name.from_text("a.root-servers.net.")]
    lines = [f"{origin} {_TTL} IN NS {name}\n" for name in names]
    return "".join([*lines, *(f"{origin} {_TTL} IN DS {digest}\n" for digest in digests)])


def _sign(zone: dns.zone.Zone, seed: int) -> tuple[str, ...]:
    """Sign a zone in its place, with one key for all; the DS records that belong above it."""
    origin = zone.origin
    if origin is None:
        raise AssertionError("a zone of the lab has an origin")
    for name in list(zone.nodes):
        for rdataset in list(zone.nodes[name].rdatasets):
            if rdataset.rdtype in _OF_OTHERS:
                zone.delete_rdataset(name, rdataset.rdtype, rdataset.covers)
    private, public = _key(origin, seed)
    dns.dnssec.sign_zone(zone, keys=[(private, public)], dnskey_ttl=_TTL, inception=_INCEPTION, expiration=_EXPIRATION)
    return (dns.dnssec.make_ds(origin, public, "SHA256").to_text(),)


def _key(origin: dns.name.Name, seed: int) -> tuple[Ed25519PrivateKey, DNSKEY]:
    """The key of a zone: Ed25519, whose signatures follow from key and data alone."""
    private = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(f"{seed}/dnssec/{origin}".encode()).digest())
    return private, dns.dnssec.make_dnskey(private.public_key(), Algorithm.ED25519, flags=_KEY_FLAGS)
