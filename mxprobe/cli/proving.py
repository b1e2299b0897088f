"""What `mxprobe prove` makes of its words, and how it shows a proof."""

import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from mxprobe.errors import InputError, Place
from mxprobe.facts.codec import masked
from mxprobe.facts.finding import Severity, Status
from mxprobe.jobs.kept import read_kept
from mxprobe.jobs.prove import Prepared, Proved, ProveOptions, load_proof, prepare, resume
from mxprobe.mx.proven import last_proven
from mxprobe.mx.proving import Grade, grade_of
from mxprobe.probe.mailboxes.mailbox import Watch
from mxprobe.probe.mailboxes.password import PasswordSource, read_password
from mxprobe.report.json import ProofDocument, ProvenDocument, render_document
from mxprobe.report.junit import render_proof_junit
from mxprobe.report.proof_text import render_proof, say_proven
from mxprobe.report.proven_text import render_proven, say_outage
from mxprobe.report.words import say_span
from mxprobe.scenario.durations import NoDuration, parse_duration

_PASSWORD = "MXPROBE_IMAP_PASSWORD"

_HOLD = """\
To take {host} down for a while, on that machine, one of these:
  nft add table inet mxprobe
  nft add chain inet mxprobe input '{{ type filter hook input priority -10; }}'
  nft add rule inet mxprobe input tcp dport 25 reject with tcp reset
  (afterwards: nft delete table inet mxprobe)
  postfix stop                (afterwards: postfix start)
  systemctl stop exim4        (afterwards: systemctl start exim4)
Take it up again when its backup has the message. mxprobe touches no firewall."""


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


def render_hold(hosts: tuple[str, ...]) -> str:
    """How hosts can be taken down."""
    return _HOLD.format(host=", ".join(hosts))


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
    status = 0 if proven and not errors and proof.complete else 1
    document = ProofDocument(proof=proof, judgements=judgements, exit_status=status)
    for sentence in proved.cleaned:
        click.echo(f"{sentence}.", err=True)
    if options["form"] == "json":
        click.echo(render_document(document), nl=False)
    elif options["form"] == "junit":
        click.echo(render_proof_junit(masked(document)), nl=False)
    else:
        shown = document if sys.stdout.isatty() else masked(document)
        earlier = read_kept(journal.parent, proof.domain).proofs if journal is not None else ()
        saved = f"Saved: {journal}.  " if journal is not None else ""
        ended = f"{saved}{say_proven(proof)}  {say_outage(last_proven((*earlier, proof)))}  Exit {status}."
        click.echo(render_proof(shown.proof, shown.judgements))
        click.echo(ended)
    return status


def show_kept(folder: Path, options: Mapping[str, Any]) -> int:
    """Print when the hosts of the proofs in a folder were proven last. Raises InputError where there are none."""
    kept = read_kept(folder)
    if not kept.proofs:
        raise InputError("no proof is kept in this folder", place=Place(str(folder)), hint="mxprobe prove --save FILE")
    standing = last_proven(kept.proofs)
    since = None if options["within"] is None else time.time() - _seconds("--proven-within", options["within"])
    stale = tuple(
        one for one in standing if since is not None and not one.is_proven_since(since, in_outage=options["in_outage"])
    )
    if options["form"] == "json":
        names = tuple(one.host for one in stale)
        click.echo(render_document(ProvenDocument(hosts=standing, stale=names, exit_status=int(bool(stale)))), nl=False)
        return int(bool(stale))
    if options["form"] == "junit":
        raise InputError("a folder of proofs is shown as text or json")
    others = f", {kept.others} other files" if kept.others else ""
    told = f"{len(stale)} hosts (!) were not proven within {options['within']}. " if stale else ""
    click.echo(render_proven(standing, stale))
    click.echo(f"{len(kept.proofs)} proofs{others}. {told}Exit {int(bool(stale))}.")
    return int(bool(stale))


def show_again(proved: Proved, options: Mapping[str, Any], path: Path) -> int:
    """Print a proof that was kept; one that is older than it may be is not proven any more."""
    status = show(proved, options, path)
    within = options["within"]
    if within is None:
        return status
    age = time.time() - proved.proof.began_at
    if age > _seconds("--proven-within", within):
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
        at_most=_seconds("--at-most", options["at_most"]),
        watch=_seconds("--watch", options["watch"]),
        again=_seconds("--again", options["again"]),
        overdue=_seconds("--overdue", options["overdue"]),
        deadline=_seconds("--deadline", options["deadline"]),
        mail_from=options["mail_from"],
        helo=options["helo"],
        port=options["port"],
        nameservers=options["nameservers"],
        cafile=options["cafile"],
        allow_special=options["allow_special"],
        dkim_key=options["dkim_key"],
        dkim_selector=options["dkim_selector"],
    )


def _seconds(flag: str, word: str) -> float:
    try:
        return parse_duration(word)
    except NoDuration as error:
        raise InputError(f"{flag} {word}: {error}") from error


def _free_name(domain: str) -> Path:
    """A file of this domain and day that is not there yet."""
    stem = f"{domain}-{datetime.now(UTC):%Y%m%d}"
    path, number = Path(f"{stem}.json"), 1
    while path.exists():
        number += 1
        path = Path(f"{stem}-{number}.json")
    return path
