"""Whether a signature over an RRset holds, and if not, why: the arithmetic of the chain, one RRset at a time.

Which zone's keys count is worked out in `dnssec`. However many signatures, keys and digests a hostile zone has, few are
tried.

Standards: RFC 4034 §3, §5, RFC 4035 §5.3 (checks), RFC 4509 §3 (SHA-1 beside SHA-256), RFC 8624 §3 (algorithms).
"""

import struct
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import dns.dnssec
import dns.exception
import dns.name
import dns.node
import dns.rdata
import dns.rdataclass
import dns.rdataset
import dns.rdatatype
import dns.rrset
from dns.dnssectypes import DSDigest
from dns.rdtypes.ANY.DNSKEY import DNSKEY
from dns.rdtypes.ANY.DS import DS
from dns.rdtypes.ANY.RRSIG import RRSIG
from msgspec import Struct

from mxprobe.mx.nsec import Name, Type
from mxprobe.mx.vouching import Reason

MOST_TRIED = 8
"""So many keys, signatures or digests for the same thing are tried, and no more."""

_ZONE_KEY = 0x0100
_ALGORITHMS = frozenset({5, 7, 8, 10, 13, 14, 15, 16})
_SHA1, _DIGESTS = 1, frozenset({1, 2, 4})
_CANNOT_VERIFY = (dns.exception.DNSException, ValueError, TypeError, struct.error, IndexError)


class Keys(Struct, frozen=True, kw_only=True):
    """The keys of a zone by tag and algorithm: of those that are the same in both a few."""

    zone: Name
    by_tag: dict[tuple[int, int], tuple[DNSKEY, ...]]


class Failed(Struct, frozen=True, kw_only=True):
    """Why no signature over an RRset holds, in a word and in words."""

    reason: Reason
    words: str


def sort_keys(zone: Name, records: Iterable[dns.rdata.Rdata]) -> Keys:
    """The zone keys among the records (RFC 4034 §2.1.1)."""
    found: dict[tuple[int, int], tuple[DNSKEY, ...]] = {}
    for record in records:
        if isinstance(record, DNSKEY) and record.flags & _ZONE_KEY and record.protocol == 3:
            tag = (dns.dnssec.key_id(record), int(record.algorithm))
            found[tag] = (*found.get(tag, ()), record)[:MOST_TRIED]
    return Keys(zone=zone, by_tag=found)


def find_signature(
    rrset: dns.rrset.RRset, section: Sequence[dns.rrset.RRset], keys: Keys, now: float
) -> RRSIG | Failed:
    """The signature of the zone that holds the longest; else what is the matter, those by keys of the zone first."""
    own = [signature for signature in signatures_over(rrset, section) if signature.signer == keys.zone]
    failures = []
    for signature in sorted(own, key=lambda signature: signature.expiration, reverse=True)[:MOST_TRIED]:
        failed = _fault_of(signature, rrset, keys, now)
        if failed is None:
            return signature
        failures.append(failed)
    failures.sort(key=lambda failed: failed.reason is Reason.WRONG_KEY)
    return failures[0] if failures else Failed(reason=Reason.UNSIGNED, words=f"there is no signature of {keys.zone}")


def _fault_of(signature: RRSIG, rrset: dns.rrset.RRset, keys: Keys, now: float) -> Failed | None:
    """Why one signature does not hold; None where it does."""
    told = f"the signature of {keys.zone.to_text(omit_final_dot=len(keys.zone) > 1)}/{signature.key_tag}"
    fitting = keys.by_tag.get((signature.key_tag, int(signature.algorithm)), ())
    if not fitting:
        return Failed(reason=Reason.WRONG_KEY, words=f"{told} is of no key that the zone has")
    if signature.expiration < now:
        return Failed(reason=Reason.EXPIRED, words=f"{told} expired {_date(signature.expiration)}")
    if signature.inception > now:
        return Failed(reason=Reason.NOT_YET_VALID, words=f"{told} holds from {_date(signature.inception)} on")
    if not any(_holds(rrset, signature, key) for key in fitting):
        return Failed(reason=Reason.BAD_SIGNATURE, words=f"{told} does not verify")
    return None


def signatures_over(rrset: dns.rrset.RRset, section: Sequence[dns.rrset.RRset]) -> list[RRSIG]:
    """Those over an RRset whose signer can be its zone."""
    home = home_of(rrset.name, rrset.rdtype)
    return [
        record
        for signatures in section
        if signatures.rdtype == dns.rdatatype.RRSIG and signatures.name == rrset.name
        for record in signatures
        if isinstance(record, RRSIG) and record.type_covered == rrset.rdtype and home.is_subdomain(record.signer)
    ]


def home_of(name: Name, rdtype: Type) -> Name:
    """The deepest name that the zone of such records can have: that of DS records is above (RFC 4035 §2.4)."""
    is_above = rdtype == dns.rdatatype.DS and name != dns.name.root
    return name.parent() if is_above else name


def usable_digests(records: Iterable[dns.rdata.Rdata]) -> tuple[DS, ...]:
    """The DS records that can be followed; those of SHA-1 only where there is no better (RFC 4509 §3)."""
    known = [one for one in records if isinstance(one, DS) and one.algorithm in _ALGORITHMS]
    known = [one for one in known if one.digest_type in _DIGESTS]
    better = [one for one in known if one.digest_type != _SHA1]
    return tuple(better or known)


def read_digest(text: str) -> DS:
    """A DS record from its presentation text."""
    record = dns.rdata.from_text(dns.rdataclass.IN, dns.rdatatype.DS, text)
    if not isinstance(record, DS):
        raise AssertionError("the text of a DS record gives one")
    return record


def vouched_for(keys: Keys, digests: Sequence[DS]) -> Keys:
    """The keys that one of the digests is of (RFC 4035 §5.2)."""
    found: dict[tuple[int, int], tuple[DNSKEY, ...]] = {}
    for digest in digests[: 4 * MOST_TRIED]:
        tag = (digest.key_tag, int(digest.algorithm))
        if some := tuple(key for key in keys.by_tag.get(tag, ()) if _made_from(digest, keys.zone, key)):
            found[tag] = tuple(dict.fromkeys((*found.get(tag, ()), *some)))
    return Keys(zone=keys.zone, by_tag=found)


def _made_from(digest: DS, name: Name, key: DNSKEY) -> bool:
    made = dns.dnssec.make_ds(
        name, key, DSDigest(digest.digest_type), policy=dns.dnssec.allow_all_policy, validating=True
    )
    return bool(made == digest)


def _holds(rrset: dns.rrset.RRset, signature: RRSIG, key: DNSKEY) -> bool:
    keys: dict[Name, dns.node.Node | dns.rdataset.Rdataset] = {signature.signer: dns.rdataset.from_rdata(0, key)}
    policy = dns.dnssec.allow_all_policy  # what counts is said above
    try:
        dns.dnssec.validate_rrsig(rrset, signature, keys, now=signature.inception, policy=policy)
    except _CANNOT_VERIFY:
        return False
    return True


def _date(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"
