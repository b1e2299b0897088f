"""Prints a look in the format that was asked for, saves it, and gives its exit status."""

import sys
from collections.abc import Mapping
from typing import Any

import click
from msgspec.structs import replace

from mxprobe.facts.codec import masked
from mxprobe.facts.finding import Severity
from mxprobe.jobs.look import Look
from mxprobe.report.json import LookDocument, render_document
from mxprobe.report.junit import render_judgements_junit
from mxprobe.report.look_text import render_look
from mxprobe.report.verdict import exit_status, select


def show(look: Look, options: Mapping[str, Any]) -> int:
    """Print, save, and give the exit status."""
    judgements = select(look.judgements, options.get("select", ()), options.get("ignore", ()))
    status, reason = exit_status(look.snapshot, judgements, Severity(options.get("fail_on", "error")))
    document = LookDocument(snapshot=look.snapshot, judgements=judgements, forecast=look.forecast, exit_status=status)
    if options.get("save") is not None:
        from mxprobe.cli.probe import save

        save(options["save"], render_document(replace(document, judgements=look.judgements)))
    form = options.get("form", "text")
    if form == "json":
        click.echo(render_document(document), nl=False)
    elif form == "junit":
        click.echo(render_judgements_junit(look.snapshot.domain, masked(judgements)), nl=False)
    else:
        click.echo(render_look(document if sys.stdout.isatty() else masked(document), reason))
    return status
