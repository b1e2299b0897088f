"""An event loop whose clock runs faster than the machine's: what real mailers do in seconds takes minutes of a story.

The clock of a real mailer cannot jump, so the story's runs beside it at a fixed pace; the mailer's own waits are set
shorter by the same factor. `time()` is story time in seconds from 0.
"""

import asyncio
import selectors
import time
from collections.abc import Callable
from typing import Any

from mxprobe.lab.clock import JumpingLoop

_LOOK = 0.02
"""Real seconds between two questions whether the story is over."""


class PacedLoop(JumpingLoop, asyncio.SelectorEventLoop):
    """The loop of a story with real mailers: `pace` seconds of story time pass in each real second."""

    def __init__(self, pace: float) -> None:
        self.pace = pace
        self._began = time.monotonic()
        super().__init__(_Slower(pace))

    def time(self) -> float:
        """Story time in seconds."""
        return (time.monotonic() - self._began) * self.pace

    def let_time_pass(self) -> None:
        """Time passes by itself."""

    async def until_quiet(self, horizon: float) -> float:
        """Wait until story time reaches the horizon: nobody knows what a real mailer may still do."""
        await asyncio.sleep(max(horizon - self.time(), 0.0))
        return self.time()

    async def pause(self) -> None:
        """A little while in real time."""
        await asyncio.sleep(_LOOK * self.pace)

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> Any:  # type: ignore[override]
        """Threads may work here: what they do takes real time."""
        return asyncio.SelectorEventLoop.run_in_executor(self, executor, func, *args)


class _Slower(selectors.DefaultSelector):
    """The machine's selector, asked in story time."""

    def __init__(self, pace: float) -> None:
        super().__init__()
        self._pace = pace

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Wait for so many seconds of story time."""
        return super().select(None if timeout is None else timeout / self._pace)
