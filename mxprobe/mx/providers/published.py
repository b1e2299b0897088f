"""The MX records of a domain as records of providers: who has which, and what lacks of a provider's set.

Standards: RFC 5321 §5.1 (preferences).
"""

from collections.abc import Iterable
from itertools import combinations

from msgspec import Struct
from msgspec.structs import replace

from mxprobe.facts.dns import MxRecord
from mxprobe.mx.providers.patterns import fill
from mxprobe.mx.providers.provider import Grade, Mx, MxSet, Provider, Role
from mxprobe.mx.providers.recognise import Known, recognise


class Party(Struct, frozen=True, kw_only=True):
    """A host that MX records name, by its best record, and whose it is (None: nobody's we know)."""

    host: str
    preference: int
    ttl: int
    known: Known | None = None

    @property
    def operator(self) -> str | None:
        """Whose it is."""
        return self.known.provider.operator if self.known is not None else None

    @property
    def role(self) -> Role | None:
        """What becomes of mail there."""
        return self.known.provider.role if self.known is not None else None

    @property
    def is_remembered(self) -> bool:
        """Whether that is known from memory alone."""
        return self.known is not None and self.known.grade is Grade.REMEMBERED


def parties_of(records: Iterable[MxRecord]) -> tuple[Party, ...]:
    """The hosts of records, best preference first."""
    found = (
        Party(host=one.exchange, preference=one.preference, ttl=one.ttl, known=recognise(one.exchange))
        for one in records
    )
    return tuple(sorted(found, key=lambda party: (party.preference, party.host)))


def best_of(parties: tuple[Party, ...]) -> tuple[Party, ...]:
    """Those of the best preference."""
    return tuple(party for party in parties if party.preference == parties[0].preference)


class Lack(Struct, frozen=True, kw_only=True):
    """What lacks of a set: `missing` are records with whole names, `present` what is there of it."""

    provider: Provider
    within: MxSet
    present: tuple[Party, ...]
    missing: tuple[Mx, ...]


def _by_set(parties: tuple[Party, ...]) -> tuple[list[Party], ...]:
    """The hosts that stand in a provider's set, those of one set and one customer together."""
    groups: dict[tuple[int, tuple[tuple[str, str], ...]], list[Party]] = {}
    for party in parties:
        if party.known is not None and party.known.within is not None:
            groups.setdefault((id(party.known.within), party.known.bound), []).append(party)
    return tuple(groups.values())


def lack_of(provider: Provider, parties: tuple[Party, ...]) -> Lack | None:
    """What lacks of the set of which most is there; None where one is whole, or no host stands in any."""
    best: Lack | None = None
    for group in _by_set(parties):
        if group[0].known is None or not _is_alike(group[0].known.provider, provider):
            continue
        lack = _lack(group)
        if lack is None:
            return None
        if best is None or len(lack.present) > len(best.present):
            best = lack
    return best


def _is_alike(one: Provider, other: Provider) -> bool:
    return (one.operator, one.role) == (other.operator, other.role)


def _lack(group: list[Party]) -> Lack | None:
    known = group[0].known
    if known is None or known.within is None or len(group) >= known.within.whole:
        return None
    there, bound = {party.host.lower() for party in group}, dict(known.bound)
    named = ((record, fill(record.name, bound)) for record in known.within.records)
    missing = (replace(record, name=name) for record, name in named if name is not None and name not in there)
    return Lack(provider=known.provider, within=known.within, present=tuple(group), missing=tuple(missing))


def turned_round(parties: tuple[Party, ...]) -> tuple[tuple[Party, Party], ...]:
    """Pairs of hosts of one set whose order is not that which the provider prescribes, the first one tried first."""
    found = []
    for one, other in (pair for group in _by_set(parties) for pair in combinations(group, 2)):
        if one.preference == other.preference:
            continue
        first, second = sorted((one, other), key=lambda party: party.preference)
        wanted = _prescribed(first), _prescribed(second)
        if wanted[0] is not None and wanted[1] is not None and wanted[0] > wanted[1]:
            found.append((first, second))
    return tuple(found)


def _prescribed(party: Party) -> int | None:
    """The preference that the provider prescribes for a host, where its preferences mean an order."""
    known = party.known
    if known is None or known.record is None or not known.provider.has_order:
        return None
    return known.record.preference
