"""When each host of a domain was last proven, over many proofs: while the primary was up, and in an outage of it.

A proof is as old as its beginning. The hosts are those of the newest proof: what has left the chain counts no more.
"""

from collections.abc import Iterable

from msgspec import Struct

from mxprobe.facts.proof import Proof
from mxprobe.mx.proving import Grade, grade_of


class HostProven(Struct, frozen=True, kw_only=True):
    """When mail over a host was last proven to arrive, and when that last `failed`, in seconds since 1970 UTC (None:
    never).

    A primary cannot be proven in an outage of itself.
    """

    host: str
    is_primary: bool
    while_up: float | None = None
    in_outage: float | None = None
    failed: float | None = None

    def proven_at(self, *, in_outage: bool = False) -> float | None:
        """When it was last proven by either grade; with `in_outage` that grade alone counts, but for a primary."""
        if in_outage and not self.is_primary:
            return self.in_outage
        return max((at for at in (self.while_up, self.in_outage) if at is not None), default=None)


class DomainProven(Struct, frozen=True, kw_only=True):
    """The hosts of a domain in the order of its chain, by so many proofs, the newest of which began at `newest`."""

    domain: str
    hosts: tuple[HostProven, ...]
    proofs: int
    newest: float

    @property
    def backups(self) -> tuple[HostProven, ...]:
        """The hosts that an outage of the primaries is about."""
        return tuple(host for host in self.hosts if not host.is_primary)

    def grown_old(self, before: float, *, in_outage: bool = False) -> tuple[HostProven, ...]:
        """The hosts that were last proven before that moment, or never."""
        dates = ((host, host.proven_at(in_outage=in_outage)) for host in self.hosts)
        return tuple(host for host, at in dates if at is None or at < before)


def last_proven(proofs: Iterable[Proof]) -> tuple[DomainProven, ...]:
    """What all these proofs together prove, for each of their domains, in alphabetical order."""
    by_domain: dict[str, list[Proof]] = {}
    for proof in proofs:
        by_domain.setdefault(proof.domain, []).append(proof)
    return tuple(_domain(domain, known) for domain, known in sorted(by_domain.items()))


def _domain(domain: str, proofs: list[Proof]) -> DomainProven:
    newest = max(proofs, key=lambda proof: proof.began_at)
    hosts = tuple(
        HostProven(
            host=host,
            is_primary=newest.is_primary(host),
            while_up=_latest(proofs, host, Grade.WHILE_UP),
            in_outage=_latest(proofs, host, Grade.IN_OUTAGE),
            failed=_latest(proofs, host, Grade.NOT),
        )
        for _, host in newest.chain
    )
    return DomainProven(domain=domain, hosts=hosts, proofs=len(proofs), newest=newest.began_at)


def _latest(proofs: list[Proof], host: str, grade: Grade) -> float | None:
    """When the last proof began that says this of the host."""
    proving = (
        proof.began_at
        for proof in proofs
        for route in proof.routes
        if route.via == host and not route.is_unknown and grade_of(route, proof) is grade
    )
    return max(proving, default=None)
