"""Passages of a look that are lines in every format, and stand as they are between what each format lays out itself."""

from msgspec import Struct

from mxprobe.report.handed_on import render_handed_on
from mxprobe.report.json import LookDocument
from mxprobe.report.look_policies import HEADING, render_policies
from mxprobe.report.recipients import render_recipients


class Section(Struct, frozen=True, kw_only=True):
    """A passage with its heading; a single line is a sentence, several are set as they stand."""

    title: str
    lines: tuple[str, ...]


def sections_of(document: LookDocument) -> tuple[Section, ...]:
    """What each host said of each recipient, what TLS policies of senders lead to, how backups hand on."""
    snapshot = document.snapshot
    policies = render_policies(document.forecast.policies) if document.forecast is not None else []
    if policies[1:] and policies[1].startswith(f"{HEADING} "):  # no table, but a sentence that was wrapped
        policies = [" ".join(" ".join(policies).removeprefix(f" {HEADING}").split())]
    policies = [line for line in policies if line != HEADING]
    found = (
        ("What hosts say of recipients", render_recipients(snapshot)),
        ("TLS policies of senders", policies),
        ("What backups hand on", render_handed_on(snapshot)),
    )
    return tuple(
        Section(title=title, lines=_without_margin([line.rstrip() for line in lines if line.strip()]))
        for title, lines in found
        if lines
    )


def _without_margin(lines: list[str]) -> tuple[str, ...]:
    margin = min((len(line) - len(line.lstrip()) for line in lines), default=0)
    return tuple(line[margin:] for line in lines)
