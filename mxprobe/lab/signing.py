"""Signs the zones of a story under a root of the lab's own: keys and signatures follow from the seed, to the byte.

Dates are fixed and wide, so that story time and the real clock judge alike. Absence is proven by NSEC, or by NSEC3
where that is wanted; a zone that is left unsigned is proven to be so by the one above it.

Standards: RFC 4034 §3, §4, §5, RFC 4035 §2, RFC 5155 §7.1 (NSEC3), RFC 8080 (Ed25519).
"""

import base64
import hashlib
from collections.abc import Mapping
from functools import lru_cache

import dns.dnssec
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdataset
import dns.rdatatype
import dns.zone
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from dns.dnssectypes import Algorithm
from dns.rdtypes.ANY.DNSKEY import DNSKEY
from msgspec import Struct

from mxprobe.mx.nsec3 import hash_name

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


class Hashing(Struct, frozen=True, kw_only=True):
    """How the names in NSEC3 records are hashed; `opt_out`: delegations that are not signed are left out."""

    salt: bytes = b""
    iterations: int = 0
    opt_out: bool = False


def sign_zones(
    zones: Mapping[str, str],
    seed: int,
    unsigned: frozenset[str] = frozenset(),
    hashed: Mapping[str, Hashing] | None = None,
) -> SignedZones:
    """The zones signed, but those in `unsigned`; those in `hashed` have NSEC3 records. The same arguments give the same
    text, and the same seed the same anchor."""
    return _sign_all(tuple(sorted(zones.items())), seed, unsigned, tuple(sorted((hashed or {}).items())))


@lru_cache(maxsize=_REMEMBERED)
def _sign_all(
    texts: tuple[tuple[str, str], ...], seed: int, unsigned: frozenset[str], hashed: tuple[tuple[str, Hashing], ...]
) -> SignedZones:
    """Signs from the leaves to the root, as every zone has the digests of the keys below it."""
    pending = {dns.name.from_text(origin): text for origin, text in texts}
    pending.setdefault(dns.name.root, _ROOT_ZONE)
    bare = {dns.name.from_text(origin) for origin in unsigned}
    hashings = {dns.name.from_text(origin): hashing for origin, hashing in hashed}
    done: dict[str, str] = {}
    digests: tuple[str, ...] = ()
    for origin in sorted(pending, key=len, reverse=True):
        zone = dns.zone.from_text(
            pending[origin], origin=origin, relativize=False, check_origin=False, allow_include=False
        )
        digests = () if origin in bare else _sign(zone, seed, hashings.get(origin))
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


def _sign(zone: dns.zone.Zone, seed: int, hashing: Hashing | None) -> tuple[str, ...]:
    """Sign a zone in its place, with one key for all; the DS records that belong above it."""
    origin = zone.origin
    if origin is None:
        raise AssertionError("a zone of the lab has an origin")
    for name in list(zone.nodes):
        for rdataset in list(zone.nodes[name].rdatasets):
            if rdataset.rdtype in _OF_OTHERS:
                zone.delete_rdataset(name, rdataset.rdtype, rdataset.covers)
    private, public = key_of(origin, seed)
    dns.dnssec.sign_zone(zone, keys=[(private, public)], dnskey_ttl=_TTL, inception=_INCEPTION, expiration=_EXPIRATION)
    if hashing is not None:
        _hash_names(zone, origin, hashing, seed)
    return (dns.dnssec.make_ds(origin, public, "SHA256").to_text(),)


def key_of(origin: dns.name.Name, seed: int) -> tuple[Ed25519PrivateKey, DNSKEY]:
    """The key of a zone: Ed25519, whose signatures follow from key and data alone."""
    private = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(f"{seed}/dnssec/{origin}".encode()).digest())
    return private, dns.dnssec.make_dnskey(private.public_key(), Algorithm.ED25519, flags=_KEY_FLAGS)


def _hash_names(zone: dns.zone.Zone, origin: dns.name.Name, hashing: Hashing, seed: int) -> None:
    """Replace the NSEC records of a signed zone by NSEC3 records (RFC 5155 §7.1)."""
    for name in list(zone.nodes):
        zone.delete_rdataset(name, dns.rdatatype.NSEC)
        zone.delete_rdataset(name, dns.rdatatype.RRSIG, dns.rdatatype.NSEC)
    salt = hashing.salt.hex() or "-"
    parameters = _read(dns.rdatatype.NSEC3PARAM, f"1 0 {hashing.iterations} {salt}")
    _add(zone, origin, dns.rdataset.from_rdata(0, parameters), seed)
    types = _types_in(zone, origin, hashing)
    owners = {hash_name(name.canonicalize().to_wire(), hashing.salt, hashing.iterations): name for name in types}
    hashes = sorted(owners)
    ttl = zone.find_rdataset(origin, dns.rdatatype.SOA)[0].minimum
    for own, following in zip(hashes, hashes[1:] + hashes[:1], strict=True):
        has = " ".join(rdtype.name for rdtype in sorted(types[owners[own]]))
        text = f"1 {int(hashing.opt_out)} {hashing.iterations} {salt} {_label(following)} {has}"
        record = _read(dns.rdatatype.NSEC3, text)
        _add(zone, dns.name.from_text(_label(own), origin), dns.rdataset.from_rdata(ttl, record), seed)


def _read(rdtype: dns.rdatatype.RdataType, text: str) -> dns.rdata.Rdata:
    return dns.rdata.from_text(dns.rdataclass.IN, rdtype, text)


def _label(hashed: bytes) -> str:
    return base64.b32hexencode(hashed).decode().lower()


def _types_in(
    zone: dns.zone.Zone, origin: dns.name.Name, hashing: Hashing
) -> dict[dns.name.Name, set[dns.rdatatype.RdataType]]:
    """The names with NSEC3 records, empty ones between them too, and what each has; nothing from below a cut."""
    cuts = [name for name in zone.nodes if name != origin and zone.get_rdataset(name, dns.rdatatype.NS) is not None]
    found: dict[dns.name.Name, set[dns.rdatatype.RdataType]] = {}
    for name, node in zone.nodes.items():
        if any(name != cut and name.is_subdomain(cut) for cut in cuts):
            continue
        has = {rdataset.rdtype for rdataset in node}
        if name in cuts:
            has &= {dns.rdatatype.NS, dns.rdatatype.DS, dns.rdatatype.RRSIG}
            if hashing.opt_out and dns.rdatatype.DS not in has:
                continue
        found.setdefault(name, set()).update(has)
        for between in _ancestors(name):
            if between.is_subdomain(origin):
                found.setdefault(between, set())
    return found


def _add(zone: dns.zone.Zone, name: dns.name.Name, rdataset: dns.rdataset.Rdataset, seed: int) -> None:
    """Put records into a signed zone, with their signature."""
    origin = zone.origin
    if origin is None:
        raise AssertionError("a zone of the lab has an origin")
    private, public = key_of(origin, seed)
    signature = dns.dnssec.sign((name, rdataset), private, origin, public, inception=_INCEPTION, expiration=_EXPIRATION)
    zone.replace_rdataset(name, rdataset)
    signatures = zone.find_rdataset(name, dns.rdatatype.RRSIG, rdataset.rdtype, create=True)
    signatures.add(signature, rdataset.ttl)
