"""What a zone and a plan have to do with a play: the lines behind a failure, and what is waived until when."""

import re
from collections.abc import Sequence

from mxprobe.facts.run import Run, Waiver, WorldKind
from mxprobe.facts.text import escape_text
from mxprobe.report.words import WIDTH, wrap
from mxprobe.scenario.model import REAL

_TICKET = re.compile(r"\b[A-Z][A-Z0-9]*-\d+\b|#\d+\b")
_LABEL = "      cause   "


def render_causes(run: Run) -> list[str]:
    """A line for each record, with what is about it beside it, or below it where it does not fit."""
    rows = [(f"{run.over}:{cause.line}", escape_text(cause.text), escape_text(cause.about)) for cause in run.causes]
    places = max((len(place) for place, _, _ in rows), default=0)
    texts = max((len(text) for _, text, _ in rows), default=0)
    lines = [f"{place:<{places}}  {text:<{texts}}  {about}".rstrip() for place, text, about in rows]
    blank = " " * len(_LABEL)
    if all(len(line) <= WIDTH - len(blank) for line in lines):
        return [f"{blank if number else _LABEL}{line}" for number, line in enumerate(lines)]
    told: list[str] = []
    for place, text, about in rows:
        told += wrap(blank if told else _LABEL, f"{place}  {text}")
        told += wrap(f"{blank}  ", about) if about else []
    return told


def say_cause(run: Run) -> str:
    """The causes in one line; empty where there are none."""
    told = [f"line {cause.line}, {cause.text}" + (f" ({cause.about})" if cause.about else "") for cause in run.causes]
    return f"cause in {run.over}: {'; '.join(told)}" if told else ""


def in_force(run: Run) -> Waiver | None:
    """The waiver that lets a failed play be; None where there is none, or it has ended."""
    return next((one for one in run.waivers if run.is_waived and one.covers and not one.ended), None)


def render_ended(run: Run) -> list[str]:
    """What a failure was waived by until its day was over."""
    told = []
    for waiver in run.waivers if run.went_wrong else ():
        if waiver.covers and waiver.ended:
            place = f"{waiver.path}:{waiver.line}"
            told += wrap("      ", f"was waived until {waiver.until} ({waiver.because}), {place}; that day is over")
    return told


def render_waived(run: Run, waiver: Waiver) -> list[str]:
    """One waived play: what went wrong, and why it may."""
    misses = run.verdict.misses if run.verdict else ()
    lines = [f"WAIVED  {run.path}  sender {run.sender}", *wrap("      ", misses[0].says)]
    lines += wrap("      ", f"until {waiver.until}: {waiver.because}  ({waiver.path}:{waiver.line})")
    return [*lines, ""]


def render_unused(runs: Sequence[Run]) -> list[str]:
    """The waivers that no failure needed, a line for each."""
    needed = {(one.path, one.line) for run in runs if run.went_wrong for one in run.waivers if one.covers}
    wrong = {(one.path, one.line) for run in runs if run.went_wrong for one in run.waivers}
    idle = {(one.path, one.line): one.because for run in runs for one in run.waivers}
    told = []
    for place, because in idle.items():
        if place not in needed:
            says = (
                "what failed is not what is waived here" if place in wrong else "nothing that is waived here has failed"
            )
            told += wrap("note  ", f"{place[0]}:{place[1]}: {says} ({because})")
    return told


def render_not_played(runs: Sequence[Run]) -> list[str]:
    """The stories that could not be played, and why, a line for each reason."""
    reasons: dict[str, list[str]] = {}
    for run in runs:
        if run.not_played and run.path not in reasons.setdefault(run.not_played, []):
            reasons[run.not_played].append(run.path)
    return [
        line
        for reason, paths in reasons.items()
        for line in wrap("note  ", f"not played: {', '.join(paths)}: {reason}")
    ]


def say_waived(runs: Sequence[Run]) -> str:
    """How many plays are waived, until when, and under which ticket: 1 waived until 2027-03-31 (OPS-412)."""
    groups: dict[str, int] = {}
    for waiver in filter(None, map(in_force, runs)):
        ticket = _TICKET.search(waiver.because)
        told = f"until {waiver.until}" + (f" ({ticket[0]})" if ticket else "")
        groups[told] = groups.get(told, 0) + 1
    return ", ".join(f"{number} waived {told}" for told, number in sorted(groups.items()))


def command_again(run: Run) -> str:
    """The command that plays this once more."""
    over = f" --zone {run.over} --domain {run.domain}" if run.over and not run.plan else ""
    one = f" -k {run.path}" if run.plan else ""
    staged = run.world is not WorldKind.MEMORY and not run.sender.startswith(REAL)
    world = f" --world {run.world}" if staged else ""
    return f"mxprobe run {run.plan or run.path}{over}{one}{world} --sender {run.sender} --seed {run.seed} --trace"
