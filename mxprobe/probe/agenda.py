"""Which errand is made next: never two at one address, no operator faster than its pace, better ranks first.

Errands wait in lanes, one for each operator at each address. What stands still (an operator at its limit, an address
that is spoken with) stands aside until that changes: nobody waits behind another operator's hosts, and choosing costs
the same however many wait. Nothing is dialled here, and the clock is handed in: seconds, as in `Pace.rests_until`.
"""

import math
from collections.abc import Iterable, Iterator
from heapq import heapify, heappop, heappush

from msgspec import Struct
from msgspec.structs import replace

from mxprobe.facts.session import Session
from mxprobe.facts.survey import Errand, Manner, Pace, PutOff
from mxprobe.mx.pace import (
    Bounds,
    Known,
    Seen,
    Sign,
    bounds_for_address,
    bounds_for_operator,
    first_pace,
    is_slower,
    next_pace,
    read_session,
    within,
)

PATIENCE = 5.0
"""Seconds that are waited for an errand when nothing else is left to do; what takes longer is put off."""


class Gate:
    """Lets sessions through to an operator, or to an address, at a pace."""

    __slots__ = ("alarm", "bounds", "has_served", "lanes", "moves_at", "open", "pace", "was")

    def __init__(self, pace: Pace, bounds: Bounds) -> None:
        self.pace, self.was, self.bounds = pace, pace, bounds
        self.open = 0
        self.moves_at = pace.rests_until
        self.has_served = pace.throttled > 0
        self.alarm = math.inf
        self.lanes: list[tuple[int, int, Lane]] = []
        """Of an operator: those that can start as far as their addresses go. Of an address: those that wait for it."""

    @property
    def is_full(self) -> bool:
        """Whether one of the open sessions has to end first."""
        return self.open >= self.pace.at_once

    @property
    def is_slow(self) -> bool:
        """Whether a limit has made it slower than it would be."""
        return self.pace.throttled > 0 and is_slower(self.pace, self.bounds)

    def enter(self, now: float) -> None:
        """A session begins."""
        self.open += 1
        self.moves_at = now + self.pace.spacing

    def learn(self, seen: Seen, now: float) -> bool:
        """What a session showed; says whether that makes it slower."""
        before = self.pace
        self.pace = next_pace(before, seen, self.bounds, now)
        self.has_served = self.has_served or seen.sign is Sign.FINE
        self.moves_at = max(self.moves_at, self.pace.rests_until)
        return self.pace.throttled > before.throttled


class Lane:
    """The errands of one operator at one address, best rank first."""

    __slots__ = ("address", "errands", "listed", "operator")

    def __init__(self, operator: Gate, address: Gate) -> None:
        self.operator, self.address = operator, address
        self.errands: list[tuple[int, int, Errand]] = []
        self.listed = False


class Begun(Struct, frozen=True):
    """An errand that is being made: since when, and through which gates, with so many open at the operator."""

    errand: Errand
    began_at: float
    lane: Lane
    open_then: int


class Learnt(Struct, frozen=True):
    """What a session showed: it was limited, and by that (`slowed`) the operator's pace became slower."""

    limited: bool
    slowed: Pace | None = None


