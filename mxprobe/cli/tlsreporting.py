"""What `mxprobe report` makes of reports of SMTP TLS reporting."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from mxprobe.errors import InputError
from mxprobe.facts.text import mask
from mxprobe.jobs.tlsreports import gather_reports
from mxprobe.mx.tlssummary import sum_reports, without_repeats
from mxprobe.report.json import render_document
from mxprobe.report.tlsreport_text import TlsReportsDocument, conclude_reports, render_reports

_OF_LOOKS = (
    "domain",
    "down",
    "faults",
    "select",
    "ignore",
    "baseline",
    "expect",
    "migration",
    "within",
    "in_outage",
    "output",
)
_FLAGS = {"faults": "--fault", "within": "--proven-within", "in_outage": "--in-outage"}


def show_tls_reports(files: tuple[Path, ...], options: Mapping[str, Any]) -> int:
    """Print what senders report, and give the exit status. Raises InputError."""
    for name in _OF_LOOKS:
        if options.get(name):
            raise InputError(f"{_FLAGS.get(name, f'--{name}')} says nothing to reports of TLS sessions")
    if options["form"] not in ("text", "json"):
        raise InputError(f"--format {options['form']}: reports of TLS sessions are told as text, json")
    gathered = gather_reports(files)
    reports = without_repeats(gathered.reports)
    domains = sum_reports(reports, gathered.chains)
    status, reason = conclude_reports(domains, options["fail_on"] or "error")
    document = TlsReportsDocument(
        domains=domains, repeats=len(gathered.reports) - len(reports), exit_status=status, reason=reason
    )
    if options["form"] == "json":
        click.echo(render_document(document), nl=False)
    else:
        text = render_reports(document)
        click.echo(text if sys.stdout.isatty() else mask(text))
    return status
