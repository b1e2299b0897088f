"""The delivery engine: one round of one message over the hosts of a chain, as a value.

`start` makes it, `lawful` gives the moves that RFC 5321 §5.1 and the mailer's profile allow next, `record` takes in
what a move led to and gives the engine that follows. It does no I/O, has no clock and rolls no dice: a driver picks
among the lawful moves with its seed, a forecast follows all of them, a judge asks whether a foreign mailer's move is
one of them.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from mxprobe.facts.session import Endpoint
from mxprobe.mx.outcome import Action, Kind, TlsPolicy
from mxprobe.mx.profile import Limits, Profile, Shuffle

_IN_TRANSACTION = frozenset("MRXZQ")


class Target(Struct, frozen=True, kw_only=True, order=True):
    """One address of the chain; addresses of one host stand in the resolver's order."""

    preference: int
    endpoint: Endpoint


class MoveKind(StrEnum):
    """What a sender may do: try an address, keep the mail and come back, give it back, or be done."""

    TRY = "try"
    WAIT = "wait"
    BOUNCE = "bounce"
    DONE = "done"


class Move(Struct, frozen=True, kw_only=True):
    """One allowed move. `clear`: without TLS; `cell` is the end-of-round cell of WAIT and BOUNCE."""

    kind: MoveKind
    endpoint: Endpoint | None = None
    clear: bool = False
    recipients: tuple[str, ...] = ()
    cell: str | None = None


class Attempt(Struct, frozen=True, kw_only=True):
    """What trying an address led to: the cell that ended it, and those of recipients that were answered.

    `policy` is that as which the host was treated, where it is not the sender's own.
    """

    endpoint: Endpoint
    cell: str
    recipients: tuple[tuple[str, str], ...] = ()
    clear: bool = False
    policy: TlsPolicy | None = None


