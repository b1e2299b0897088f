"""Which records of a signed zone prove an absence: the NSEC or NSEC3 records between whose names the asked one lies.

Standards: RFC 4035 §3.1.3 (NSEC), RFC 5155 §7.2 (NSEC3).
"""

import base64
from bisect import bisect_right

import dns.name
import dns.rdatatype
import dns.zone
from dns.rdtypes.ANY.NSEC3 import NSEC3

from mxprobe.mx.nsec import WILDCARD, Name
from mxprobe.mx.nsec3 import hash_name


class Fences:
    """The proofs of one zone, found by the names that they are about; none where the zone is not signed."""

    def __init__(self, zone: dns.zone.Zone) -> None:
        self._plain = sorted(name for name in zone.nodes if zone.get_rdataset(name, dns.rdatatype.NSEC) is not None)
        hashed = {name: zone.get_rdataset(name, dns.rdatatype.NSEC3) for name in zone.nodes}
        self._hashed = sorted((_hash_of(name), name) for name, found in hashed.items() if found is not None)
        self._first = next((found[0] for found in hashed.values() if found is not None), None)

    def around(self, name: Name, closest: Name | None, *, is_expanded: bool = False) -> list[Name]:
        """The owners of what proves that a name lacks what is asked for.

        `closest` is the nearest ancestor where the name itself is not there (None: it is); with `is_expanded` a
        wildcard of it answers, so that only the name has to be denied.
        """
        if self._plain:
            about = [name] if closest is None or is_expanded else [name, WILDCARD.concatenate(closest)]
            return list(dict.fromkeys(self._plain[bisect_right(self._plain, one) - 1] for one in about))
        if not isinstance(self._first, NSEC3):
            return []
        if closest is None:
            if self._matches(name):
                return [self._around_hash(name)]
            closest = next(one for one in _ancestors(name) if self._matches(one))  # under opt-out
        nearer = self._around_hash(name.split(len(closest) + 1)[1])
        if is_expanded:
            return [nearer]
        owners = (self._around_hash(closest), nearer, self._around_hash(WILDCARD.concatenate(closest)))
        return list(dict.fromkeys(owners))

    def _matches(self, name: Name) -> bool:
        return self._hash(name) in {hashed for hashed, _ in self._hashed}

    def _around_hash(self, name: Name) -> Name:
        place = bisect_right([hashed for hashed, _ in self._hashed], self._hash(name)) - 1
        return self._hashed[place][1]

    def _hash(self, name: Name) -> bytes:
        if not isinstance(self._first, NSEC3):
            raise AssertionError("asked of zones with NSEC3 records alone")
        return hash_name(name.canonicalize().to_wire(), self._first.salt, self._first.iterations)


def _hash_of(owner: Name) -> bytes:
    return base64.b32hexdecode(owner.labels[0].upper())


def _ancestors(name: Name) -> list[Name]:
    """Those of a name, the nearest first."""
    return [name.split(length)[1] for length in range(len(name) - 1, 0, -1)]
