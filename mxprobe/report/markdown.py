"""Runs as Markdown, for the summary of a CI job: what was played, and the timeline of what did not go as written."""

from collections.abc import Sequence

from mxprobe.facts.run import Run
from mxprobe.facts.text import escape_text
from mxprobe.report.run_text import failed, render_series, tally
from mxprobe.report.series import Series, gather_series


def render_runs_markdown(runs: Sequence[Run]) -> str:
    """The tally, a table of stories by senders, and a block for each failure."""
    senders = list(dict.fromkeys(run.sender for run in runs))
    played = gather_series(runs)
    stories: dict[str, dict[str, Series]] = {}
    for series in played:
        stories.setdefault(series.path, {})[series.sender] = series
    lines = [f"**mxprobe**: {_text(tally(runs))}", ""]
    if runs:
        lines += [f"| story | {' | '.join(map(_text, senders))} |", f"| --- |{' --- |' * len(senders)}"]
    for path, plays in stories.items():
        cells = [_cell(plays.get(sender)) for sender in senders]
        lines.append(f"| {_text(path)} | {' | '.join(cells)} |")
    if failed(runs):
        lines.append("")
    for series in played:
        if series.wrong:
            lines += ["```text", render_series(series).rstrip().replace("```", "'''"), "```", ""]
    return "\n".join(lines).rstrip() + "\n"


def _cell(series: Series | None) -> str:
    if series is None or series.runs[0].verdict is None:
        return ""
    return "**not**" if series.wrong else "ok"


def _text(text: str) -> str:
    """Text that Markdown takes as it is."""
    text = escape_text(text)
    for mark in "\\`*_[]<>|#":
        text = text.replace(mark, f"\\{mark}")
    return text
