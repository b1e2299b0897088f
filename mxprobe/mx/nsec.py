"""What NSEC records prove: that a name is not there, or that it has no records of a type.

Works on records whose signatures hold; `dnssec` sees to that. Names compare in the canonical order.

Standards: RFC 4034 §4, §6.1, RFC 4035 §5.4, RFC 6840 §4.1 (proofs at a cut).
"""

from collections.abc import Generator, Sequence

import dns.name
import dns.rdatatype
from dns.rdtypes.ANY.NSEC import NSEC
from dns.rdtypes.ANY.NSEC3 import NSEC3

Name = dns.name.Name
Type = dns.rdatatype.RdataType
Proofs = Sequence[tuple[Name, NSEC]]
"""NSEC records, each with its owner."""

WILDCARD = dns.name.Name((b"*",))


def has_type(proof: NSEC | NSEC3, rdtype: Type) -> bool:
    """Whether the record's bitmap has the type (RFC 4034 §4.1.2)."""
    window, place = divmod(int(rdtype), 256)
    return any(
        number == window and place // 8 < len(bitmap) and bitmap[place // 8] & (0x80 >> place % 8)
        for number, bitmap in proof.windows
    )


def covers(owner: Name, proof: NSEC, name: Name) -> bool:
    """Whether the record proves that no such name is in its zone, or nothing but names below it.

    One at a cut, or at a DNAME, says nothing of what lies below (RFC 6840 §4.1).
    """
    is_cut = has_type(proof, dns.rdatatype.NS) and not has_type(proof, dns.rdatatype.SOA)
    if name.is_subdomain(owner) and (is_cut or has_type(proof, dns.rdatatype.DNAME)):
        return False
    following = proof.next
    return bool(owner < name and (name < following or following <= owner))


def denies_name(proofs: Proofs, name: Name) -> bool:
    """No such name, and no wildcard that could stand for it (RFC 4035 §5.4)."""
    wildcard = _wildcard_for(proofs, name)
    return wildcard is not None and any(covers(owner, proof, wildcard) for owner, proof in proofs)


def denies_type(proofs: Proofs, name: Name, rdtype: Type) -> bool:
    """The name, or the wildcard that stands for it, is there without records of the type (RFC 4035 §5.4)."""
    if any(_lacks(owner, proof, name, rdtype) for owner, proof in proofs):
        return True
    wildcard = _wildcard_for(proofs, name)
    return wildcard is not None and any(
        owner == wildcard and _lacks(owner, proof, wildcard, rdtype) for owner, proof in proofs
    )


def denies_closer(proofs: Proofs, name: Name, labels: int) -> bool:
    """Nothing between a name and the wildcard whose parent has so many labels (RFC 4035 §5.3.4)."""
    return _wildcard_for(proofs, name) == WILDCARD.concatenate(name.split(labels + 1)[1])


def is_cut(proofs: Proofs, name: Name) -> bool | None:
    """Whether an unsigned zone begins at a name without DS records (False: none does); None where nothing proves it."""
    for owner, proof in proofs:
        if owner == name and not has_type(proof, dns.rdatatype.DS) and not has_type(proof, dns.rdatatype.SOA):
            return has_type(proof, dns.rdatatype.NS)
        if covers(owner, proof, name):
            return False
    return None


def _lacks(owner: Name, proof: NSEC, name: Name, rdtype: Type) -> bool:
    """The name is there without records of the type, or is an empty one with names below it."""
    if owner != name:
        return covers(owner, proof, name) and proof.next.is_subdomain(name)
    if has_type(proof, rdtype) or has_type(proof, dns.rdatatype.CNAME):
        return False
    if rdtype == dns.rdatatype.DS:
        return owner == dns.name.root or not has_type(proof, dns.rdatatype.SOA)
    return not has_type(proof, dns.rdatatype.NS) or has_type(proof, dns.rdatatype.SOA)


def _wildcard_for(proofs: Proofs, name: Name) -> Name | None:
    """The wildcard that would stand for a name which is proven not to be there."""
    for owner, proof in proofs:
        if covers(owner, proof, name) and not proof.next.is_subdomain(name):
            return WILDCARD.concatenate(_closest(owner, proof, name))
    return None


def _closest(owner: Name, proof: NSEC, name: Name) -> Name:
    """The longest ancestor of the name that the record proves to be there."""
    ends = (owner, proof.next)
    shared = max(sum(1 for _ in _shared(end, name)) for end in ends)
    return name.split(shared)[1]


def _shared(one: Name, other: Name) -> Generator[bytes]:
    """The labels that two names end in alike."""
    for left, right in zip(reversed(one.labels), reversed(other.labels), strict=False):
        if left.lower() != right.lower():
            return
        yield left
