"""`mxprobe diff`: what changed between two saved probes."""

import sys
from pathlib import Path

import click

from mxprobe.report.formats import DIFF_FORMATS


@click.command("diff")
@click.argument("old", type=click.Path(path_type=Path))
@click.argument("new", type=click.Path(path_type=Path))
@click.option("--domain", metavar="NAME", help="Of results of surveys: compare the lines about this domain.")
@click.option("--format", "form", type=click.Choice(["text", *DIFF_FORMATS]), default="text", show_default=True)
@click.option("--fail-on", type=click.Choice(["error", "warning", "info"]), default="error", show_default=True)
def command(old: Path, new: Path, domain: str | None, form: str, fail_on: str) -> int:
    """Compare two saved probes of one domain (probe --save), the earlier one first.

    Each difference is a renewal (expected upkeep), a change (wanted or not), or alarming: mail, or the word about it,
    is in other hands than before. Nobody is asked or dialled. What one of the probes does not tell is said, and is no
    change. A live look is compared with probe --baseline, where --expect says what was wanted.
    Of two surveys without --domain: a line for each domain that changed, and those that stand in one alone. Findings
    are then those of the lines; mended is what the later survey looked at and found in order.
    Exit 0 nothing at or above --fail-on, 1 findings, 3 the MX records of one probe are not known.
    """
    from mxprobe.facts.codec import masked
    from mxprobe.facts.finding import Severity
    from mxprobe.jobs.diff import diff
    from mxprobe.jobs.look import domain_of
    from mxprobe.jobs.survey.results import are_many
    from mxprobe.report.diff_text import render_diff
    from mxprobe.report.formats import load_format
    from mxprobe.report.json import DiffDocument
    from mxprobe.report.verdict import exit_status_of_diff

    if domain is None and (are_many(old) or are_many(new)):
        from mxprobe.cli.surveyed import show_diff

        return show_diff(old, new, form, fail_on)
    compared = diff(old, new, domain_of(domain) if domain is not None else None)
    status, reason = exit_status_of_diff(compared.changes, compared.judgements, Severity(fail_on))
    document = DiffDocument(
        domain=compared.now.domain,
        old=str(old),
        new=str(new),
        old_at=compared.before.started_at,
        new_at=compared.now.started_at,
        changes=compared.changes.changes,
        unknown=compared.changes.unknown,
        judgements=compared.judgements,
        mended=compared.mended,
        exit_status=status,
        reason=reason,
    )
    if form == "text":
        click.echo(render_diff(document if sys.stdout.isatty() else masked(document)))
    else:
        click.echo(load_format(DIFF_FORMATS, form, "a comparison")((masked(document),)), nl=False)
    return status
