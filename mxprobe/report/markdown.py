"""Runs as Markdown, for the summary of a CI job: what was played, and the timeline of what did not go as written."""

from collections.abc import Sequence

from mxprobe.facts.run import Run
from mxprobe.report.escapes import fenced, markdown_text
from mxprobe.report.run_text import failed, render_series, tally
from mxprobe.report.run_zone import in_force, render_not_played, render_unused
from mxprobe.report.series import Series, gather_series


def render_runs_markdown(runs: Sequence[Run]) -> str:
    """The tally, a table of stories by senders, and a block for each failure."""
    senders = list(dict.fromkeys(run.sender for run in runs))
    played = gather_series(runs)
    stories: dict[str, dict[str, Series]] = {}
    for series in played:
        stories.setdefault(series.path, {})[series.sender] = series
    lines = [f"**mxprobe**: {markdown_text(tally(runs))}", ""]
    if runs:
        lines += [f"| story | {' | '.join(map(markdown_text, senders))} |", f"| --- |{' --- |' * len(senders)}"]
    for path, plays in stories.items():
        cells = [_cell(plays.get(sender)) for sender in senders]
        lines.append(f"| {markdown_text(path)} | {' | '.join(cells)} |")
    notes = [*render_not_played(runs), *render_unused(runs)]
    waived = [(run, waiver) for run in runs if (waiver := in_force(run)) is not None]
    lines += [""] if failed(runs) or notes or waived else []
    for run, waiver in waived:
        lines.append(f"- {markdown_text(f'{run.path} ({run.sender}): waived until {waiver.until}: {waiver.because}')}")
    lines += [f"- {markdown_text(' '.join(note.split()).removeprefix('note '))}" for note in notes]
    lines += [""] if notes or waived else []
    for series in played:
        if series.wrong:
            lines += [*fenced(render_series(series).rstrip().split("\n")), ""]
    return "\n".join(lines).rstrip() + "\n"


def _cell(series: Series | None) -> str:
    if series is None or series.runs[0].verdict is None:
        return ""
    if series.wrong:
        return "**not**"
    return "waived" if series.runs[0].is_waived else "ok"
