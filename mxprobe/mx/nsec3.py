"""What NSEC3 records prove: the same as NSEC records, over hashes of names in place of names.

Works on records whose signatures hold; `dnssec` sees to that. Nothing is hashed for records that ask for more than
MOST_ITERATIONS: what they would prove counts as unsigned.

Standards: RFC 5155 §3, §5 (the hash), §8 (proofs), §9.2 (opt-out), RFC 9276 §3.2 (iterations).
"""

import base64
import binascii
import hashlib
from collections.abc import Iterable
from enum import StrEnum
from functools import lru_cache

import dns.name
import dns.rdatatype
from dns.rdtypes.ANY.NSEC3 import NSEC3
from msgspec import Struct

from mxprobe.mx.nsec import WILDCARD, Name, Type, has_type

MOST_ITERATIONS = 150
"""Where Unbound (val-nsec3-keysize-iterations, as of 1.13.2) and BIND (as of 9.16.16) draw the line."""

_SHA1, _SHA1_OCTETS, _OPT_OUT = 1, 20, 1
_REMEMBERED = 1024


class Proof(StrEnum):
    """What records prove of an absence. OPT_OUT: a name that is not signed may be there; TOO_MANY: nobody hashes so
    often, so that nothing is known of it."""

    NONE = "none"
    PROVEN = "proven"
    OPT_OUT = "opt-out"
    TOO_MANY = "too-many"


class Cut(StrEnum):
    """What records prove of a name that has no DS records: no zone begins there, or one that is not signed."""

    UNPROVEN = "unproven"
    NONE = "none"
    UNSIGNED = "unsigned"
    OPT_OUT = "opt-out"
    TOO_MANY = "too-many"


class Fence(Struct, frozen=True, kw_only=True):
    """One NSEC3 record, with the hash that its owner's name stands for."""

    begins: bytes
    record: NSEC3

    def covers(self, hashed: bytes) -> bool:
        """Whether the hash lies between the record's two; the last record reaches around to the first."""
        ends = self.record.next
        if self.begins < ends:
            return self.begins < hashed < ends
        return hashed > self.begins or hashed < ends

    @property
    def is_opt_out(self) -> bool:
        """Unsigned delegations may lie inside (RFC 5155 §6)."""
        return bool(self.record.flags & _OPT_OUT)

    @property
    def ends_authority(self) -> bool:
        """Its name is a cut or has a DNAME: the zone says nothing of what lies below (RFC 5155 §8.3)."""
        is_cut = has_type(self.record, dns.rdatatype.NS) and not has_type(self.record, dns.rdatatype.SOA)
        return is_cut or has_type(self.record, dns.rdatatype.DNAME)


