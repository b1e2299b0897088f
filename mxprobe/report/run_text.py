"""Runs as text: a tally when all went as written, the story's timeline where it did not."""

from collections.abc import Sequence

from mxprobe.facts.run import Event, EventKind, Miss, Run
from mxprobe.report.run_moves import render_against, render_moves
from mxprobe.report.run_why import render_why
from mxprobe.report.run_zone import (
    command_again,
    in_force,
    render_causes,
    render_ended,
    render_not_played,
    render_unused,
    render_waived,
    say_waived,
)
from mxprobe.report.series import Series, gather_series
from mxprobe.report.words import WIDTH, count_of, cut, say_span, say_time, wrap

_STANDARD = "standard"
_DEEDS = {
    EventKind.BREAK: "BREAK",
    EventKind.MEND: "MENDED",
    EventKind.PUBLISH: "PUBLISHES",
    EventKind.PROBE: "looks at the domain",
    EventKind.SENT: "has {message} to deliver to {recipient}",
    EventKind.TRIED: "tries it",
    EventKind.ACCEPTED: "accepts it",
    EventKind.REFUSED: "does not take it",
    EventKind.ARRIVED: "stores it in the mailbox",
    EventKind.QUEUED: "queues it, to hand it on",
    EventKind.WAITS: "waits",
    EventKind.BOUNCED: "bounces it to {to}",
    EventKind.LOST: "drops it: it came from the null sender",
    EventKind.VANISHED: "has lost it with its queue",
}


def render_runs(runs: Sequence[Run], *, verbose: bool = False, trace: bool = False, spent: float | None = None) -> str:
    """The failures with their timelines, with `verbose` a line for every play, and the tally.

    `spent` are the seconds that playing took; they vary, and are told where a person reads.
    """
    blocks = []
    for series in gather_series(runs):
        blocks += [
            "\n".join(render_waived(run, waiver)) for run in series.runs if (waiver := in_force(run)) is not None
        ]
        if series.wrong:
            blocks.append(render_series(series, trace=trace))
        elif verbose and not series.runs[0].not_played:
            blocks += _as_written(series, trace=trace)
    notes = [*render_not_played(runs), *render_unused(runs), *render_against(runs)]
    return "\n".join([*blocks, *notes, tally(runs, spent)])


def _as_written(series: Series, *, trace: bool) -> list[str]:
    """A line for a play, of many seeds one for all; with `trace` each run with its events."""
    many = f", seeds {series.seeds}" if len(series.runs) > 1 else ""
    blocks = [f"ok    {series.path}  sender {series.sender}  {say_time(series.runs[0].ended)}{many}"]
    if trace:
        for run in series.runs:
            told = [*_timeline(run.events, None, trace=True), *render_moves(run, everything=True), ""]
            blocks.append("\n".join(told))
    return blocks


def render_series(series: Series, *, trace: bool = False) -> str:
    """The first of a play's runs that went wrong, and of many seeds those that did."""
    told = wrap("      seeds   ", series.told) if series.told else []
    return "\n".join([render_failure(series.wrong[0], trace=trace), *told, *([""] if told else [])])


def failed(runs: Sequence[Run]) -> int:
    """How many plays did not go as written, and are not waived."""
    return sum(1 for run in runs if run.went_wrong and not run.is_waived)


def tally(runs: Sequence[Run], spent: float | None = None) -> str:
    """The last line: what was played, how it went, the exit status."""
    played = [run for run in runs if not run.not_played]
    paths = {run.path for run in played}
    kind = "standard " if paths and all(path.startswith(f"{_STANDARD}/") for path in paths) else ""
    stories = count_of(len(paths), f"{kind}story", f"{kind}stories")
    plays = count_of(len(played), "play")
    wrong, waived = failed(runs), say_waived(runs)
    good = f"{sum(1 for run in played if not run.went_wrong)} as expected"
    went = ", ".join(filter(None, (good, f"{wrong} not" if wrong else "", waived)))
    told = say_span(sum(run.ended for run in runs))
    within = "" if spent is None else f" in {spent:.1f} s"
    seeds = _seeds(sorted({run.seed for run in runs}))
    joint = ":" if wrong or waived else ","
    went = went if wrong or waived else "all as expected"
    return f"{stories}, {plays}{joint} {went}.  {told} of story time{within}, {seeds}.  Exit {1 if wrong else 0}."


