"""Shows how far a survey is, on standard error: drawn anew on a terminal, a line every half minute elsewhere."""

import sys
from collections import deque
from types import TracebackType
from typing import TYPE_CHECKING, Self

import click

from mxprobe.facts.progress import Progress
from mxprobe.report.progress_text import render_end, render_progress, render_progress_line

if TYPE_CHECKING:
    from rich.live import Live

_WINDOW = 10.0
"""Seconds over which rates are told on a terminal."""

_EVERY = 30.0
"""Seconds between two lines where there is no terminal."""


class Teller:
    """Takes each `Progress` of a survey and shows it; `quiet` shows nothing. A context: what is drawn is closed."""

    def __init__(self, *, quiet: bool = False, on_terminal: bool | None = None) -> None:
        self.last: Progress | None = None
        self._quiet = quiet
        self._on_terminal = sys.stderr.isatty() if on_terminal is None else on_terminal
        self._earlier = deque[Progress]()
        self._live: Live | None = None
        self._told: Progress | None = None

    def __enter__(self) -> Self:
        if self._on_terminal and not self._quiet:
            from rich.console import Console
            from rich.live import Live

            self._live = Live(console=Console(stderr=True), auto_refresh=False, transient=True, redirect_stdout=False)
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def __call__(self, progress: Progress) -> None:
        """Show how far it is now."""
        self.last = progress
        if self._quiet:
            return
        if self._live is not None:
            self._draw(self._live, progress)
        elif progress.at - (self._told.at if self._told is not None else progress.started_at) >= _EVERY:
            click.echo(render_progress_line(progress, self._told), err=True)
            self._told = progress

    def conclude(self, out: str) -> None:
        """Say in one line what was done, unless quiet."""
        if self.last is not None and not self._quiet:
            click.echo(render_end(self.last, out), err=True)

    def _draw(self, live: "Live", progress: Progress) -> None:
        from rich.text import Text

        self._earlier.append(progress)
        while len(self._earlier) > 1 and self._earlier[1].at <= progress.at - _WINDOW:
            self._earlier.popleft()
        since = self._earlier[0] if self._earlier[0].at < progress.at else None
        lines = render_progress(progress, since, min(live.console.width, 100))
        live.update(Text("\n".join(lines), no_wrap=True), refresh=True)