class Hashed(Struct, frozen=True, kw_only=True):
    """The NSEC3 records of one zone in one response, all of the same parameters (RFC 5155 §8.2)."""

    zone: Name
    fences: tuple[Fence, ...]

    @property
    def asks_too_much(self) -> bool:
        """Whether a record wants more iterations than anybody counts (RFC 9276 §3.2)."""
        return any(fence.record.iterations > MOST_ITERATIONS for fence in self.fences)

    def denies_name(self, name: Name) -> Proof:
        """No such name, and no wildcard that could stand for it (RFC 5155 §8.4)."""
        if self.asks_too_much:
            return Proof.TOO_MANY
        encloser = self._closest(name)
        if encloser is None or self._covering(WILDCARD.concatenate(encloser.name)) is None:
            return Proof.NONE
        return encloser.proof

    def denies_type(self, name: Name, rdtype: Type) -> Proof:
        """The name, or the wildcard for it, is there without records of the type (RFC 5155 §8.5, §8.6, §8.7)."""
        if self.asks_too_much:
            return Proof.TOO_MANY
        own = self._matching(name)
        if own is not None:
            return Proof.PROVEN if _lacks(own, name, rdtype) else Proof.NONE
        encloser = self._closest(name)
        if encloser is None:
            return Proof.NONE
        wildcard = WILDCARD.concatenate(encloser.name)
        stands_for_it = self._matching(wildcard)
        if stands_for_it is not None:
            return encloser.proof if _lacks(stands_for_it, wildcard, rdtype) else Proof.NONE
        return encloser.proof if encloser.proof is Proof.OPT_OUT else Proof.NONE

    def denies_closer(self, name: Name, labels: int) -> Proof:
        """Nothing between a name and the wildcard whose parent has so many labels (RFC 5155 §8.8)."""
        if self.asks_too_much:
            return Proof.TOO_MANY
        fence = self._covering(name.split(labels + 2)[1])
        if fence is None:
            return Proof.NONE
        return Proof.OPT_OUT if fence.is_opt_out else Proof.PROVEN

    def cut_at(self, name: Name) -> Cut:
        """What begins at a name without DS records (RFC 5155 §8.9)."""
        if self.asks_too_much:
            return Cut.TOO_MANY
        own = self._matching(name)
        if own is not None:
            if has_type(own.record, dns.rdatatype.DS) or has_type(own.record, dns.rdatatype.SOA):
                return Cut.UNPROVEN
            return Cut.UNSIGNED if has_type(own.record, dns.rdatatype.NS) else Cut.NONE
        encloser = self._closest(name)
        if encloser is None:
            return Cut.UNPROVEN
        return Cut.OPT_OUT if encloser.proof is Proof.OPT_OUT else Cut.NONE

    def _closest(self, name: Name) -> "_Encloser | None":
        """The closest encloser of a name that is not there, where the name one label longer is denied."""
        for length in range(len(name), len(self.zone) - 1, -1):
            candidate = name.split(length)[1]
            fence = self._matching(candidate)
            if fence is None:
                continue
            if length == len(name) or fence.ends_authority:
                return None
            covering = self._covering(name.split(length + 1)[1])
            if covering is None:
                return None
            return _Encloser(name=candidate, proof=Proof.OPT_OUT if covering.is_opt_out else Proof.PROVEN)
        return None

    def _matching(self, name: Name) -> Fence | None:
        hashed = self._hash(name)
        return next((fence for fence in self.fences if fence.begins == hashed), None)

    def _covering(self, name: Name) -> Fence | None:
        hashed = self._hash(name)
        return next((fence for fence in self.fences if fence.covers(hashed)), None)

    def _hash(self, name: Name) -> bytes:
        if not self.fences:
            return b""
        first = self.fences[0].record
        return hash_name(name.canonicalize().to_wire(), first.salt, first.iterations)


class _Encloser(Struct, frozen=True, kw_only=True):
    """The closest encloser, and how well it is proven that nothing is between it and the name."""

    name: Name
    proof: Proof


def gather_hashed(zone: Name, records: Iterable[tuple[Name, NSEC3]]) -> Hashed:
    """The records that can be used, each with its owner: those of another hash or with unknown flags are ignored (RFC
    5155 §8.1, §8.2), and of several parameters the first."""
    fences: list[Fence] = []
    for owner, record in records:
        begins = _hash_in(owner, zone)
        usable = record.algorithm == _SHA1 and record.flags in (0, _OPT_OUT) and len(record.next) == _SHA1_OCTETS
        if usable and begins is not None and (not fences or _same_parameters(record, fences[0].record)):
            fences.append(Fence(begins=begins, record=record))
    return Hashed(zone=zone, fences=tuple(fences))


@lru_cache(maxsize=_REMEMBERED)
def hash_name(wire: bytes, salt: bytes, iterations: int) -> bytes:
    """The hash of a name in its canonical wire form (RFC 5155 §5)."""
    digest = hashlib.sha1(wire + salt, usedforsecurity=False).digest()
    for _ in range(iterations):
        digest = hashlib.sha1(digest + salt, usedforsecurity=False).digest()
    return digest


def _hash_in(owner: Name, zone: Name) -> bytes | None:
    """The hash in a record's owner, which is one label below its zone."""
    if len(owner) != len(zone) + 1 or not owner.is_subdomain(zone):
        return None
    try:
        found = base64.b32hexdecode(owner.labels[0].upper())
    except (binascii.Error, ValueError):
        return None
    return found if len(found) == _SHA1_OCTETS else None


def _same_parameters(one: NSEC3, other: NSEC3) -> bool:
    return bool(one.iterations == other.iterations and one.salt == other.salt)


def _lacks(fence: Fence, name: Name, rdtype: Type) -> bool:
    """The name is there without records of the type, as the zone that has them says."""
    record = fence.record
    if has_type(record, rdtype) or has_type(record, dns.rdatatype.CNAME):
        return False
    if rdtype == dns.rdatatype.DS:
        return name == dns.name.root or not has_type(record, dns.rdatatype.SOA)
    return not has_type(record, dns.rdatatype.NS) or has_type(record, dns.rdatatype.SOA)
