"""What `mxprobe report` makes of many proofs: when each host was last proven, and whether that is too long ago."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from mxprobe.cli.spans import seconds_of
from mxprobe.errors import InputError
from mxprobe.jobs.kept import gather_proofs
from mxprobe.mx.proven import last_proven
from mxprobe.report.json import ProvenDocument, render_document
from mxprobe.report.proven_text import Allowed, render_proven

_OF_ONE_FILE = (
    "domain",
    "down",
    "faults",
    "select",
    "ignore",
    "baseline",
    "expect",
    "migration",
    "output",
    "threshold",
)


def show_kept(files: tuple[Path, ...], options: Mapping[str, Any]) -> int:
    """Print when each host was last proven, and give the exit status. Raises InputError."""
    for name in _OF_ONE_FILE:
        if options[name]:
            raise InputError(f"--{name.removesuffix('s')}: that is asked of one saved probe or run, not of many proofs")
    if options["form"] not in ("text", "json"):
        raise InputError(f"--format {options['form']}: many proofs are told as text, json")
    if options["in_outage"] and options["within"] is None:
        raise InputError("--in-outage says what counts for --proven-within TIME")
    within = options["within"]
    allowed = None
    if within is not None:
        allowed = Allowed(within=seconds_of("--proven-within", within), word=within, in_outage=options["in_outage"])
    kept, now = gather_proofs(files), time.time()
    domains = last_proven(kept.proofs)
    stale = tuple(
        (domain.domain, host.host)
        for domain in domains
        if allowed is not None
        for host in domain.grown_old(now - allowed.within, in_outage=allowed.in_outage)
    )
    status = 1 if stale else 0
    if options["form"] == "json":
        document = ProvenDocument(domains=domains, stale=stale, skipped=kept.skipped, exit_status=status)
        click.echo(render_document(document), nl=False)
    else:
        click.echo("\n".join([*render_proven(domains, kept.skipped, allowed, now), f"Exit {status}."]))
    return status
