"""What `mxprobe report` and `mxprobe diff` make of the results of a survey where no domain is named."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from mxprobe.errors import InputError, Place

_OF_ONE_LOOK = (
    *("down", "faults", "threshold", "baseline", "expect", "migration", "select", "ignore", "within", "output"),
    "fail_on",
)
_WORDS = {"faults": "fault", "within": "proven-within", "fail_on": "fail-on"}


def show_summary(results: Path, options: Mapping[str, Any]) -> int:
    """Print the summary of results. Raises InputError for what is asked of one domain."""
    from mxprobe.jobs.survey.summary import summarize
    from mxprobe.report.survey_text import render_summary, render_summary_json

    hint = f"One of them: mxprobe report {results} --domain NAME. All of them: the summary, as text or json."
    for name in _OF_ONE_LOOK:
        if options[name]:
            word = _WORDS.get(name, name)
            raise InputError(
                f"--{word} is asked of one domain, and these are many", place=Place(str(results)), hint=hint
            )
    if options["form"] not in ("text", "json"):
        raise InputError(f"--format {options['form']} tells one domain, and these are many", hint=hint)
    render = render_summary if options["form"] == "text" else render_summary_json
    click.echo(render(summarize(str(results))), nl=False)
    return 0


def show_diff(old: Path, new: Path, form: str, fail_on: str) -> int:
    """Print which domains changed between two surveys, and give the exit status. Raises InputError."""
    from mxprobe.facts.codec import masked
    from mxprobe.facts.finding import Severity
    from mxprobe.jobs.survey.compare import compare_results
    from mxprobe.report.survey_diff import conclude, render_survey_diff, render_survey_diff_json

    if form not in ("text", "json"):
        hint = f"One of them: mxprobe diff {old} {new} --domain NAME."
        raise InputError(f"--format {form} compares one domain, and these are many: text, json", hint=hint)
    compared = conclude(compare_results(old, new), Severity(fail_on))
    if form == "json":
        click.echo(render_survey_diff_json(masked(compared)), nl=False)
    else:
        click.echo(render_survey_diff(compared if sys.stdout.isatty() else masked(compared)), nl=False)
    return compared.exit_status
