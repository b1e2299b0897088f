"""Where mail would go: a mailer's walk over a chain of which the outcome at every address is given.

All lawful moves are followed. Addresses of one preference that would end alike are merged and only counted, since
following every order would explode: sixteen equal dead hosts have 5.7e13 orders and seventeen merged states. Times are
sums of the mailer's own timeouts, so "roughly when". Which outcomes are worth a look is said in `mx.whatif`.

Standards: RFC 5321 §5.1, §4.5.3.2, §4.5.4.1.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from mxprobe.facts.session import Endpoint
from mxprobe.mx.cells import CELLS
from mxprobe.mx.delivery import Attempt, Delivery, Move, MoveKind, Target, aged, start
from mxprobe.mx.outcome import Action, TlsPolicy
from mxprobe.mx.plan import Plan, decided_by_names
from mxprobe.mx.profile import Profile, Shuffle
from mxprobe.mx.retry import gives_up, longest_wait, next_attempt

_RECIPIENT = "someone"
_EITHER = frozenset({"H6", "T17", "M5", "X4"})
"""Cells of a timeout and of a lost connection alike: nobody waits, or for the whole timeout."""

_PLAIN = frozenset({"T1", "T2", "T3"})
"""Cells behind which the same session goes on in clear."""

_TIMED = {
    "C2": "connect",
    "B5": "banner",
    "H6": "ehlo",
    "M5": "mail",
    "R7": "rcpt",
    "X4": "body",
    "Z5": "dot",
    "T17": "tls",
}


class FateKind(StrEnum):
    """How new mail ends in its first round; WAITS is followed by further rounds."""

    ACCEPTED = "accepted"
    WAITS = "waits"
    BOUNCES = "bounces"
    UNKNOWN = "unknown"


class Prospect(Struct, frozen=True, kw_only=True, order=True):
    """One possible end: at which host (ACCEPTED), by which cell (the others), after `soonest` to `latest` seconds.

    `clear` says whether mail that is accepted travelled without TLS; None where it is not accepted, or not known.
    """

    kind: FateKind
    host: str | None = None
    cell: str | None = None
    clear: bool | None = None
    soonest: float = 0.0
    latest: float = 0.0


class MailerForecast(Struct, frozen=True, kw_only=True):
    """What one mailer does; several prospects only where equals leave it open.

    `gives_up`: seconds that it keeps mail which has to wait, before it bounces; `again`: seconds until its second
    round, None where it has none. `loses_tls`: the mail travels with TLS as things are, and would travel without in
    this case; None where that is not known.
    """

    mailer: str
    prospects: tuple[Prospect, ...]
    gives_up: float
    again: float | None = None
    loses_tls: bool | None = None

    @property
    def kinds(self) -> frozenset[FateKind]:
        """How it may end."""
        return frozenset(prospect.kind for prospect in self.prospects)

    @property
    def hosts(self) -> frozenset[str]:
        """The hosts that may take the mail, or that nobody knows."""
        return frozenset(prospect.host for prospect in self.prospects if prospect.host is not None)


Outcomes = Mapping[Endpoint, str | None]


def forecast_mailer(profile: Profile, plan: Plan, outcomes: Outcomes, port: int = 25) -> MailerForecast:
    """What `profile` does with new mail when trying each endpoint ends in the given cell (None: nobody knows)."""
    again = None if gives_up(profile.schedule, 1, 0.0) else next_attempt(profile.schedule, 1)
    cell = decided_by_names(profile, profile.tls, plan)
    if cell is None:
        prospects = _walk(profile, plan.targets(port), outcomes, again=plan.temporary)
    else:
        prospects = (_by_names(profile, cell),)
    return MailerForecast(
        mailer=profile.name, prospects=prospects, gives_up=longest_wait(profile.schedule), again=again
    )


def _by_names(profile: Profile, cell: str) -> Prospect:
    """The end of mail for which no host is tried."""
    bounces = profile.ruling(cell, profile.tls).action is Action.BOUNCE
    kind, last = (FateKind.BOUNCES, cell) if bounces else _waits(profile, cell)
    return Prospect(kind=kind, cell=last)


def _waits(profile: Profile, cell: str | None) -> tuple[FateKind, str | None]:
    """What becomes of mail that has to wait for another round: who makes one round alone gives it back."""
    return (FateKind.BOUNCES, "E3") if gives_up(profile.schedule, 1, 0.0) else (FateKind.WAITS, cell)


class _State(Struct, frozen=True, kw_only=True):
    """A round on the way, and the least and most seconds spent; `merged` is equal for states that end alike."""

    delivery: Delivery
    spent: tuple[float, float]
    merged: tuple[object, ...]


def _walk(profile: Profile, targets: tuple[Target, ...], outcomes: Outcomes, *, again: bool) -> tuple[Prospect, ...]:
    """Follow all lawful moves, one state for all that are alike."""
    first = aged(start(profile, profile.tls, targets, (_RECIPIENT,)), 0.0, again=again)
    ends: set[Prospect] = set()
    seen: set[tuple[object, ...]] = set()
    open_states = [_state(first, (0.0, 0.0), outcomes)]
    while open_states:
        state = open_states.pop()
        if state.merged in seen:
            continue
        seen.add(state.merged)
        for move in _distinct(state.delivery.lawful(), state.delivery, outcomes):
            end = _end_of(state, move, outcomes)
            if end is not None:
                ends.add(end)
            if end is not None or move.endpoint is None:
                continue
            cell = outcomes.get(move.endpoint) or "Z1"
            after = state.delivery.record(_attempt(move.endpoint, cell, move.clear, profile))
            open_states.append(_state(after, _spend(state.spent, profile, cell, clear=move.clear), outcomes))
    return _merge(ends)


def _state(delivery: Delivery, spent: tuple[float, float], outcomes: Outcomes) -> _State:
    left = [target for target in delivery.targets if target.endpoint not in delivery.tried]
    limits = delivery.profile.limits
    if limits.one_answer_per_host:
        left = [target for target in left if target.endpoint.host not in delivery.answered]
    singly = delivery.profile.shuffle is Shuffle.ADDRESSES
    together = singly and not limits.one_answer_per_host
    rest: dict[tuple[int, str], list[str]] = {}
    for target in left:
        whose = "" if together else target.endpoint.host
        rest.setdefault((target.preference, whose), []).append(str(outcomes.get(target.endpoint)))
    begun = delivery.tried[-1].host if delivery.tried and not singly else None
    shape = sorted(
        (preference, host == begun, tuple(sorted(cells) if singly else cells))
        for (preference, host), cells in rest.items()
    )
    next_host = delivery.clear_next.host if delivery.clear_next is not None else None
    fates = (bool(delivery.delivered), bool(delivery.bounced), bool(delivery.postponed), next_host)
    counts = (len(delivery.tried), delivery.sessions, delivery.again, delivery.last)
    return _State(delivery=delivery, spent=spent, merged=(tuple(shape), fates, counts, spent))


def _distinct(moves: Iterable[Move], delivery: Delivery, outcomes: Outcomes) -> tuple[Move, ...]:
    """One move for each way in which moves can differ: hosts that may take the mail by name, others by their ends."""
    kept: dict[object, Move] = {}
    for move in moves:
        if move.endpoint is None:
            kept[move.kind] = move
            continue
        cell = outcomes.get(move.endpoint)
        shape = _rest_of_host(move.endpoint, delivery, outcomes)
        named = move.endpoint.host if _may_take(cell, delivery.profile) else ""
        kept.setdefault((named, str(cell), shape), move)
    return tuple(kept.values())


def _rest_of_host(endpoint: Endpoint, delivery: Delivery, outcomes: Outcomes) -> tuple[str, ...]:
    """What else a host has to offer, where a mailer that begins it goes on with it."""
    if delivery.profile.shuffle is Shuffle.ADDRESSES and not delivery.profile.limits.one_answer_per_host:
        return ()
    mates = [target.endpoint for target in delivery.targets if target.endpoint.host == endpoint.host]
    return tuple(str(outcomes.get(mate)) for mate in mates if mate not in delivery.tried)


def _may_take(cell: str | None, profile: Profile) -> bool:
    """Whether the mail may end at a host with this outcome: nobody knows it, it accepts, or it does without TLS."""
    if cell is None or cell == "Z1":
        return True
    return cell[0] != "R" and profile.ruling(cell, profile.tls).action in (Action.GO, Action.HELO, Action.CLEAR)


def _end_of(state: _State, move: Move, outcomes: Outcomes) -> Prospect | None:
    """The prospect where the move ends the round or reaches a host that takes the mail or that nobody knows."""
    delivery, (soonest, latest) = state.delivery, state.spent
    if move.endpoint is not None:
        cell = outcomes.get(move.endpoint)
        if cell is None:
            return Prospect(kind=FateKind.UNKNOWN, host=move.endpoint.host, soonest=soonest, latest=latest)
        attempt = _attempt(move.endpoint, cell, move.clear, delivery.profile)
        if attempt.cell != "Z1":
            return None
        clear = move.clear or cell in _PLAIN or delivery.policy is TlsPolicy.NONE
        host = move.endpoint.host
        return Prospect(kind=FateKind.ACCEPTED, host=host, clear=clear, soonest=soonest, latest=latest)
    if delivery.bounced:
        return Prospect(kind=FateKind.BOUNCES, cell=delivery.bounced[-1][1], soonest=soonest, latest=latest)
    kind, cell = _waits(delivery.profile, move.cell)
    if move.kind is MoveKind.BOUNCE:
        kind, cell = FateKind.BOUNCES, move.cell
    return Prospect(kind=kind, cell=cell, soonest=soonest, latest=latest)


def _attempt(endpoint: Endpoint, cell: str, clear: bool, profile: Profile) -> Attempt:
    """What trying the endpoint leads to; events that a mailer passes over end as if the host took the mail."""
    if cell[0] == "R":
        return Attempt(endpoint=endpoint, cell="R8", recipients=((_RECIPIENT, cell),), clear=clear)
    ruling = profile.ruling(cell, profile.tls)
    over = ruling.action in (Action.GO, Action.HELO) or (clear and CELLS[cell].action is None)
    return Attempt(endpoint=endpoint, cell="Z1" if over else cell, clear=clear)


def _spend(spent: tuple[float, float], profile: Profile, cell: str, *, clear: bool) -> tuple[float, float]:
    """The seconds after an attempt that ends in `cell`: the mailer waits for its own timeout, or may not have to."""
    phase = _TIMED.get(cell)
    if phase is None or clear:
        return spent
    limit = float(getattr(profile.timeouts, phase))
    return spent[0] + (0.0 if cell in _EITHER else limit), spent[1] + limit


def _merge(ends: Iterable[Prospect]) -> tuple[Prospect, ...]:
    """One prospect for each end, with the span of its times; mail that may travel in clear counts as such."""
    spans: dict[tuple[FateKind, str | None, str | None], Prospect] = {}
    for end in ends:
        key = (end.kind, end.host, end.cell)
        other = spans.get(key, end)
        spans[key] = replace(
            end,
            clear=None if end.clear is None else bool(end.clear or other.clear),
            soonest=min(end.soonest, other.soonest),
            latest=max(end.latest, other.latest),
        )
    return tuple(prospect for _, prospect in sorted(spans.items(), key=lambda item: str(item[0])))
