"""What the rules about connections, greetings and TLS share: each address of the chain, and one finding for each host.

A rule gives a `Trait`: what proves its fault at an address, and what leaves it open. What is open accuses nobody, and
is no pass: where nothing is found, the judgement names the address of which nothing can be said.
"""

from collections.abc import Callable
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from mxprobe.facts.finding import Finding, Judgement, Severity
from mxprobe.facts.session import Session
from mxprobe.facts.snapshot import Snapshot, Visit
from mxprobe.mx.once import once
from mxprobe.mx.standing import Standing, judge_visit
from mxprobe.rules.domain.asked import best_preference
from mxprobe.rules.domain.reading import Reach, attempts_of, chain_of, not_resolved, reach_of, was_dialled
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive


class Place(StrEnum):
    """Where an address stands in the chain; a backup with the best preference up is no way that mail takes now."""

    BEST = "best"
    BACKUP_BEHIND_UP = "backup, the best preference is up"
    BACKUP_BEHIND_DOWN = "backup, the best preference is down"
    BACKUP_BEHIND_UNKNOWN = "backup, of the best preference nothing is known"


class Address(Struct, frozen=True, kw_only=True):
    """One address of the chain, what it is worth, and the last session with it (None: not visited)."""

    visit: Visit
    standing: Standing
    place: Place
    session: Session | None

    @property
    def host(self) -> str:
        """The name of its host."""
        return self.visit.endpoint.host

    @property
    def was_asked_twice(self) -> bool:
        """Whether more than one attempt was made."""
        return len(self.visit.sessions) > 1


class Trait(Struct, frozen=True, kw_only=True):
    """What a rule looks for.

    `proof` is the evidence at an address, None where it does not show the fault; `doubt` says why nothing can be said
    of it, None where all is known. `words` are the finding's, for a host; its evidence is put in here.
    """

    proof: Callable[[Address], str | None]
    doubt: Callable[[Address], str | None]
    words: Callable[[str], Words]
    severity: Callable[[Rule, Address], Severity]


@once
def addresses_of(snapshot: Snapshot) -> tuple[Address, ...]:
    """Every address of the chain, best preference first."""
    best = best_preference(snapshot)
    behind = {
        Reach.UP: Place.BACKUP_BEHIND_UP,
        Reach.DOWN: Place.BACKUP_BEHIND_DOWN,
        Reach.UNKNOWN: Place.BACKUP_BEHIND_UNKNOWN,
    }[reach_of(snapshot, best)]
    return tuple(
        Address(
            visit=visit,
            standing=judge_visit(visit, snapshot),
            place=Place.BEST if visit.preference == best else behind,
            session=visit.sessions[-1] if visit.sessions else None,
        )
        for visit in snapshot.visits
    )


def judge_addresses(rule: Rule, snapshot: Snapshot, trait: Trait) -> Judgement:
    """A finding for each host with an address that shows the trait; with none, what is open is said."""
    if not was_dialled(snapshot):
        return inconclusive(rule, "no address was dialled")
    addresses = addresses_of(snapshot)
    proofs = [(address, proof) for address in addresses if (proof := trait.proof(address)) is not None]
    if proofs:
        return conclude(rule, _by_host(rule, trait, proofs))
    doubts = [(one, doubt) for one in addresses if (doubt := trait.doubt(one)) is not None]
    if doubts:
        first, doubt = doubts[0]
        more = f"; and {len(doubts) - 1} more" if len(doubts) > 1 else ""
        return inconclusive(rule, f"{first.visit.endpoint.id}: {doubt}{more}")
    reason = not_resolved(chain_of(snapshot))
    return conclude(rule, []) if reason is None else inconclusive(rule, reason)


def _by_host(rule: Rule, trait: Trait, proofs: list[tuple[Address, str]]) -> list[Finding]:
    """One finding for a host, as bad as the worst of its addresses."""
    found = []
    for host in dict.fromkeys(address.host for address, _ in proofs):
        own = [(address, proof) for address, proof in proofs if address.host == host]
        said = trait.words(host)
        seen = tuple(f"{address.visit.endpoint.id}: {proof}" for address, proof in own)
        words = replace(said, seen=seen)
        severities = [trait.severity(rule, address) for address, _ in own]
        found.append(finding(rule, host, words, min(severities, key=lambda one: one.rank)))
    return found


_MILDER = {Severity.ERROR: Severity.WARNING, Severity.WARNING: Severity.INFO}


def by_place(rule: Rule, address: Address) -> Severity:
    """That of the rule at the best preference, one less elsewhere."""
    return rule.severity if address.place is Place.BEST else _MILDER.get(rule.severity, rule.severity)


def by_place_and_attempts(rule: Rule, address: Address) -> Severity:
    """The same; but one attempt alone is never an error."""
    severity = by_place(rule, address)
    return severity if address.was_asked_twice or severity is not Severity.ERROR else Severity.WARNING


def showing(*standings: Standing) -> Callable[[Address], str | None]:
    """The proof that an address has one of these standings: how its attempts ended, and how many there were."""
    return lambda address: attempts_of(address.visit) if address.standing in standings else None


_NEVER_MET = frozenset(
    {
        Standing.BLOCKED_HERE,
        Standing.NO_IPV6_HERE,
        Standing.NO_IPV4_HERE,
        Standing.LOCAL_FAILURE,
        Standing.NOT_VISITED,
    }
)
_NO_GREETING = frozenset({Standing.SILENT, Standing.HANGS_UP, Standing.GARBAGE})
"""A part of a greeting may have come."""

_NOT_CONNECTED = frozenset({Standing.REFUSES_CONNECTIONS, Standing.DOES_NOT_ANSWER, Standing.UNREACHABLE})


def no_connection_tried(address: Address) -> str | None:
    """Why it is not known whether the address takes connections."""
    if address.standing not in _NEVER_MET:
        return None
    reason = address.visit.not_visited
    return address.standing.value if reason is None else f"{address.standing.value} ({reason.value})"


def not_connected(address: Address) -> str | None:
    """Why it is not known how the address behaves once it is connected."""
    return address.standing.value if address.standing in _NOT_CONNECTED else no_connection_tried(address)


def not_greeted(address: Address) -> str | None:
    """Why it is not known how the address greets; a refusal of this probe is no greeting of others."""
    banner = address.session.banner if address.session is not None else None
    if banner is None or address.standing in _NO_GREETING:
        return not_connected(address) or address.standing.value
    refuses_us = address.standing in (Standing.REFUSES_PROBE, Standing.THROTTLED) and not banner.is_positive
    return address.standing.value if refuses_us else None
