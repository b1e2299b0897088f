"""How a planned migration stands, as text: one line for each step, what forbids it, and until when."""

from mxprobe.facts.advice import Advice, MigrationStep, StepState
from mxprobe.report.words import say_span, wrap
from mxprobe.rules.moments import say_moment

_WORDS = {
    StepState.DONE: "done",
    StepState.NOW: "NOW",
    StepState.WAIT: "wait",
    StepState.OVERDUE: "OVERDUE",
    StepState.WRONG: "WRONG",
    StepState.UNKNOWN: "?",
}


def render_advice(advice: Advice) -> list[str]:
    """The section of a report."""
    lines = ["", "MIGRATION   what may be done now, and what must wait"]
    lines += wrap(" ", f"cut-over planned for {_say_when(advice.cut_over, advice.at)}{_say_earliest(advice)}")
    if advice.file:
        lines += wrap(" ", f"{advice.file} was read, and nobody was asked what is published.")
    for step in advice.steps:
        lines += _tell(step, advice.at)
    return lines


def _tell(step: MigrationStep, now: float) -> list[str]:
    """What is to be done and when, and why below it; what is done has its evidence beside it."""
    label = f" {_WORDS[step.state]:<8} "
    if step.state is StepState.DONE:
        return wrap(label, f"{step.what} ({step.reason})" if step.reason else step.what)
    when = ""
    if step.until is not None:
        when = f"{'  until' if step.state is StepState.WRONG else '  not before'} {_say_when(step.until, now)}"
    if step.by is not None:
        when = f"  by {_say_when(step.by, now)}"
    return [*wrap(label, step.what + when), *(wrap(" " * (len(label) + 2), step.reason) if step.reason else ())]


def _say_earliest(advice: Advice) -> str:
    """When it would be safe, where that is later than planned."""
    if advice.earliest is None or advice.earliest <= advice.cut_over:
        return ""
    return f"; not safe before {_say_when(advice.earliest, advice.at)}"


def _say_when(moment: float, now: float) -> str:
    """2026-03-01 08:00 UTC (in 2 d 5 h)."""
    span = say_span(abs(moment - now))
    if abs(moment - now) < 60:
        return f"{say_moment(moment)} (now)"
    return f"{say_moment(moment)} ({f'in {span}' if moment > now else f'{span} ago'})"
