"""Two looks beside each other as text: the answer, what changed area by area, findings, what could not be compared."""

from itertools import groupby

from mxprobe.facts.change import Area, Change, NotCompared, Weight
from mxprobe.facts.finding import Finding, Severity, Status
from mxprobe.facts.names import to_unicode
from mxprobe.report.json import DiffDocument
from mxprobe.report.look_findings import render_findings
from mxprobe.report.verdict import findings_of
from mxprobe.report.words import count_of, say_span, wrap
from mxprobe.rules.domain.drift import COMPARING
from mxprobe.rules.moments import say_moment

MOST_CHANGES = 40
"""So many changes of an area are shown; all are in --format json."""

_MOST_LINES = 8
_COMPARES = frozenset(module.RULE.code for module in COMPARING)
_NOUNS = {Weight.ALARMING: ("alarming", "alarming"), Weight.CHANGE: ("change", "changes")}
_NOUNS[Weight.RENEWAL] = ("renewal", "renewals")


def render_diff(document: DiffDocument) -> str:
    """The whole report."""
    lines = [*wrap("", answer(document)), ""]
    span = f"from {say_moment(document.old_at)} to {say_moment(document.new_at)}"
    lines += wrap("CHANGED    ", f"{tally(document) or 'nothing'}; {span}")
    for area, changes in groupby(document.changes, key=lambda change: change.area):
        lines += _area(area, tuple(changes))
    lines += ["", *render_findings(document.judgements)]
    lines += _mended(document.mended)
    lines += _not_compared(document.unknown)
    return "\n".join([*lines, "", *wrap("", ending(document))])


def answer(document: DiffDocument) -> str:
    """The first sentence: the worst of what changed, never more than both looks tell."""
    name, when = to_unicode(document.domain), say_span(max(document.new_at - document.old_at, 0))
    errors = [one for one in findings_of(document.judgements) if one.severity is Severity.ERROR]
    worst = next((one for one in errors if one.code in _COMPARES), None)
    alarming = next((one for one in document.changes if one.weight is Weight.ALARMING), None)
    if worst is not None:
        return f"{name}: {worst.says}; {tally(document)} in {when}."
    if alarming is not None:
        return f"{name}: {alarming.what} of {alarming.subject}: {alarming.because}; {tally(document)} in {when}."
    told = "" if not document.unknown else ", as far as both probes tell"
    if not document.changes:
        return f"{name}: nothing changed in {when}{told}."
    return f"{name}: {tally(document)} in {when}; none looks like mail in other hands{told}."


def tally(document: DiffDocument) -> str:
    """1 alarming, 2 changes, 3 renewals."""
    counts = [(weight, sum(1 for one in document.changes if one.weight is weight)) for weight in _NOUNS]
    return ", ".join(count_of(count, *_NOUNS[weight]) for weight, count in counts if count)


def ending(document: DiffDocument) -> str:
    """The last line: what was compared, what could not be, and the exit status with its reason."""
    passed = sum(1 for one in document.judgements if one.status is Status.PASSES)
    counts = f"{count_of(len(document.changes), 'difference')}, {len(document.unknown)} could not be compared"
    rules = f"{count_of(passed, 'rule')} passed"
    asked = "nobody was asked or dialled"
    return f"{counts}, {rules}; {asked}.  Exit {document.exit_status}: {document.reason}."


# -- what changed ------------------------------------------------------------------------------------------------------


def _area(area: Area, changes: tuple[Change, ...]) -> list[str]:
    lines = [f" {area.value}"]
    for change in changes[:MOST_CHANGES]:
        lines += wrap(f"  {change.weight.value:<9} ", f"{change.subject}: {change.what}")
        for label, text in sides(change):
            lines += wrap(f"            {label:<5} ", text)
        lines += wrap(f"            {'why':<5} ", change.because) if change.because else []
    if len(changes) > MOST_CHANGES:
        lines.append(f"            and {len(changes) - MOST_CHANGES} more: --format json")
    return lines


def sides(change: Change) -> tuple[tuple[str, str], ...]:
    """What was and what is, each line with its label; what stands on both sides is left out, of very many the first."""
    if len(change.old) == len(change.new) and change.what == "certificate":
        return tuple(("", _arrow(one, other)) for one, other in zip(change.old, change.new, strict=True))
    if len(change.old) == len(change.new) == 1:
        return (("", f"{change.old[0]} -> {change.new[0]}"),)
    there, then = set(change.new), set(change.old)
    lines = [("gone", text) for text in change.old if text not in there]
    lines += [("new", text) for text in change.new if text not in then]
    if len(lines) > _MOST_LINES:
        return (*lines[: _MOST_LINES - 1], ("", f"and {len(lines) - _MOST_LINES + 1} more"))
    return tuple(lines)


def _arrow(old: str, new: str) -> str:
    """Two values of one field: its name once."""
    field, _, value = old.partition(" ")
    return f"{field} {value} -> {new.removeprefix(f'{field} ')}"


def _mended(mended: tuple[Finding, ...]) -> list[str]:
    if not mended:
        return []
    lines = ["", f"MENDED     {count_of(len(mended), 'finding')} of the earlier probe, not found any more"]
    for one in mended:
        lines += wrap(f" {one.severity.value:<7} {one.code}  ", one.says)
    return lines


def _not_compared(unknown: tuple[NotCompared, ...]) -> list[str]:
    if not unknown:
        return []
    lines = ["", "NOT COMPARED   one of the probes does not tell"]
    reasons: dict[str, list[str]] = {}
    for one in unknown:
        reasons.setdefault(one.why, []).append(f"{one.subject} {one.what}")
    for why, things in list(reasons.items())[:MOST_CHANGES]:
        more = f" and {len(things) - _MOST_LINES} more" if len(things) > _MOST_LINES else ""
        lines += wrap(" ", f"{', '.join(things[:_MOST_LINES])}{more}: {why}")
    if len(reasons) > MOST_CHANGES:
        lines.append(f" and {len(reasons) - MOST_CHANGES} reasons more: --format json")
    return lines
