"""What `mxprobe prove` makes of its words, and how it shows a proof."""

import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from mxprobe.cli.spans import seconds_of
from mxprobe.errors import InputError, Place
from mxprobe.facts.codec import masked
from mxprobe.facts.finding import Severity, Status
from mxprobe.jobs.kept import proven_beside
from mxprobe.jobs.prove import Prepared, Proved, ProveOptions, load_proof, prepare, resume
from mxprobe.mx.proving import Grade, grade_of
from mxprobe.probe.mailboxes.mailbox import Watch
from mxprobe.probe.mailboxes.password import PasswordSource, read_password
from mxprobe.report.json import ProofDocument, render_document
from mxprobe.report.junit import render_proof_junit
from mxprobe.report.proof_text import Closing, render_proof
from mxprobe.report.words import say_span

_USUALLY, _HELD = 60.0, 10.0
"""Seconds between two knocks at hosts that shall be down: as a rule, and where somebody sits there and waits."""


_OF_A_NEW_PROOF = ("when_down", "hold", "dry_run", "only", "save")
"""Options that say what is sent, to whom and when, or where a new proof is kept."""


def check(options: Mapping[str, Any]) -> None:
    """Refuse words that do not go together. Raises InputError."""
    recipient, resumed = options["recipient"], options["resume"]
    if recipient is None and resumed is None:
        raise InputError("name an address of yours: mxprobe prove you@example.com --dry-run")
    if recipient is not None and resumed is not None:
        raise InputError("--resume goes on with a proof of its own: no address beside it")
    if recipient is not None and "@" not in recipient:
        raise InputError(f"{recipient}: an address has the form user@domain; a list of domains is not proven")
    if options["arrived"] and resumed is None:
        raise InputError("--arrived belongs to --resume FILE")
    if resumed is not None:
        for name in _OF_A_NEW_PROOF:
            if options[name]:
                flag = f"--{name.replace('_', '-')}"
                raise InputError(f"{flag}: --resume sends nothing, it looks for what was sent already")
    path = options["save"]
    if path is not None and (path.is_dir() or not path.parent.is_dir()):
        reason = "this is a folder" if path.is_dir() else "there is no such folder"
        raise InputError(f"cannot save there: {reason}", place=Place(str(path)))


async def begin(options: Mapping[str, Any]) -> tuple[Prepared, Path]:
    """A new proof, planned, and the file that it is kept in. Raises InputError."""
    prepared = await prepare(options["recipient"], await _options(options))
    if options["hold"] and not prepared.options.when_down:
        proof = prepared.proof
        primaries = tuple(host for preference, host in proof.chain if preference == proof.best)
        prepared = await prepare(options["recipient"], await _options(options, primaries))
    journal = options["save"] or _free_name(prepared.proof.domain)
    if journal.exists() and not options["dry_run"]:
        raise InputError("a proof is kept there already", place=Place(str(journal)), hint="Go on with it: --resume.")
    return prepared, journal


async def carry_on(options: Mapping[str, Any]) -> tuple[Prepared, Path]:
    """A proof that was kept, and its file. Raises InputError."""
    load_proof(options["resume"])
    return await resume(options["resume"], await _options(options), options["arrived"]), options["resume"]


def show(proved: Proved, options: Mapping[str, Any], journal: Path | None = None) -> int:
    """Print the proof, and give its exit status."""
    proof, judgements = proved.proof, proved.judgements
    grades = [grade_of(route, proof) for route in proof.routes if not route.is_unknown]
    errors = any(
        finding.severity is Severity.ERROR
        for judgement in judgements
        if judgement.status is Status.FIRES
        for finding in judgement.findings
    )
    proven = bool(grades) and all(grade in (Grade.WHILE_UP, Grade.IN_OUTAGE) for grade in grades)
    status = 0 if proven and not errors and proof.complete and not proof.unusable else 1
    cleaned = proved.cleaned
    document = ProofDocument(
        proof=proof,
        judgements=judgements,
        removed=cleaned.removed if cleaned is not None else None,
        troubles=cleaned.troubles if cleaned is not None else (),
        proven=proven_beside(proof, journal) if journal is not None else None,
        exit_status=status,
    )
    if options["form"] not in ("text", "json", "junit"):
        raise InputError(f"--format {options['form']}: a proof can be told as text, json, junit")
    if options["form"] == "json":
        click.echo(render_document(document), nl=False)
    elif options["form"] == "junit":
        click.echo(render_proof_junit(masked(document)), nl=False)
    else:
        shown = document if sys.stdout.isatty() else masked(document)
        closing = Closing(saved=str(journal or ""), removed=shown.removed, troubles=shown.troubles, proven=shown.proven)
        click.echo(render_proof(shown.proof, shown.judgements, status, closing))
    return status


def show_again(proved: Proved, options: Mapping[str, Any], path: Path) -> int:
    """Print a proof that was kept; one that is older than it may be is not proven any more."""
    status = show(proved, options, path)
    within = options["within"]
    if within is None:
        return status
    age = time.time() - proved.proof.began_at
    if age > seconds_of("--proven-within", within):
        click.echo(f"The proof is {say_span(age)} old, and {within} is the most: prove it again.  Exit 1.", err=True)
        return 1
    return status


async def _options(options: Mapping[str, Any], down: tuple[str, ...] = ()) -> ProveOptions:
    source = PasswordSource(file=options["password_file"], command=options["password_command"])
    watching = Watch(
        password=await read_password(source),
        cafile=str(options["imap_cafile"]) if options["imap_cafile"] is not None else None,
    )
    return ProveOptions(
        mailbox=options["mailbox"],
        returns=options["returns"],
        watching=watching,
        clean=options["clean"],
        i_own_this=options["i_own_this"],
        unknown=not options["no_unknown"],
        only=options["only"],
        when_down=down or options["when_down"],
        at_most=seconds_of("--at-most", options["at_most"]),
        watch=seconds_of("--watch", options["watch"]),
        again=seconds_of("--again", options["again"]),
        knock=_HELD if options["hold"] else _USUALLY,
        overdue=seconds_of("--overdue", options["overdue"]),
        deadline=seconds_of("--deadline", options["deadline"]),
        mail_from=options["mail_from"],
        helo=options["helo"],
        port=options["port"],
        nameservers=options["nameservers"],
        cafile=options["cafile"],
        allow_special=options["allow_special"],
        dkim_key=options["dkim_key"],
        dkim_selector=options["dkim_selector"],
    )


def _free_name(domain: str) -> Path:
    """A file of this domain and day that is not there yet."""
    stem = f"{domain}-{datetime.now(UTC):%Y%m%d}"
    path, number = Path(f"{stem}.json"), 1
    while path.exists():
        number += 1
        path = Path(f"{stem}-{number}.json")
    return path
