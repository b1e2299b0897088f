"""The formats by the names that people type. A new format is one file and one line here."""

from collections.abc import Callable, Mapping, Sequence

from mxprobe.facts.run import Run
from mxprobe.report.github import render_runs_github
from mxprobe.report.json import render_runs_json
from mxprobe.report.junit import render_runs_junit
from mxprobe.report.markdown import render_runs_markdown

RUN_FORMATS: Mapping[str, Callable[[Sequence[Run]], str]] = {
    "json": render_runs_json,
    "junit": render_runs_junit,
    "github": render_runs_github,
    "markdown": render_runs_markdown,
}
"""Runs as documents; `text` has options of its own and is `run_text.render_runs`."""
