"""Prints a look in the format that was asked for, or writes it into a file, saves it, and gives its exit status."""

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

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

if TYPE_CHECKING:
    from mxprobe.report.nagios import Threshold

_NAGIOS = "nagios"
_FOR_EVERYBODY = ("prometheus",)
"""Formats of files that another user reads, whatever the umask."""


def check_options(options: Mapping[str, Any]) -> None:
    """Refuse, before anything is looked at, what could only fail behind it. Raises InputError."""
    _thresholds(options)
    for option in ("select", "ignore"):
        for wanted in options.get(option, ()):
            if not _begins_a_code(wanted):
                hint = "All rules: mxprobe explain rules."
                raise InputError(f"--{option} {wanted}: no rule's code begins with this", hint=hint)
    _check_file("save", options.get("save"))
    output = options.get("output")
    _check_file("write", output)
    if output is not None and output.exists() and not output.is_file():
        raise InputError("cannot write there: this is no file to be replaced", place=Place(str(output)))
    if output is not None and output == options.get("save"):
        raise InputError("--save and --output name one file: each writes its own", place=Place(str(output)))
    check_beginning(options)


def _begins_a_code(wanted: str) -> bool:
    from mxprobe.rules.all import ALL_RULES

    return any(module.RULE.code.startswith(wanted.upper()) for module in ALL_RULES)


def _check_file(verb: str, path: Path | None) -> None:
    if path is not None and (path.is_dir() or not path.parent.is_dir()):
        reason = "this is a folder" if path.is_dir() else "there is no such folder"
        raise InputError(f"cannot {verb} there: {reason}", place=Place(str(path)))


def _thresholds(options: Mapping[str, Any]) -> "tuple[Threshold, ...]":
    """What a person set for the figures of nagios. Raises InputError."""
    words = options.get("threshold", ())
    if words and options.get("form") != _NAGIOS:
        raise InputError(f"--threshold {words[0]}: that is for --format nagios; without it the rules alone decide")
    if not words:
        return ()
    from mxprobe.cli.thresholds import parse_thresholds

    return parse_thresholds(words)


def show(look: Look, options: Mapping[str, Any]) -> int:
    """Print one look, save it, and give the exit status."""
    return show_all((document_of(look, options),), options)


def show_all(documents: Sequence[LookDocument], options: Mapping[str, Any]) -> int:
    """Print the looks that are not printed yet, and give the worst exit status."""
    form, output = options.get("form", "text"), options.get("output")
    live = form == "text" and output is None and sys.stdout.isatty()
    shown = tuple(documents) if live else tuple(map(masked, documents))
    if form == "text":
        text = "".join(f"{render_look(document)}\n" for document in shown)
    elif form == _NAGIOS:
        return _show_as_plugin(shown, options)
    else:
        text = load_format(LOOK_FORMATS, form, "a probe")(shown)
    _put(output, text, for_everybody=form in _FOR_EVERYBODY)
    return max(document.exit_status for document in documents)


def _show_as_plugin(documents: Sequence[LookDocument], options: Mapping[str, Any]) -> int:
    """Print looks for Nagios, whose exit status is its own."""
    from mxprobe.report.nagios import render_looks_nagios, state_of

    thresholds = _thresholds(options)
    _put(options.get("output"), render_looks_nagios(documents, thresholds))
    return int(state_of(documents, thresholds))


def _put(output: Path | None, text: str, *, for_everybody: bool = False) -> None:
    """Print a report, or write it into a file."""
    if output is None:
        click.echo(text, nl=False)
    else:
        _replace(output, text, for_everybody=for_everybody)


def document_of(look: Look, options: Mapping[str, Any]) -> LookDocument:
    """A look as the options want it judged, saved where they say so, and made a file of expectations."""
    if look.chosen:  # the answer to a what-if is no reason for any exit status but 0
        reason = "a forecast is no finding"
        return LookDocument(snapshot=look.snapshot, forecast=look.forecast, chosen=True, exit_status=0, reason=reason)
    wanted, unwanted = (tuple(code.upper() for code in options.get(key, ())) for key in ("select", "ignore"))
    judgements = (
        judge(look.snapshot, wanted, unwanted, look.beside).judgements if wanted or unwanted else look.judgements
    )
    fail_on = Severity(options.get("fail_on") or ("warning" if options.get("form") == _NAGIOS else "error"))
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


def _replace(path: Path, text: str, *, for_everybody: bool) -> None:
    """Write a file whole or not at all: who reads it meanwhile sees the old one. Raises InputError."""
    import tempfile  # loads much that a look printed on a terminal does without

    place = Path(os.path.realpath(path))
    mask = os.umask(0)
    os.umask(mask)
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{place.name}.", suffix=".tmp", dir=place.parent)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
                os.fchmod(file.fileno(), 0o644 if for_everybody else 0o666 & ~mask)
            os.replace(name, place)
        except OSError:
            os.unlink(name)
            raise
    except OSError as error:
        raise InputError(f"cannot write there: {error.strerror}", place=Place(str(path))) from error
