"""Two looks beside each other as Markdown, for the summary of a CI job or a ticket."""

from collections.abc import Sequence

from mxprobe.facts.finding import Finding, Severity
from mxprobe.report.diff_text import MOST_CHANGES, answer, ending, sides
from mxprobe.report.escapes import markdown_text
from mxprobe.report.json import DiffDocument
from mxprobe.report.verdict import findings_of
from mxprobe.report.words import cut

_LONGEST = 500


def render_diffs_markdown(diffs: Sequence[DiffDocument]) -> str:
    """For each comparison the answer, a table of what changed, the findings, and what could not be compared."""
    return "\n".join(_render(document) for document in diffs)


def _render(document: DiffDocument) -> str:
    lines = [f"**mxprobe diff**: {_text(answer(document))}", ""]
    if document.changes:
        lines += ["| | where | what | old and new | why |", "| --- | --- | --- | --- | --- |"]
    for change in document.changes[:MOST_CHANGES]:
        told = "<br>".join(_text(f"{label} {text}".strip()) for label, text in sides(change))
        about = f"{_text(change.subject)}: {_text(change.what)}"
        weight = f"**{change.weight.value}**" if change.weight.rank == 0 else change.weight.value
        lines.append(f"| {weight} | {change.area.value} | {about} | {told} | {_text(change.because)} |")
    if len(document.changes) > MOST_CHANGES:
        lines += ["", f"and {len(document.changes) - MOST_CHANGES} more"]
    lines += [""] if document.changes else []
    found = [one for one in findings_of(document.judgements) if one.severity is not Severity.OK]
    lines += [_finding(one) for one in found]
    lines += [f"- mended: {one.code} {_text(one.says)}" for one in document.mended]
    lines += [
        f"- not compared: {_text(f'{one.subject} {one.what}: {one.why}')}" for one in document.unknown[:MOST_CHANGES]
    ]
    lines += [""] if found or document.mended or document.unknown else []
    return "\n".join([*lines, _text(ending(document))]) + "\n"


def _finding(one: Finding) -> str:
    seen = "".join(f"\n  - {_text(line)}" for line in one.seen)
    return f"- **{one.severity.value}** {one.code} {_text(one.says)}{seen}"


def _text(text: str) -> str:
    return markdown_text(cut(text, _LONGEST))
