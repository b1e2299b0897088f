"""Sleeping in story time, which a held world may move forward: whoever is due by then wakes up, the others sleep less.

Nobody moves the time of a world in memory; there a sleep is a timer, as any other.
"""

import asyncio
from collections.abc import Callable

from msgspec import Struct


class _Sleeper(Struct, eq=False):
    """Somebody asleep: until when, in story time, and the timer that will wake them."""

    until: float
    waiting: asyncio.Future[None]
    timer: asyncio.TimerHandle


class Alarms:
    """All sleepers of a world; `now` gives its story time in seconds."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._sleepers: list[_Sleeper] = []

    async def sleep(self, seconds: float) -> None:
        """Sleep for so long in story time."""
        loop = asyncio.get_running_loop()
        waiting: asyncio.Future[None] = loop.create_future()
        timer = loop.call_later(seconds, _wake, waiting)
        sleeper = _Sleeper(until=self._now() + seconds, waiting=waiting, timer=timer)
        self._sleepers.append(sleeper)
        try:
            await waiting
        finally:
            sleeper.timer.cancel()
            self._sleepers.remove(sleeper)

    def ring(self) -> None:
        """Set every timer anew, after story time was moved."""
        loop = asyncio.get_running_loop()
        for sleeper in self._sleepers:
            sleeper.timer.cancel()
            sleeper.timer = loop.call_later(max(sleeper.until - self._now(), 0.0), _wake, sleeper.waiting)


def _wake(waiting: asyncio.Future[None]) -> None:
    if not waiting.done():
        waiting.set_result(None)
