"""Prints a look in the format that was asked for, saves it, and gives its exit status."""

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
from msgspec.structs import replace

from mxprobe.cli.expecting import begin_expectation, check_beginning
from mxprobe.errors import InputError, Place
from mxprobe.facts.codec import masked
from mxprobe.facts.finding import Severity
from mxprobe.jobs.look import Look, judge
from mxprobe.report.formats import LOOK_FORMATS, load_format
from mxprobe.report.json import LookDocument, render_document
from mxprobe.report.look_text import render_look
from mxprobe.report.verdict import conclude_look
from mxprobe.rules import ALL_RULES


def check_options(options: Mapping[str, Any]) -> None:
    """Refuse, before anything is looked at, what could only fail behind it. Raises InputError."""
    codes = [module.RULE.code for module in ALL_RULES]
    for option in ("select", "ignore"):
        for wanted in options.get(option, ()):
            if not any(code.startswith(wanted.upper()) for code in codes):
                hint = "All rules: mxprobe explain rules."
                raise InputError(f"--{option} {wanted}: no rule's code begins with this", hint=hint)
    path = options.get("save")
    if path is not None and (path.is_dir() or not path.parent.is_dir()):
        reason = "this is a folder" if path.is_dir() else "there is no such folder"
        raise InputError(f"cannot save there: {reason}", place=Place(str(path)))
    check_beginning(options)


def show(look: Look, options: Mapping[str, Any]) -> int:
    """Print one look, save it, and give the exit status."""
    return show_all((document_of(look, options),), options)


def show_all(documents: Sequence[LookDocument], options: Mapping[str, Any]) -> int:
    """Print the looks that are not printed yet, and give the worst exit status."""
    form = options.get("form", "text")
    if form == "text":
        for document in documents:
            click.echo(render_look(document if sys.stdout.isatty() else masked(document)))
    else:
        click.echo(load_format(LOOK_FORMATS, form, "a probe")(tuple(map(masked, documents))), nl=False)
    return max(document.exit_status for document in documents)


def document_of(look: Look, options: Mapping[str, Any]) -> LookDocument:
    """A look as the options want it judged, saved where they say so, and made a file of expectations."""
    if look.chosen:  # the answer to a what-if is no reason for any exit status but 0
        reason = "a forecast is no finding"
        return LookDocument(snapshot=look.snapshot, forecast=look.forecast, chosen=True, exit_status=0, reason=reason)
    wanted, unwanted = (tuple(code.upper() for code in options.get(key, ())) for key in ("select", "ignore"))
    judgements = (
        judge(look.snapshot, wanted, unwanted, look.beside).judgements if wanted or unwanted else look.judgements
    )
    fail_on = Severity(options.get("fail_on", "error"))
    document = conclude_look(look.snapshot, judgements, look.forecast, fail_on)
    document = replace(document, advice=look.advice)
    if options.get("save") is not None:
        _save(options["save"], render_document(replace(document, judgements=look.judgements)))
    begin_expectation(look, options.get("write_expect"))
    return document


def _save(path: Path, text: str) -> None:
    """Write a file that its owner alone can read. Raises InputError where that cannot be."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            os.fchmod(descriptor, 0o600)
            file.write(text)
    except OSError as error:
        raise InputError(f"cannot save there: {error.strerror}", place=Place(str(path))) from error
