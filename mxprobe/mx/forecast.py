"""Where mail would go: each modelled mailer's walk over the chain as it is now, and with a host or a preference down.

All lawful moves are followed. Addresses of one preference that would end alike are merged and only counted, since
following every order would explode: sixteen equal dead hosts have 5.7e13 orders and seventeen merged states. Times are
sums of the mailer's own timeouts, so "roughly when"; a forecast never changes the exit status.

Standards: RFC 5321 §5.1, §4.5.3.2.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum

from msgspec import Struct

from mxprobe.facts.dns import index_answers
from mxprobe.facts.session import Endpoint
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.cells import CELLS
from mxprobe.mx.delivery import Attempt, Delivery, Move, MoveKind, Target, aged, start
from mxprobe.mx.outcome import Action
from mxprobe.mx.plan import Plan, plan_mx
from mxprobe.mx.profile import Profile
from mxprobe.mx.retry import gives_up, longest_wait
from mxprobe.mx.senders import MODELLED, NOT_MODELLED
from mxprobe.mx.standing import cell_of

WAYS: tuple[tuple[str, str], ...] = (
    ("C1", "refuses connections"),
    ("C2", "does not answer"),
    ("B2", "greets with 421"),
    ("B3", "greets with 554"),
)
"""The ways of failing that matter, with the words of a report."""

_RECIPIENT = "someone"
_EITHER = frozenset({"H6", "M5", "X4"})
"""Cells of a timeout and of a lost connection alike: nobody waits, or for the whole timeout."""

_TIMED = {"C2": "connect", "B5": "banner", "H6": "ehlo", "M5": "mail", "R7": "rcpt", "X4": "body", "Z5": "dot"}


class FateKind(StrEnum):
    """How new mail ends in its first round; WAITS is followed by further rounds."""

    ACCEPTED = "accepted"
    WAITS = "waits"
    BOUNCES = "bounces"
    UNKNOWN = "unknown"


class Prospect(Struct, frozen=True, kw_only=True, order=True):
    """One possible end: at which host (ACCEPTED), by which cell (the others), after `soonest` to `latest` seconds."""

    kind: FateKind
    host: str | None = None
    cell: str | None = None
    soonest: float = 0.0
    latest: float = 0.0


class MailerForecast(Struct, frozen=True, kw_only=True):
    """What one mailer does; several prospects only where equals leave it open. `gives_up` seconds until it bounces."""

    mailer: str
    prospects: tuple[Prospect, ...]
    gives_up: float


class Case(Struct, frozen=True, kw_only=True):
    """One what-if: `down` hosts (empty: as it is now), the cell they meet a sender with, and what the mailers do."""

    down: tuple[str, ...]
    preference: int | None
    cell: str | None
    mailers: tuple[MailerForecast, ...]


class Forecast(Struct, frozen=True, kw_only=True):
    """All what-ifs of one snapshot, and the names of those that are not modelled."""

    now: Case
    cases: tuple[Case, ...]
    modelled: tuple[str, ...]
    not_modelled: tuple[str, ...]


Outcomes = Mapping[Endpoint, str | None]


def forecast_mailer(profile: Profile, plan: Plan, outcomes: Outcomes, port: int = 25) -> MailerForecast:
    """What `profile` does with new mail when trying each endpoint ends in the given cell (None: nobody knows)."""
    gives_up = longest_wait(profile.schedule)
    if plan.tiers:
        prospects = _walk(profile, plan.targets(port), outcomes, again=plan.temporary)
    else:
        prospects = (_without_hosts(profile, plan),)
    return MailerForecast(mailer=profile.name, prospects=prospects, gives_up=gives_up)


def _without_hosts(profile: Profile, plan: Plan) -> Prospect:
    bounces = profile.ruling(plan.cell, profile.tls).action is Action.BOUNCE and not plan.temporary
    kind, cell = (FateKind.BOUNCES, plan.cell) if bounces else _waits(profile, plan.cell)
    return Prospect(kind=kind, cell=cell)


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
    rest: dict[tuple[int, str], list[str | None]] = {}
    for target in left:
        rest.setdefault((target.preference, target.endpoint.host), []).append(outcomes.get(target.endpoint))
    begun = delivery.tried[-1].host if delivery.tried else None
    shape = sorted(
        (preference, host == begun, tuple(str(cell) for cell in cells)) for (preference, host), cells in rest.items()
    )
    fates = (bool(delivery.delivered), bool(delivery.bounced), bool(delivery.postponed), delivery.clear_next is None)
    counts = (len(delivery.tried), delivery.sessions, delivery.again, delivery.last)
    return _State(delivery=delivery, spent=spent, merged=(tuple(shape), fates, counts, spent))


def _distinct(moves: Iterable[Move], delivery: Delivery, outcomes: Outcomes) -> tuple[Move, ...]:
    """One move for each way in which moves can differ: accepting hosts by name, all others by what they lead to."""
    kept: dict[object, Move] = {}
    for move in moves:
        if move.endpoint is None:
            kept[move.kind] = move
            continue
        cell = outcomes.get(move.endpoint)
        mates = [target.endpoint for target in delivery.targets if target.endpoint.host == move.endpoint.host]
        shape = tuple(str(outcomes.get(mate)) for mate in mates if mate not in delivery.tried)
        kept.setdefault((move.endpoint.host if cell in (None, "Z1") else "", str(cell), shape), move)
    return tuple(kept.values())


def _end_of(state: _State, move: Move, outcomes: Outcomes) -> Prospect | None:
    """The prospect where the move ends the round or reaches a host that takes the mail or that nobody knows."""
    delivery, (soonest, latest) = state.delivery, state.spent
    if move.endpoint is not None:
        cell = outcomes.get(move.endpoint)
        if cell is None:
            return Prospect(kind=FateKind.UNKNOWN, host=move.endpoint.host, soonest=soonest, latest=latest)
        attempt = _attempt(move.endpoint, cell, move.clear, delivery.profile)
        if attempt.cell == "Z1":
            return Prospect(kind=FateKind.ACCEPTED, host=move.endpoint.host, soonest=soonest, latest=latest)
        return None
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
    """One prospect for each end, with the span of its times."""
    spans: dict[tuple[FateKind, str | None, str | None], tuple[float, float]] = {}
    for end in ends:
        key = (end.kind, end.host, end.cell)
        soonest, latest = spans.get(key, (end.soonest, end.latest))
        spans[key] = (min(soonest, end.soonest), max(latest, end.latest))
    return tuple(
        Prospect(kind=kind, host=host, cell=cell, soonest=span[0], latest=span[1])
        for (kind, host, cell), span in sorted(spans.items(), key=lambda item: str(item[0]))
    )


def forecast_snapshot(snapshot: Snapshot) -> Forecast | None:
    """The forecast for a saved probe: as it is now, each host down, each preference down; None without a chain."""
    plan = plan_mx(snapshot.domain, index_answers(snapshot.answers))
    if not plan.tiers:
        return None
    known = {visit.endpoint: cell_of(visit, snapshot) for visit in snapshot.visits}
    port = snapshot.vantage.port
    outcomes = {target.endpoint: known.get(target.endpoint) for target in plan.targets(port)}
    groups: list[tuple[tuple[str, ...], int | None]] = [((host.name,), None) for host in plan.hosts]
    groups += [(tuple(host.name for host in tier.hosts), tier.preference) for tier in plan.tiers if len(tier.hosts) > 1]
    cases = tuple(
        _case(plan, outcomes, port, (down, preference, cell)) for down, preference in groups for cell, _ in WAYS
    )
    return Forecast(
        now=_case(plan, outcomes, port, ((), None, None)),
        cases=cases,
        modelled=tuple(profile.title for profile in MODELLED),
        not_modelled=NOT_MODELLED,
    )


def _case(plan: Plan, outcomes: Outcomes, port: int, what: tuple[tuple[str, ...], int | None, str | None]) -> Case:
    down, preference, cell = what
    changed = {endpoint: cell if endpoint.host in down else now for endpoint, now in outcomes.items()}
    mailers = tuple(forecast_mailer(profile, plan, changed, port) for profile in MODELLED)
    return Case(down=down, preference=preference, cell=cell, mailers=mailers)
