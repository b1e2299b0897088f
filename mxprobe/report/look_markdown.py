"""Looks as Markdown, for the summary of a CI job or a comment: the answer, the chain, the findings, the rest folded."""

from collections.abc import Iterable, Sequence

from mxprobe.facts.advice import StepState
from mxprobe.facts.finding import Finding
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.once import known_chain
from mxprobe.mx.plan import Plan
from mxprobe.mx.whatif import why_none
from mxprobe.report.escapes import fenced, markdown_text
from mxprobe.report.forecast_told import ForecastTold, Table, tell_forecast
from mxprobe.report.json import LookDocument
from mxprobe.report.look_advice import ABOUT, AdviceTold, tell_advice
from mxprobe.report.look_chain import AddressRow, HostRow, about_chain, rows_of, why_empty
from mxprobe.report.look_findings import grouped, tally_of
from mxprobe.report.look_sections import sections_of
from mxprobe.report.look_text import answer_of, ending_of, left_open
from mxprobe.report.verdict import findings_of
from mxprobe.report.words import count_of, cut

_HEAD = ("pref", "host", "address", "connect", "banner", "TLS", "certificate", "recipient")
_LONGEST = 500
_QUIET = (StepState.DONE, StepState.WAIT)


def render_looks_markdown(looks: Sequence[LookDocument]) -> str:
    """A section for each look."""
    return "\n\n".join("\n".join(_look(document)) for document in looks) + "\n"


def _look(document: LookDocument) -> list[str]:
    snapshot = document.snapshot
    plan = known_chain(snapshot)
    lines = [f"### mxprobe: {_text(snapshot.domain)}", "", f"**{_text(answer_of(document, plan))}**", ""]
    lines += [*_chain(snapshot, plan), ""]
    lines += [f"#### Findings: {_text(tally_of(document.judgements))}", ""]
    for group in grouped(findings_of(document.judgements)):
        lines += [*_finding(group), ""]
    if document.advice is not None:
        lines += [*_advice(tell_advice(document.advice)), ""]
    if document.forecast is not None:
        told = tell_forecast(document.forecast)
        lines += [*_folded(f"Forecast {told.about}", _forecast(told)), ""]
    elif why := why_none(snapshot):
        lines += [f"No forecast: {_text(why)}.", ""]
    for section in sections_of(document):
        passage = fenced(section.lines) if len(section.lines) > 1 else [_text(section.lines[0])]
        lines += [*_folded(section.title, passage), ""]
    reasons = left_open(document.judgements)
    if reasons:
        count = count_of(sum(map(len, reasons.values())), "rule")
        told_open = [f"- {' '.join(codes)}: {_text(why)}" for why, codes in reasons.items()]
        lines += [*_folded(f"What could not be told ({count})", told_open), ""]
    return [*lines, _text(ending_of(document))]


def _text(text: str) -> str:
    return markdown_text(cut(text, _LONGEST))


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _chain(snapshot: Snapshot, plan: Plan) -> list[str]:
    hosts = rows_of(snapshot, plan)
    if not hosts:
        return [f"No MX host: {_text(why_empty(plan))}."]
    lines = [f"MX chain, {_text(about_chain(snapshot, plan))}:", ""]
    if snapshot.zone is not None:
        lines += [_row(("pref", "host", "addresses")), _row(("---:", "---", "---"))]
        for host in hosts:
            addresses = ", ".join(one.address for one in host.addresses) or host.problem
            lines.append(_row((str(host.preference), _text(host.host), _text(addresses))))
        return lines
    lines += [_row(_HEAD), _row(("---:", *("---",) * (len(_HEAD) - 1)))]
    return [*lines, *(_row(cells) for host in hosts for cells in _cells(host))]


def _cells(host: HostRow) -> list[tuple[str, ...]]:
    """The rows of a host; where senders leave it out, the reason."""
    start = (str(host.preference), _text(host.host))
    if host.problem:
        return [(*start, _text(host.problem), *("",) * 5)]
    return [(*start, *_address(row)) for row in host.addresses]


def _address(row: AddressRow) -> tuple[str, ...]:
    last = f'"{row.words}"' if row.words is not None else row.recipient
    cells = (row.address, row.connect, row.banner, row.tls, row.certificate, last)
    return tuple(_text(cell or "") for cell in cells)


def _finding(group: Sequence[Finding]) -> list[str]:
    """One cause: what is so, the evidence, what it means, what to do, what to paste."""
    first = group[0]
    word = first.severity.value if first.waived is None else "waived"
    mark = f"**{word} {first.code}**"
    lines = [f"- {mark} {_text(one.says)}" for one in group] if len(group) > 1 else [f"{mark} {_text(first.says)}"]
    evidence = [cut(line, _LONGEST) for one in group for line in one.seen]
    lines += ["", *fenced(evidence)] if evidence else []
    told = [_text(first.means) if first.means else "", f"**Do:** {_text(first.do)}" if first.do else ""]
    told = [line for line in told if line]
    lines += ["", "<br>".join(told)] if told else []
    lines += ["", *fenced(first.paste)] if first.paste else []
    notes = []
    if first.waived is not None:
        notes.append(f"waived until {first.waived.until}: {first.waived.because} ({first.waived.place})")
    notes += [f"also {', '.join(first.also)}"] if first.also else []
    notes += [*first.references, f"page: mxprobe explain {first.code}"]
    return [*lines, "", _text("; ".join(notes))]


def _advice(told: AdviceTold) -> list[str]:
    """A table of the steps; what may be done now, and what went wrong, stands out."""
    lines = [f"#### Migration: {_text(ABOUT)}", "", f"{_text(told.about[0].upper() + told.about[1:])}.", ""]
    lines += [f"{_text(told.note)}.", ""] if told.note else []
    lines += [_row(("", "what", "when", "why")), _row(("---",) * 4)]
    for step in told.steps:
        word = _text(step.word) if step.state in _QUIET else f"**{_text(step.word)}**"
        lines.append(_row((word, *map(_text, (step.what, step.when, step.why)))))
    return lines


def _forecast(told: ForecastTold) -> list[str]:
    lines: list[str] = []
    for block in told.blocks:
        lines += [f"**{_text(block.title)}**  ", *(_text(sentence) for sentence in block.says), ""]
        lines += [*_table(block.table), ""] if block.table is not None else []
        lines += [*(_text(sentence) for sentence in block.notes), ""] if block.notes else []
    rest = [f"- {_text(sentence)}" for sentence in (*told.folded, *told.grounds)]
    return [*lines, *rest]


def _table(table: Table) -> list[str]:
    head = _row(_text(cell) for cell in table.head)
    return [head, _row(("---",) * len(table.head)), *(_row(map(_text, cells)) for cells in table.rows)]


def _folded(summary: str, lines: Sequence[str]) -> list[str]:
    return [f"<details><summary>{_text(summary)}</summary>", "", *lines, "", "</details>"]
