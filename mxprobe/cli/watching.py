"""Keeps the looks of `mxprobe probe --history`, and prints what `--alarm` has to tell."""

import sys
from collections.abc import Mapping
from typing import Any

import click
from msgspec.structs import replace

from mxprobe.cli.proving import seconds_of
from mxprobe.errors import InputError
from mxprobe.facts.alarm import Manners
from mxprobe.facts.finding import Severity
from mxprobe.facts.text import mask
from mxprobe.jobs.history import KEPT_FILES, MOST_OCTETS, History
from mxprobe.jobs.look import Look, LookOptions, domain_of
from mxprobe.jobs.watch import Watch, beside_of, holding_codes, keep_look, read_config
from mxprobe.report.alarm_text import AlarmsDocument, alarm_status, render_alarms
from mxprobe.report.json import LookDocument, render_document
from mxprobe.scenario.sizes import NoSize, parse_size

_OF_HISTORY = ("history_size", "history_keep", "alarm")
_OF_ALARM = ("after", "remind", "alarm_config", "accept")
_USUAL = Manners()
_LEAST_OCTETS = 65536


def check_watching(options: Mapping[str, Any]) -> None:
    """Refuse what cannot go together. Raises InputError."""
    if options["history"] is None and (said := _said(options, _OF_HISTORY)):
        raise InputError(f"{said} goes with --history DIR, where looks are kept")
    if not options["alarm"] and (said := _said(options, _OF_ALARM)):
        raise InputError(f"{said} goes with --alarm")
    if options["history"] is None:
        return
    for name, flag, why in (
        ("zone", "--zone", "a zone file is no look at a domain"),
        ("dry_run", "--dry-run", "it looks at nobody"),
    ):
        if options[name]:
            raise InputError(f"--history and {flag} exclude each other: {why}")
    if options["alarm"] and options["baseline"]:
        raise InputError("--alarm has a reference of its own, the last look that was accepted: leave out --baseline")
    if options["alarm"] and options["attempts"] == 1 and options["fail_on"] not in ("warning", "info"):
        hint = (
            "Right is --attempts 2 or more, or --fail-on warning beside it; several looks are waited for in any case."
        )
        raise InputError("--alarm tells errors, and what fails in one attempt alone is none (--attempts 1)", hint=hint)
    if options["alarm"] and options["output"] is not None:
        raise InputError("--alarm prints what is new, and --output keeps one look: leave one out")
    if options["alarm"] and options["form"] not in ("text", "json"):
        hint = f"What watches by itself asks without --alarm: mxprobe probe DOMAIN --format {options['form']}."
        raise InputError(f"--format {options['form']}: alarms are told as text or json", hint=hint)


def _said(options: Mapping[str, Any], names: tuple[str, ...]) -> str:
    said = [f"--{name.replace('_', '-')}" for name in names if options[name] not in (None, False)]
    return said[0] if said else ""


def watch_of(domain: str, options: Mapping[str, Any]) -> Watch | None:
    """How a domain is watched; None where its looks are not kept. Raises InputError."""
    if options["history"] is None:
        return None
    domain = domain_of(domain)
    history = History(
        folder=options["history"],
        domain=domain,
        most_octets=_octets_of(options["history_size"]),
        kept_files=KEPT_FILES if options["history_keep"] is None else options["history_keep"],
    )
    if not options["alarm"]:
        return Watch(history=history)
    config = read_config(options["alarm_config"], domain)
    remind = options["remind"]
    return Watch(
        history=history,
        manners=Manners(
            after=options["after"] or _USUAL.after,
            fail_on=Severity(options["fail_on"] or "error"),
            remind=None if remind is None else seconds_of("--remind", remind),
            cannot_look=_USUAL.cannot_look if config.cannot_look is None else config.cannot_look,
            windows=config.windows,
            holding=holding_codes(),
        ),
    )


def _octets_of(word: str | None) -> int:
    if word is None:
        return MOST_OCTETS
    try:
        octets = parse_size(word)
    except NoSize as error:
        hint = "A size is a number and a unit: 200kB, 16MB."
        raise InputError(f"--history-size {word}: {error}", hint=hint) from error
    if octets < _LEAST_OCTETS:
        raise InputError(f"--history-size {word}: not even a few looks fit into that; 100kB is a size")
    return octets


def compare(options: LookOptions, watch: Watch | None) -> LookOptions:
    """How to look at a domain that is watched: with what was kept of it beside. Raises InputError."""
    return options if watch is None else replace(options, beside=beside_of(watch, options.beside))


def keep_and_tell(watch: Watch, seen: Look, document: LookDocument, options: Mapping[str, Any]) -> int | None:
    """Keep a look, print what is to be told, and give the exit status; None where the look itself is to be shown.

    Raises InputError and CouldNotLook.
    """
    watched = keep_look(watch, seen, document, accepted=options["accept"])
    for note in watched.notes:
        click.echo(note, err=True)
    if watch.manners is None:
        return None
    if options["accept"]:
        click.echo(f"{watch.history.domain}: what was seen now is what later looks are compared with", err=True)
    status = alarm_status(watched.alarms)
    if watched.alarms and options["form"] == "json":
        click.echo(
            render_document(AlarmsDocument(domain=watch.history.domain, alarms=watched.alarms, exit_status=status)),
            nl=False,
        )
    elif watched.alarms:
        text = render_alarms(watched.alarms, str(watch.history.folder))
        click.echo(text if sys.stdout.isatty() else mask(text))
    return status
