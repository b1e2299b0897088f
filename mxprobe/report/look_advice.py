"""How a planned migration stands, in words: each step, what forbids it, and until when."""

from msgspec import Struct

from mxprobe.facts.advice import Advice, MigrationStep, StepState
from mxprobe.report.words import say_span, wrap
from mxprobe.rules.moments import say_moment

ABOUT = "what may be done now, and what must wait"
_WORDS = {
    StepState.DONE: "done",
    StepState.NOW: "NOW",
    StepState.WAIT: "wait",
    StepState.OVERDUE: "OVERDUE",
    StepState.WRONG: "WRONG",
    StepState.UNKNOWN: "?",
}


class StepTold(Struct, frozen=True, kw_only=True):
    """One step in words: how it stands, what is to be done, from or until when, and why (its evidence, where done)."""

    state: StepState
    word: str
    what: str
    when: str
    why: str


class AdviceTold(Struct, frozen=True, kw_only=True):
    """A migration as every format tells it: when it is planned, what it goes by where that is a file, its steps."""

    about: str
    note: str
    steps: tuple[StepTold, ...]


def tell_advice(advice: Advice) -> AdviceTold:
    """The words."""
    about = f"cut-over planned for {_say_when(advice.cut_over, advice.at)}{_say_earliest(advice)}"
    note = f"{advice.file} was read, and nobody was asked what is published" if advice.file else ""
    return AdviceTold(about=about, note=note, steps=tuple(_tell(step, advice.at) for step in advice.steps))


def render_advice(advice: Advice) -> list[str]:
    """The section of a report in text: what is to be done and when, and why below it; what is done has its evidence
    beside it."""
    told = tell_advice(advice)
    lines = ["", f"MIGRATION   {ABOUT}", *wrap(" ", told.about)]
    lines += wrap(" ", f"{told.note}.") if told.note else []
    for step in told.steps:
        label = f" {step.word:<8} "
        if step.state is StepState.DONE:
            lines += wrap(label, f"{step.what} ({step.why})" if step.why else step.what)
            continue
        lines += wrap(label, f"{step.what}  {step.when}" if step.when else step.what)
        lines += wrap(" " * (len(label) + 2), step.why) if step.why else ()
    return lines


def _tell(step: MigrationStep, now: float) -> StepTold:
    when = ""
    if step.until is not None:
        when = f"{'until' if step.state is StepState.WRONG else 'not before'} {_say_when(step.until, now)}"
    if step.by is not None:
        when = f"by {_say_when(step.by, now)}"
    when = "" if step.state is StepState.DONE else when
    return StepTold(state=step.state, word=_WORDS[step.state], what=step.what, when=when, why=step.reason)


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
