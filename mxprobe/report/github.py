"""Runs as annotations for GitHub Actions: one command a line, so that a failure stands at its line of the file.

Commands and their escapes are those of the workflow commands of GitHub Actions.
"""

from collections.abc import Sequence
from pathlib import PurePath

from mxprobe.facts.run import Run
from mxprobe.facts.text import escape_text
from mxprobe.report.run_text import tally
from mxprobe.report.series import Series, gather_series


def render_runs_github(runs: Sequence[Run]) -> str:
    """An error for each play that did not go as written, a notice where all did."""
    lines = [_error(series) for series in gather_series(runs) if series.wrong]
    return "\n".join(lines or [f"::notice title=mxprobe::{_data(tally(runs))}"]) + "\n"


def _error(series: Series) -> str:
    run = series.wrong[0]
    misses = run.verdict.misses if run.verdict else ()
    first = misses[0]
    seeds = (f"seeds: {series.told}",) if series.told else ()
    told = "; ".join((*(miss.says for miss in misses), *seeds))
    place = [f"file={_property(run.path)}", *([f"line={first.line}"] if first.line else [])]
    title = _property(f"{PurePath(run.path).stem} ({run.sender})")
    return f"::error {','.join(place)},title={title}::{_data(told)}"


def _data(text: str) -> str:
    """The message: a percent sign is the one character of a single line that has to be written otherwise."""
    return escape_text(text.replace("\n", " ")).replace("%", "%25")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