class Delivery(Struct, frozen=True, kw_only=True):
    """One round. The four fates of recipients carry the cell that decided; `pending` has none yet.

    `answered` are the hosts that were reached, whatever they said.
    `again` says that some host may do later, `last` is the kind of the last host-level outcome.
    """

    profile: Profile
    policy: TlsPolicy
    targets: tuple[Target, ...]
    pending: tuple[str, ...]
    queued_for: float = 0.0
    tried: tuple[Endpoint, ...] = ()
    answered: frozenset[str] = frozenset()
    sessions: int = 0
    clear_next: Endpoint | None = None
    again: bool = False
    last: Kind | None = None
    last_cell: str | None = None
    delivered: tuple[tuple[str, str], ...] = ()
    bounced: tuple[tuple[str, str], ...] = ()
    postponed: tuple[tuple[str, str], ...] = ()

    def lawful(self) -> tuple[Move, ...]:
        """The moves that are allowed next; several only among equals, never none."""
        if not self.pending:
            return (self._end(),)
        if self.clear_next is not None:
            return (Move(kind=MoveKind.TRY, endpoint=self.clear_next, clear=True, recipients=self.pending),)
        candidates = self._candidates()
        if not candidates:
            return (self._exhausted(),)
        return tuple(Move(kind=MoveKind.TRY, endpoint=target, recipients=self.pending) for target in candidates)

    def record(self, attempt: Attempt) -> "Delivery":
        """The engine after `attempt`, which must have been at an address that was lawful to try."""
        ruling = self.profile.ruling(attempt.cell, attempt.policy or self.policy, self.queued_for)
        tried = self.tried if attempt.clear else (*self.tried, attempt.endpoint)
        after = replace(
            self,
            tried=tried,
            answered=self.answered if attempt.cell[0] == "C" else self.answered | {attempt.endpoint.host},
            sessions=self.sessions + (attempt.cell[0] in _IN_TRANSACTION),
            clear_next=None,
        )
        if ruling.action is Action.CLEAR and not attempt.clear:
            return replace(after, clear_next=attempt.endpoint)
        return after._settle(attempt)

    def postpone(self, cell: str) -> "Delivery":
        """The engine at the end of a round in which the pending recipients wait, decided by `cell`."""
        postponed = self.postponed + tuple((recipient, cell) for recipient in self.pending)
        return replace(self, pending=(), postponed=postponed)

    def bounce(self, cell: str) -> "Delivery":
        """The engine at the end of a round in which the pending recipients are given back, decided by `cell`."""
        return replace(self, pending=(), bounced=self.bounced + tuple((recipient, cell) for recipient in self.pending))

    def _settle(self, attempt: Attempt) -> "Delivery":
        """Give every pending recipient what its own cell, or that of the whole attempt, says."""
        own = dict(attempt.recipients)
        pending, delivered = [], list(self.delivered)
        bounced, postponed = list(self.bounced), list(self.postponed)
        again, last, last_cell = self.again, self.last, self.last_cell
        for recipient in self.pending:
            cell = own.get(recipient, attempt.cell)
            cell = attempt.cell if cell == "R1" else cell
            ruling = self.profile.ruling(cell, attempt.policy or self.policy, self.queued_for)
            if ruling.action is Action.BOUNCE:
                bounced.append((recipient, cell))
            elif ruling.action is Action.WAIT:
                postponed.append((recipient, cell))
            elif ruling.action is Action.GO and cell == "Z1":
                delivered.append((recipient, cell))
            else:
                pending.append(recipient)
                again, last, last_cell = again or ruling.kind is not Kind.REFUSED, ruling.kind, cell
        return replace(
            self,
            pending=tuple(pending),
            delivered=tuple(delivered),
            bounced=tuple(bounced),
            postponed=tuple(postponed),
            again=again,
            last=last,
            last_cell=last_cell,
        )

    def _end(self) -> Move:
        if not self.postponed:
            return Move(kind=MoveKind.DONE)
        recipients = tuple(recipient for recipient, _ in self.postponed)
        return Move(kind=MoveKind.WAIT, recipients=recipients, cell=self.postponed[-1][1])

    def _exhausted(self) -> Move:
        """No address is left: E2 where every host refused, or the last one did and counts alone; E1 otherwise."""
        refused = self.last is Kind.REFUSED and (self.profile.last_host_counts or not self.again)
        kind, cell = (MoveKind.BOUNCE, "E2") if refused else (MoveKind.WAIT, "E1")
        return Move(kind=kind, recipients=self.pending, cell=cell)

    def _candidates(self) -> tuple[Endpoint, ...]:
        """The addresses that may come next: the rest of a begun host, or the first of each host of the preference."""
        left = self._left()
        if not left:
            return ()
        best = left[0].preference
        tier = [target.endpoint for target in left if target.preference == best]
        if self.profile.shuffle is Shuffle.ADDRESSES:
            return tuple(tier)
        if self.tried and (rest := [endpoint for endpoint in tier if endpoint.host == self.tried[-1].host]):
            return (rest[0],)
        firsts: dict[str, Endpoint] = {}
        for endpoint in tier:
            firsts.setdefault(endpoint.host, endpoint)
        return tuple(firsts.values())

    def _left(self) -> list[Target]:
        """The addresses that the mailer's limits leave to be tried in this round, best preference first."""
        limits = self.profile.limits
        if limits.sessions is not None and self.sessions >= limits.sessions:
            return []
        left = [target for target in self.targets if target.endpoint not in self.tried]
        if limits.one_answer_per_host:
            left = [target for target in left if target.endpoint.host not in self.answered]
        begun = {endpoint.host for endpoint in self.tried}
        if limits.hosts is not None and len(begun) >= limits.hosts:
            left = [target for target in left if target.endpoint.host in begun]
        if limits.addresses is not None and len(self.tried) >= limits.addresses:
            if not limits.one_more_per_preference:
                return []
            reached = {target.preference for target in self.targets if target.endpoint in self.tried}
            left = [target for target in left if target.preference not in reached]
        return left


def start(profile: Profile, policy: TlsPolicy, targets: Iterable[Target], recipients: Iterable[str]) -> Delivery:
    """A round that has not begun. `targets` may come in any order; equal preferences keep the order given."""
    ordered = tuple(sorted(targets, key=lambda target: target.preference))
    if profile.ipv6_first:
        hosts = {target.endpoint.host: place for place, target in reversed(tuple(enumerate(ordered)))}
        ordered = tuple(sorted(ordered, key=lambda one: (hosts[one.endpoint.host], not one.endpoint.is_ipv6)))
    targets = tuple(_usable(ordered, profile.limits))
    return Delivery(profile=profile, policy=policy, targets=targets, pending=tuple(recipients))


def _usable(targets: Iterable[Target], limits: Limits) -> Iterator[Target]:
    """The addresses of the families that a mailer connects to, and of each host no more than it takes."""
    counts: Counter[str] = Counter()
    for target in targets:
        endpoint = target.endpoint
        if (6 if endpoint.is_ipv6 else 4) not in limits.families:
            continue
        counts[endpoint.host] += 1
        if limits.addresses_per_host is None or counts[endpoint.host] <= limits.addresses_per_host:
            yield target


def aged(delivery: Delivery, queued_for: float, *, again: bool = False) -> Delivery:
    """The round of a message that has waited `queued_for` seconds; `again`: the lookup of some host failed for now."""
    return replace(delivery, queued_for=queued_for, again=again)
