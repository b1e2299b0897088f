"""Measurements as tables: of one mailer case by case, of several side by side, and against what a profile predicts."""

from collections.abc import Sequence

from mxprobe.facts.measured import Copy, Measured, Measurement, Outcome
from mxprobe.mx.measuring import essence
from mxprobe.report.words import count_of, cut, say_span

_ENOUGH = 0.98
"""The share of cases that a profile has to predict."""


def say_road(copy: Copy) -> str:
    """The attempts in their order, with the cell of each that failed: "mx1 (C1), mx2"."""
    parts = []
    for one in copy.tried:
        mark = "" if one.cell in (None, "Z1") else f" ({one.cell})"
        parts.append(f"{one.host}{mark}")
    return ", ".join(parts) or "nobody"


def say_end(copy: Copy) -> str:
    """What became of it: "mx2 takes it", "waits", "bounces 5.1.1"."""
    if copy.outcome is Outcome.DELIVERED:
        how = ", in clear" if copy.tls == "none" else ""
        return f"{copy.accepted} takes it{how}"
    if copy.outcome is Outcome.BOUNCED:
        return f"bounces {copy.status}" if copy.status else "bounces"
    return "waits"


def _rows(measured: Measured) -> list[tuple[str, str, str, str]]:
    """One row a copy; who it is is said where there are several."""
    rows = []
    for copy in measured.copies:
        whose = "" if len(measured.copies) == 1 else f"{copy.message} to {copy.recipient.partition('@')[0]}"
        name = measured.case if copy is measured.copies[0] else ""
        rows.append((name, whose, say_road(copy), say_end(copy)))
    return rows


def render_measurement(measurement: Measurement) -> str:
    """A line for each copy of each case."""
    lines = [f"{measurement.mailer} {measurement.version}, {count_of(len(measurement.cases), 'case')}"]
    for measured in measurement.cases:
        for name, whose, road, end in _rows(measured):
            told = f"{whose}: {road}" if whose else road
            lines.append(f" {name:<24} {cut(told, 46):<46} {end}".rstrip())
    return "\n".join(lines)


def render_markdown(measurement: Measurement) -> str:
    """The same as a table in Markdown, with the settings below it."""
    lines = [
        f"# {measurement.mailer} {measurement.version}, measured",
        "",
        f"{count_of(len(measurement.cases), 'case')}, at {measurement.pace:g} times the pace of real time.",
        "",
        "| case | group | attempts | end | after |",
        "| --- | --- | --- | --- | --- |",
    ]
    for measured in measurement.cases:
        for copy, (name, whose, road, end) in zip(measured.copies, _rows(measured), strict=True):
            told = f"{whose}: {road}" if whose else road
            lines.append(f"| {name} | {_plain(measured.group)} | {told} | {end} | {say_span(copy.seconds)} |")
    lines += ["", "Set otherwise than shipped:", ""]
    lines += [f"- `{name} = {value}`" for name, value in measurement.settings]
    return "\n".join(lines) + "\n"


def render_comparison(measurements: Sequence[Measurement]) -> str:
    """Several mailers side by side, in Markdown: the cases in which they do not all do the same come first.

    Words and status codes that differ are no difference.
    """
    names = [f"{one.mailer} {one.version}" for one in measurements]
    by_name = [{measured.case: measured for measured in one.cases} for one in measurements]
    cases = list(dict.fromkeys(measured.case for one in measurements for measured in one.cases))
    apart: list[tuple[str, list[str]]] = []
    alike: list[tuple[str, list[str]]] = []
    for case in cases:
        cells = [_cell(found.get(case)) for found in by_name]
        said = {essence(found[case].copies) for found in by_name if case in found}
        (apart if len(said) > 1 else alike).append((case, cells))
    lines = ["# What four mailers do", "", "Measured case by case; an empty place: the mailer has no such case.", ""]
    for title, rows in (("Where they differ", apart), ("Where they do the same", alike)):
        lines += [f"## {title} ({len(rows)})", "", f"| case | {' | '.join(names)} |", "| --- " * (len(names) + 1) + "|"]
        lines += [f"| {case} | {' | '.join(cells)} |" for case, cells in rows] + [""]
    return "\n".join(lines)


def _cell(measured: Measured | None) -> str:
    if measured is None:
        return ""
    told = []
    for _, whose, road, end in _rows(measured):
        told.append(f"{whose}: {road}: {end}" if whose else f"{road}: {end}")
    return "<br>".join(told)


def _plain(text: str) -> str:
    return text.replace("|", "/")


def render_disagreement(case: str, measured: Sequence[Copy], predicted: Sequence[Copy]) -> list[str]:
    """What was measured, and what the profile has in its place."""
    lines = [f" {case}"]
    for word, copies in (("measured", measured), ("profile", predicted)):
        told = [f"{say_road(copy)}: {say_end(copy)}" for copy in copies]
        lines.append(f"   {word:<9} {'; '.join(told)}")
    return lines


def is_enough(share: float) -> bool:
    """Whether a profile predicts enough of the cases."""
    return share >= _ENOUGH
