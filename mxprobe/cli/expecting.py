"""Writes a file of expectations from a look, for `--write-expect`."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from mxprobe.errors import InputError, Place
from mxprobe.jobs.look import Look


def check_beginning(options: Mapping[str, Any]) -> None:
    """Refuse, before anything is looked at, a file that could not be begun. Raises InputError."""
    path: Path | None = options.get("write_expect")
    if path is None:
        return
    if options["expect"] is not None:
        raise InputError("--write-expect begins a file, and --expect reads one: name either")
    if path.exists() or not path.parent.is_dir():
        reason = (
            "there is one already, which is for its owner to change" if path.exists() else "there is no such folder"
        )
        raise InputError(f"cannot begin a file of expectations there: {reason}", place=Place(str(path)))


def begin_expectation(look: Look, path: Path | None) -> None:
    """Write what the look shows as what is expected, where a path is named. Raises InputError where that cannot be."""
    if path is None:
        return
    from mxprobe.report.expect_file import render_expectation

    text = render_expectation(look.snapshot, look.judgements)
    if not text:
        click.echo(f"not begun: {path}; nothing was seen that could be expected", err=True)
        return
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        says = f"cannot begin a file of expectations there: {error.strerror}"
        raise InputError(says, place=Place(str(path))) from error
    click.echo(f"begun: {path}; read it, then look again with --expect {path}", err=True)
