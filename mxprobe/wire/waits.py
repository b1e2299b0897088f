"""Time-outs of very many waits by one timer: a wheel of slots, each some milliseconds long.

Standards: none.
"""

import asyncio
import heapq
from typing import Protocol

_SLOTS_A_SECOND = 64
"""So a wait ends up to 16 ms late, and never early."""


class Waiting(Protocol):
    """What waits; `slot` is the wheel's to write."""

    slot: int

    def expire(self, now: float) -> None:
        """The time is over."""


class Waits:
    """The wheel. Nothing may wait twice at a time."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._slots: dict[int, set[Waiting]] = {}
        self._order: list[int] = []
        self._timer: asyncio.TimerHandle | None = None

    def add(self, one: Waiting, until: float) -> None:
        """`one` waits until then (loop time)."""
        number = int(until * _SLOTS_A_SECOND) + 1
        slot = self._slots.get(number)
        if slot is None:
            slot = self._slots[number] = set()
            heapq.heappush(self._order, number)
            if self._order[0] == number:
                self._set_timer()
        slot.add(one)
        one.slot = number

    def clear(self, one: Waiting) -> None:
        """`one` does not wait any more."""
        slot = self._slots.get(one.slot)
        if slot is not None:
            slot.discard(one)

    def close(self) -> None:
        """Nobody waits any more."""
        self._slots.clear()
        self._order.clear()
        if self._timer is not None:
            self._timer.cancel()

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(self._order[0] / _SLOTS_A_SECOND, self._turn)

    def _turn(self) -> None:
        """End the waits whose time is over. Others may begin meanwhile."""
        self._timer = None
        now = self._loop.time()
        while self._order and self._order[0] / _SLOTS_A_SECOND <= now:
            slot = self._slots.pop(heapq.heappop(self._order))
            while slot:
                slot.pop().expire(now)
        if self._order:
            self._set_timer()
