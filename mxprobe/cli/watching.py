"""Keeps the looks of `mxprobe probe --history`, and prints what `--alarm` has to tell."""

import sys
from collections.abc import Mapping
from typing import Any

import click
from msgspec.structs import replace

from mxprobe.cli.spans import seconds_of
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

_USUAL = Manners()
_LEAST_OCTETS = 65536


def watch_of(domain: str, options: Mapping[str, Any]) -> Watch:
    """How a domain is watched. Raises InputError."""
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


class Watching:
    """A domain that is watched, from before a look to behind it."""

    def __init__(self, domain: str, options: Mapping[str, Any]) -> None:
        """Raises InputError."""
        self._watch, self._options = watch_of(domain, options), options

    def compare(self, options: LookOptions) -> LookOptions:
        """How to look: with what was kept of the domain beside. Raises InputError."""
        return replace(options, beside=beside_of(self._watch, options.beside))

    def keep_and_tell(self, seen: Look, document: LookDocument) -> int | None:
        """Keep the look, print what is to be told, and give the exit status; None where the look is to be shown.

        Raises InputError and CouldNotLook.
        """
        return _keep_and_tell(self._watch, seen, document, self._options)


def _keep_and_tell(watch: Watch, seen: Look, document: LookDocument, options: Mapping[str, Any]) -> int | None:
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
