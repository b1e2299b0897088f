"""What a response proves to be absent, by NSEC records or by NSEC3 records, whichever its zone has.

Works on records whose signatures hold; `dnssec` sees to that.

Standards: RFC 4035 §5.4, RFC 5155 §8.
"""

from collections.abc import Sequence

import dns.rdata
from dns.rdtypes.ANY.NSEC import NSEC
from dns.rdtypes.ANY.NSEC3 import NSEC3
from msgspec import Struct

from mxprobe.mx import nsec
from mxprobe.mx.nsec import Name, Type
from mxprobe.mx.nsec3 import Cut, Hashed, Proof, gather_hashed


class Denial(Struct, frozen=True, kw_only=True):
    """The proofs of one zone in one response. A zone that changes from one kind to the other may give both."""

    plain: tuple[tuple[Name, NSEC], ...]
    hashed: Hashed

    def of_name(self, name: Name) -> Proof:
        """No such name, and no wildcard that could stand for it."""
        return Proof.PROVEN if nsec.denies_name(self.plain, name) else self.hashed.denies_name(name)

    def of_type(self, name: Name, rdtype: Type) -> Proof:
        """The name, or the wildcard for it, is there without records of the type."""
        return Proof.PROVEN if nsec.denies_type(self.plain, name, rdtype) else self.hashed.denies_type(name, rdtype)

    def of_closer(self, name: Name, labels: int) -> Proof:
        """Nothing between a name and the wildcard whose parent has so many labels."""
        is_proven = nsec.denies_closer(self.plain, name, labels)
        return Proof.PROVEN if is_proven else self.hashed.denies_closer(name, labels)

    def cut_at(self, name: Name) -> Cut:
        """What begins at a name without DS records."""
        is_cut = nsec.is_cut(self.plain, name)
        if is_cut is None:
            return self.hashed.cut_at(name)
        return Cut.UNSIGNED if is_cut else Cut.NONE


def gather_denial(zone: Name, records: Sequence[tuple[Name, dns.rdata.Rdata]]) -> Denial:
    """The proofs among records of the zone, each with its owner."""
    return Denial(
        plain=tuple((owner, one) for owner, one in records if isinstance(one, NSEC) and owner.is_subdomain(zone)),
        hashed=gather_hashed(zone, ((owner, one) for owner, one in records if isinstance(one, NSEC3))),
    )
