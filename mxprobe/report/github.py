"""Runs as annotations for GitHub Actions: one command a line, so that a failure stands at its line of the file.

Commands are the workflow commands of GitHub Actions.
"""

from collections.abc import Sequence
from pathlib import PurePath

from mxprobe.facts.run import Run, Waiver
from mxprobe.report.escapes import github_data, github_property
from mxprobe.report.run_text import tally
from mxprobe.report.run_zone import in_force, render_unused, say_cause
from mxprobe.report.series import Series, gather_series


def render_runs_github(runs: Sequence[Run]) -> str:
    """An error for each play that did not go as written, a notice for each that is waived, and one where all is well.

    Where a zone has a cause for it, the failure stands at the zone's line.
    """
    played = gather_series(runs)
    wrong = [_error(series) for series in played if series.wrong]
    waived = [_notice(run, waiver) for run in runs if (waiver := in_force(run)) is not None]
    notes = [f"::notice title=mxprobe::{github_data(' '.join(line.split()))}" for line in render_unused(runs)]
    well = [] if wrong else [f"::notice title=mxprobe::{github_data(tally(runs))}"]
    return "\n".join([*wrong, *waived, *notes, *well]) + "\n"


def _notice(run: Run, waiver: Waiver) -> str:
    misses = run.verdict.misses if run.verdict else ()
    told = f"waived until {waiver.until} ({waiver.because}): {misses[0].says}"
    place = f"file={github_property(waiver.path)},line={waiver.line}"
    return f"::notice {place},title={_title(run)}::{github_data(told)}"


def _title(run: Run) -> str:
    return github_property(f"{PurePath(run.path).stem} ({run.sender})")


def _error(series: Series) -> str:
    run = series.wrong[0]
    misses = run.verdict.misses if run.verdict else ()
    first = misses[0]
    seeds = f"seeds: {series.told}" if series.told else ""
    told = "; ".join(filter(None, (*(miss.says for miss in misses), say_cause(run), seeds)))
    path, line = (run.over, run.causes[0].line) if run.causes else (run.path, first.line)
    if not run.causes and run.plan and not run.path.endswith(".yaml"):
        path, line = run.plan, None
    place = [f"file={github_property(path)}", *([f"line={line}"] if line else [])]
    return f"::error {','.join(place)},title={_title(run)}::{github_data(told)}"