class Agenda:
    """All errands that are not done, and how fast each operator and address is visited."""

    def __init__(self, errands: Iterable[Errand], paces: Iterable[Pace], manner: Manner, now: float) -> None:
        self._manner = manner
        self._bounds, self._door = bounds_for_operator(manner), bounds_for_address(manner)
        self._known = {pace.operator: within(pace, self._bounds) for pace in paces}
        self._operators: dict[str, Gate] = {}
        self._addresses: dict[str, Gate] = {}
        self._lanes: dict[tuple[str, str], Lane] = {}
        self._begun: dict[int, Begun] = {}
        self._ready: list[tuple[int, int, Gate]] = []
        self._soon: list[tuple[float, int, Gate | Lane | Errand]] = []
        self._sequence = 0
        self.left = 0
        """Errands that are neither begun, nor done, nor given back."""
        for errand in errands:
            self._enlist(errand)
        for lane in self._lanes.values():
            self._list_lane(lane)
        for operator in self._operators.values():
            self._list_operator(operator, now)

    # -- what can be done ---------------------------------------------------------------------------------------------

    def begin_next(self, now: float) -> Begun | None:
        """The errand to be made now, which is begun with that; None where every one has to wait."""
        self._wake(now)
        while self._ready:
            rank, _, operator = heappop(self._ready)
            lane = self._best_lane(operator, now)
            if lane is None or operator.is_full or operator.moves_at > now:
                self._list_operator(operator, now)
            elif operator.lanes[0][0] > rank:
                heappush(self._ready, (operator.lanes[0][0], self._next(), operator))
            else:
                return self._begin(operator, now)
        return None

    def wakes_at(self) -> float:
        """When an errand may have to be made though no session ends before; infinite where none waits for the clock."""
        return self._soon[0][0] if self._soon else math.inf

    def _begin(self, operator: Gate, now: float) -> Begun:
        _, _, lane = heappop(operator.lanes)
        _, _, errand = heappop(lane.errands)
        operator.enter(now)
        lane.address.enter(now)
        lane.listed = False
        self._list_lane(lane)
        self._list_operator(operator, now)
        if operator.is_slow:
            self._let_others(operator, now)
        self.left -= 1
        begun = Begun(errand, now, lane, operator.open)
        self._begun[id(begun)] = begun
        return begun

    def _best_lane(self, operator: Gate, now: float) -> Lane | None:
        """The lane that is next, as far as addresses go; those that have to wait for theirs stand aside."""
        while operator.lanes:
            lane = operator.lanes[0][2]
            if lane.errands and not lane.address.is_full and lane.address.moves_at <= now:
                return lane
            rank, _, _ = heappop(operator.lanes)
            if not lane.errands:
                lane.listed = False
            elif lane.address.is_full:
                heappush(lane.address.lanes, (rank, self._next(), lane))
            else:
                heappush(self._soon, (lane.address.moves_at, self._next(), lane))
        return None

    # -- what became of it --------------------------------------------------------------------------------------------

    def end(self, begun: Begun, session: Session | None, now: float) -> Learnt:
        """A session of an errand is over (None: it came to none); what it showed is kept. Harmless the second time."""
        if self._begun.pop(id(begun), None) is None:
            return Learnt(limited=False)
        operator, address = begun.lane.operator, begun.lane.address
        operator.open -= 1
        address.open -= 1
        learnt = Learnt(limited=False)
        if session is not None:
            known = Known(operator=operator.has_served, address=address.has_served, open=begun.open_then)
            seen = read_session(session, begun.began_at, known)
            address.learn(seen, now)
            slowed = operator.pace if operator.learn(seen, now) else None
            learnt = Learnt(limited=seen.sign is Sign.LIMITED, slowed=slowed)
        self._pass_on(address, now)
        if learnt.slowed is not None:
            self._let_others(operator, now)
        self._list_operator(operator, now)
        return learnt

    def put_back(self, begun: Begun, errand: Errand, due: float) -> None:
        """An errand that was begun is to be made again, at `due` at the earliest."""
        self.left += 1
        due = max(due, begun.lane.operator.pace.rests_until, begun.lane.address.pace.rests_until)
        heappush(self._soon, (due, self._next(), errand))

    def paces(self) -> tuple[Pace, ...]:
        """The paces that differ from those that were known before; of a slow operator with the start that is next."""
        gates = (gate for gate in self._operators.values() if gate.is_slow or gate.pace != gate.was)
        return tuple(replace(gate.pace, rests_until=max(gate.pace.rests_until, gate.moves_at)) for gate in gates)

    # -- what would take too long -------------------------------------------------------------------------------------

    def give_back(self, now: float) -> tuple[PutOff, ...]:
        """What has to wait long, when nothing but that is left; it is off the agenda with that.

        As long as another operator's hosts are visited, or will be soon, everything waits here.
        """
        horizon = now + PATIENCE
        if self._ready or self._is_busy(horizon):
            return ()
        found = [PutOff(errand=one, due=when) for when, _, one in self._soon if isinstance(one, Errand)]
        kept = [entry for entry in self._soon if not (isinstance(entry[2], Errand) and entry[0] > horizon)]
        if len(kept) < len(self._soon):
            heapify(kept)
            self._soon = kept
        found = [one for one in found if one.due > horizon]
        found += self._shorten(now, horizon)
        self.left -= len(found)
        return tuple(found)

    def _is_busy(self, horizon: float) -> bool:
        """Whether anybody is visited, or will be before `horizon`, whom no limit holds up."""
        if any(not _is_slow(begun.lane) for begun in self._begun.values()):
            return True
        return any(when <= horizon and not _is_held(one) for when, _, one in self._soon)

    def _shorten(self, now: float, horizon: float) -> Iterator[PutOff]:
        """Take out of the lanes what will not be begun before `horizon`, one behind the other at their paces."""
        next_at: dict[int, float] = {}
        waiting = [(*entry, lane) for lane in self._lanes.values() for entry in lane.errands]
        for lane in self._lanes.values():
            lane.errands = []
        for rank, number, errand, lane in sorted(waiting, key=lambda entry: entry[:2]):
            gates = (lane.operator, lane.address)
            due = max(now, *(next_at.get(id(gate), gate.moves_at) for gate in gates))
            next_at |= {id(gate): due + gate.pace.spacing for gate in gates}
            if due > horizon:
                yield PutOff(errand=errand, due=due)
            else:
                lane.errands.append((rank, number, errand))
        for address in self._addresses.values():
            self._pass_on(address, now)

    # -- lists --------------------------------------------------------------------------------------------------------

    def _enlist(self, errand: Errand) -> Lane:
        """Put an errand into its lane."""
        name, address = errand.operator, errand.endpoint.address
        lane = self._lanes.get((name, address))
        if lane is None:
            operator = self._operators.get(name)
            if operator is None:
                pace = self._known.get(name) or first_pace(name, self._bounds, errand.place)
                operator = self._operators[name] = Gate(pace, self._bounds)
            door = self._addresses.get(address)
            if door is None:
                door = self._addresses[address] = Gate(first_pace(address, self._door), self._door)
            lane = self._lanes[name, address] = Lane(operator, door)
        self.left += 1
        heappush(lane.errands, (errand.rank, self._next(), errand))
        return lane

    def _list_lane(self, lane: Lane) -> None:
        """A lane with errands is looked at when its operator is next."""
        if lane.errands and not lane.listed:
            lane.listed = True
            heappush(lane.operator.lanes, (lane.errands[0][0], self._next(), lane))

    def _list_operator(self, operator: Gate, now: float) -> bool:
        """An operator is looked at when it may be visited; says whether that is now."""
        if not operator.lanes or operator.is_full:
            return False
        if operator.moves_at <= now:
            heappush(self._ready, (operator.lanes[0][0], self._next(), operator))
            return True
        if operator.moves_at < operator.alarm:
            operator.alarm = operator.moves_at
            heappush(self._soon, (operator.alarm, self._next(), operator))
        return False

    def _pass_on(self, address: Gate, now: float) -> None:
        """An address is free: whoever waits for it may have it, up to the first that can begin now."""
        while address.lanes and not address.is_full:
            rank, _, lane = heappop(address.lanes)
            heappush(lane.operator.lanes, (rank, self._next(), lane))
            if self._list_operator(lane.operator, now):
                return

    def _let_others(self, operator: Gate, now: float) -> None:
        """An operator has to wait: others need not wait for the addresses that its errands would have had next."""
        for _, _, lane in tuple(operator.lanes):
            self._pass_on(lane.address, now)

    def _wake(self, now: float) -> None:
        """Look at what waited for this moment."""
        while self._soon and self._soon[0][0] <= now:
            when, _, one = heappop(self._soon)
            if isinstance(one, Errand):
                self.left -= 1
                lane = self._enlist(one)
                self._list_lane(lane)
                self._list_operator(lane.operator, now)
            elif isinstance(one, Lane):
                heappush(one.operator.lanes, (one.errands[0][0] if one.errands else 0, self._next(), one))
                self._list_operator(one.operator, now)
            elif one.alarm == when:
                one.alarm = math.inf
                self._list_operator(one, now)

    def _next(self) -> int:
        self._sequence += 1
        return self._sequence


def _is_slow(lane: Lane) -> bool:
    return lane.operator.is_slow or lane.address.is_slow


def _is_held(one: Gate | Lane | Errand) -> bool:
    """Whether a limit is what it waits for; an errand waits for its next attempt."""
    return one.is_slow if isinstance(one, Gate) else isinstance(one, Lane) and _is_slow(one)
