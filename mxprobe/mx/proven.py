"""When each MX host of a domain was proven last, by the proofs that were kept.

What counts are the hosts of the newest proof: one that has left the chain needs no proof.
"""

from collections.abc import Iterable

from msgspec import Struct

from mxprobe.facts.proof import Proof
from mxprobe.mx.proving import Grade, grade_of


class LastProven(Struct, frozen=True, kw_only=True):
    """When a host was proven last (seconds since 1970 UTC; None: never), by grade, and when a proof of it failed."""

    domain: str
    host: str
    preference: int
    is_primary: bool
    while_up: float | None = None
    in_outage: float | None = None
    failed: float | None = None

    def is_proven_since(self, moment: float, *, in_outage: bool = False) -> bool:
        """Whether it was proven at the moment or after; of a backup, with `in_outage`, in an outage."""
        dates = (self.in_outage,) if in_outage and not self.is_primary else (self.while_up, self.in_outage)
        return any(date is not None and date >= moment for date in dates)


def last_proven(proofs: Iterable[Proof]) -> tuple[LastProven, ...]:
    """One entry for each host of each domain, in the order of the chains, domains by name."""
    by_domain: dict[str, list[Proof]] = {}
    for proof in sorted(proofs, key=lambda one: one.began_at):
        by_domain.setdefault(proof.domain, []).append(proof)
    return tuple(
        _of_host(kept, preference, host) for _, kept in sorted(by_domain.items()) for preference, host in kept[-1].chain
    )


def _of_host(kept: list[Proof], preference: int, host: str) -> LastProven:
    dates: dict[Grade, float] = {}
    for proof in kept:
        for route in proof.routes:
            if route.via == host and not route.is_unknown:
                dates[grade_of(route, proof)] = proof.began_at
    return LastProven(
        domain=kept[-1].domain,
        host=host,
        preference=preference,
        is_primary=kept[-1].is_primary(host),
        while_up=dates.get(Grade.WHILE_UP),
        in_outage=dates.get(Grade.IN_OUTAGE),
        failed=dates.get(Grade.NOT),
    )
