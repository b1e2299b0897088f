"""The formats by the names that people type, each with where it is rendered: none is loaded before it is wanted.

A new format is one file and one line here. `text` has options of its own and is printed look by look and run by run.
"""

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any

from mxprobe.errors import InputError

RUN_FORMATS: Mapping[str, str] = {
    "json": "mxprobe.report.json:render_runs_json",
    "junit": "mxprobe.report.junit:render_runs_junit",
    "github": "mxprobe.report.github:render_runs_github",
    "markdown": "mxprobe.report.markdown:render_runs_markdown",
}
"""Runs as documents."""

LOOK_FORMATS: Mapping[str, str] = {
    "json": "mxprobe.report.json:render_looks_json",
    "junit": "mxprobe.report.junit:render_looks_junit",
    "markdown": "mxprobe.report.look_markdown:render_looks_markdown",
    "github": "mxprobe.report.look_github:render_looks_github",
    "sarif": "mxprobe.report.sarif:render_looks_sarif",
    "nagios": "mxprobe.report.nagios:render_looks_nagios",
    "prometheus": "mxprobe.report.prometheus:render_looks_prometheus",
    "html": "mxprobe.report.html:render_looks_html",
}
"""Looks as documents: the renderer takes all `LookDocument`s of one call, local parts cut already."""

DIFF_FORMATS: Mapping[str, str] = {
    "json": "mxprobe.report.json:render_diffs_json",
    "markdown": "mxprobe.report.diff_markdown:render_diffs_markdown",
}
"""Comparisons of two looks as documents: the renderer takes `DiffDocument`s, local parts cut already."""


def load_format(formats: Mapping[str, str], form: str, what: str) -> Callable[[Sequence[Any]], str]:
    """The renderer of `what` ("saved runs") that is called `form`. Raises InputError where there is none."""
    if form not in formats:
        raise InputError(f"--format {form}: {what} can be told as {', '.join(('text', *formats))}")
    module, _, name = formats[form].partition(":")
    renderer: Callable[[Sequence[Any]], str] = getattr(import_module(module), name)
    return renderer
