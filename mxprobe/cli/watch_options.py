"""The options of `mxprobe probe` with which looks are kept and alarms are told, and what they exclude."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from mxprobe.cli.grouped import option
from mxprobe.errors import InputError

WATCH_OPTIONS = (
    option("--history", type=click.Path(path_type=Path), metavar="DIR", help="Keep each look in this folder."),
    option("--history-size", metavar="SIZE", help="With --history: begin a new file at this size (default 16MB)."),
    option("--history-keep", type=click.IntRange(0, 999), metavar="N", help="Keep so many older files (default 8)."),
    option("--alarm", is_flag=True, help="With --history: tell only what changed, once."),
    option("--after", type=click.IntRange(1, 100), metavar="N", help="With --alarm: looks it has to last (default 3)."),
    option("--remind", metavar="TIME", help="With --alarm: tell again what lasts so long (1d)."),
    option("--alarm-config", type=click.Path(path_type=Path), help="When alarms keep quiet: maintenance (YAML)."),
    option("--accept", is_flag=True, help="With --alarm: what is seen now is as it should be."),
)

_OF_HISTORY = ("history_size", "history_keep", "alarm")
_OF_ALARM = ("after", "remind", "alarm_config", "accept")


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