def _seeds(seeds: Sequence[int]) -> str:
    if not seeds:
        return "no seed"
    return f"seed {seeds[0]}" if len(seeds) == 1 else f"seeds {seeds[0]} to {seeds[-1]}"


_TELLING = (EventKind.BREAK, EventKind.PUBLISH, EventKind.WAITS)
"""The events whose text is ours, and tells what they are about."""


def render_failure(run: Run, *, trace: bool = False) -> str:
    """One play that did not go as written: what was expected, the timeline, why, and how to see it again."""
    misses = run.verdict.misses if run.verdict else ()
    first = misses[0]
    is_file = run.path.endswith(".yaml")
    place = f"{run.path}:{first.line}" if first.line and is_file else run.path
    lines = [f"FAIL  {place}  sender {run.sender}" + (f"  over {run.over}" if run.over else "")]
    lines += [line for miss in misses for line in wrap("      ", miss.says)]
    lines += [*render_ended(run), *render_causes(run)]
    if run.slack:
        late = say_span(run.slack)
        says = f"a real mailer takes its time: at this pace moments may be {late} late; --pace 20 blurs less"
        lines += wrap("      note    ", says)
    concerned = _concerned(run, first)
    events = [event for event in run.events if trace or event.message in (None, concerned)]
    if events:
        lines += ["", *_timeline(events, _moment(events, first), trace=trace)]
    lines += [*render_why(run), *render_moves(run, everything=trace)]
    lines += ["", f"      again   {command_again(run)}", ""]
    return "\n".join(lines)


def _concerned(run: Run, miss: Miss) -> str | None:
    """The message that the first miss is about."""
    names = {fate.message for fate in run.fates}
    if miss.message in names:
        return miss.message
    return (miss.message or "").partition("/")[0] or next(iter(sorted(names)), None)


def _moment(events: Sequence[Event], miss: Miss) -> int | None:
    """The event where the story left the road: the last at or before the miss's moment."""
    if miss.at is None:
        return None
    places = [number for number, event in enumerate(events) if event.at <= miss.at + 1e-6]
    return places[-1] if places else None


def _timeline(events: Sequence[Event], left_at: int | None, *, trace: bool) -> list[str]:
    """A line for each event; without `trace` what was told already is only counted."""
    lines = ["      story   who               what"]
    told: set[str] = set()
    again: list[Event] = []
    for number, event in enumerate(events):
        text = tell_event(event)
        if not trace and number != left_at and (text in told or _is_told_by_next(events, number)):
            again += [event] if text in told else []
            continue
        lines += _repeated(again)
        again = []
        told.add(text)
        mark = ">" if number == left_at else " "
        lines.append(cut(f"  {mark}   {say_time(event.at):>7} {text}", WIDTH))
    return lines + _repeated(again)


def tell_event(event: Event) -> str:
    """Who did what to which message, in one line."""
    who = f"{event.who} > {event.host}" if event.host else event.who
    said = f'  "{event.text}"' if event.text and event.kind in (EventKind.REFUSED, EventKind.BOUNCED) else ""
    told = f"  {event.text}" if event.text and event.kind in _TELLING else ""
    cell = f" ({event.cell})" if event.cell and event.kind is not EventKind.ACCEPTED else ""
    line = f"  line {event.line}" if event.line else ""
    what = _DEEDS[event.kind].format(message=event.message, recipient=event.recipient, to=event.to)
    return f"{who:<17} {what}{cell}{said}{told}{line}"


def _is_told_by_next(events: Sequence[Event], number: int) -> bool:
    """Whether an attempt ends within a second, so that its end tells all of it."""
    event = events[number]
    if event.kind is not EventKind.TRIED:
        return False
    same = (event.who, event.host, event.message)
    end = next((one for one in events[number + 1 :] if (one.who, one.host, one.message) == same), None)
    return end is not None and end.kind in (EventKind.REFUSED, EventKind.ACCEPTED) and end.at - event.at < 1


def _repeated(events: Sequence[Event]) -> list[str]:
    if not events:
        return []
    return [f"              ...               the same again until {say_time(events[-1].at)}"]
