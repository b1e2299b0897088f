"""What the rules about providers ask of a look: whose its MX hosts are, as evidence."""

from collections.abc import Iterable

from mxprobe.facts.beside import Beside
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.migration import is_in_window
from mxprobe.mx.once import once
from mxprobe.mx.providers import Grade, Role
from mxprobe.mx.providers.published import Party, parties_of
from mxprobe.rules.domain.chain.reading import named_hosts, records_of


@once
def published(snapshot: Snapshot) -> tuple[Party, ...] | None:
    """The hosts that the MX records name, best preference first; None where the lookup said nothing."""
    records = records_of(snapshot)
    return None if records is None else parties_of(named_hosts(records).values())


def of_role(parties: Iterable[Party], *roles: Role) -> tuple[Party, ...]:
    """Those that are known to be in one of these roles."""
    return tuple(party for party in parties if party.role in roles)


def line_of(party: Party) -> str:
    """The evidence of a host: its record, and whose it is by which grade."""
    known = party.known
    whose = f": {known.provider.name} ({known.provider.role}; {known.grade})" if known is not None else ""
    return f"MX {party.preference} {party.host}{whose}"


def names_of(parties: Iterable[Party]) -> str:
    """The hosts, for a sentence."""
    return ", ".join(party.host for party in parties)


def providers_in(parties: Iterable[Party]) -> str:
    """The names of the providers, each once, for a sentence."""
    return " and ".join(dict.fromkeys(party.known.provider.name for party in parties if party.known is not None))


def is_remembered(parties: Iterable[Party]) -> bool:
    """Whether one of the hosts is known to be a provider's from memory alone."""
    return any(party.is_remembered for party in parties)


def wants_to_be_alone(parties: Iterable[Party]) -> bool:
    """Whether one of the hosts is a provider's that wants to be the only MX."""
    return any(party.known is not None and party.known.provider.exclusive is not None for party in parties)


def can_be_pasted(grade: Grade | None) -> bool:
    """Whether preferences of this grade are told as what to write."""
    return grade is not None and grade is not Grade.REMEMBERED


def is_on_plan(hosts: Iterable[str], snapshot: Snapshot, beside: Beside) -> bool:
    """Whether a migration that is going on names all these hosts, so that it is known why they are there."""
    plan = beside.migration
    if plan is None or not is_in_window(beside, snapshot):
        return False
    return set(hosts) <= {record.host for record in (*plan.old, *plan.new)}
