"""Looks as one HTML page that stands alone: no script, no request, readable on a phone and on paper.

Every value passes `escape_text` and jinja2's own escaping; the page forbids itself whatever is not its own style.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from mxprobe.facts.advice import StepState
from mxprobe.facts.finding import Severity
from mxprobe.facts.names import to_unicode
from mxprobe.facts.snapshot import Snapshot
from mxprobe.facts.text import escape_text
from mxprobe.mx.once import known_chain
from mxprobe.mx.whatif import why_none
from mxprobe.report.figures import queries_of, tally
from mxprobe.report.forecast_told import tell_forecast
from mxprobe.report.json import LookDocument
from mxprobe.report.look_advice import ABOUT, tell_advice
from mxprobe.report.look_chain import about_chain, rows_of, why_empty
from mxprobe.report.look_findings import grouped, tally_of
from mxprobe.report.look_sections import sections_of
from mxprobe.report.look_text import answer_of, ending_of, left_open
from mxprobe.report.verdict import COULD_NOT_LOOK, findings_of
from mxprobe.report.waterfall import left_undrawn, waterfalls_of
from mxprobe.report.words import count_of

_LONGEST = 600
_MOST_SEEN = 40
_SHADES = ("error", "warning", "info", "ok")
_STEPS = {
    StepState.DONE: "ok",
    StepState.NOW: "info",
    StepState.OVERDUE: "error",
    StepState.WRONG: "error",
    StepState.UNKNOWN: "warning",
}


def render_looks_html(looks: Sequence[LookDocument]) -> str:
    """The page."""
    told = [_look(document, number) for number, document in enumerate(looks, 1)]
    return _environment().get_template("look.html.j2").render(looks=told)


@cache
def _environment() -> Environment:
    environment = Environment(
        autoescape=True,
        loader=PackageLoader("mxprobe.report"),
        undefined=StrictUndefined,
        finalize=_visible,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals |= {
        "shade": _shade,
        "step_shade": _step_shade,
        "whole": _whole,
        "cell": _cell,
        "is_loud": _is_loud,
    }
    return environment


def _shade(state: str) -> str:
    """The class that colours a state; each is told in words as well."""
    return state if state in _SHADES else "none"


def _step_shade(state: StepState) -> str:
    return _STEPS.get(state, "none")


def _whole(text: str) -> str:
    """A line that somebody will copy: never cut, since what is cut would be pasted so."""
    return Markup.escape(escape_text(text))


def _cell(label: str, text: str | None, kind: str) -> Markup:
    """A cell of a table, which bears its column's name for narrow screens; "-" is nothing there."""
    kinds = " ".join(filter(None, (kind, "empty" if text in (None, "", "-") else "")))
    mark = Markup(' class="{}"').format(kinds) if kinds else ""
    shown = (_visible(label), mark, _visible(text or ""))
    return Markup('<td role="cell" data-label="{}"{}>{}</td>').format(*shown)


def _is_loud(text: str | None) -> bool:
    """Whether a cell cries out: it begins with a word in capitals."""
    return bool(text) and str(text).split()[0].isupper()


def _visible(value: Any) -> Any:
    """A value as it may stand on a page: nothing that a browser obeys, nothing without end."""
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    text = escape_text(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}… ({len(text)} characters)"


def _look(document: LookDocument, number: int) -> Mapping[str, Any]:
    """What the template tells of one look."""
    snapshot = document.snapshot
    plan = known_chain(snapshot)
    falls = waterfalls_of(snapshot)
    reasons = left_open(document.judgements)
    return {
        "id": f"look{number}",
        "domain": to_unicode(snapshot.domain),
        "answer": answer_of(document, plan).removeprefix(f"{to_unicode(snapshot.domain)}: "),
        "state": _state(document),
        "verdict": f"Exit {document.exit_status}: {document.reason}",
        "chain": rows_of(snapshot, plan),
        "about_chain": about_chain(snapshot, plan),
        "why_empty": why_empty(plan),
        "from_zone": snapshot.zone is not None,
        "tally": tally_of(document.judgements),
        "findings": grouped(findings_of(document.judgements)),
        "most_seen": _MOST_SEEN,
        "advice": tell_advice(document.advice) if document.advice is not None else None,
        "about_advice": ABOUT,
        "forecast": tell_forecast(document.forecast) if document.forecast is not None else None,
        "no_forecast": why_none(snapshot) if document.forecast is None else "",
        "sections": sections_of(document),
        "falls": falls,
        "undrawn": left_undrawn(snapshot, falls),
        "reasons": reasons,
        "open_rules": count_of(sum(map(len, reasons.values())), "rule"),
        "looked": _how(document),
        "ending": ending_of(document),
    }


def _state(document: LookDocument) -> str:
    """The word and colour of the whole."""
    if document.exit_status == COULD_NOT_LOOK:
        return "could not look"
    counts = tally(document)
    worst = next((severity for severity in (Severity.ERROR, Severity.WARNING) if counts[severity]), None)
    return worst.value if worst is not None else "ok"


def _how(document: LookDocument) -> tuple[tuple[str, str], ...]:
    """How it was looked, a name and a value each."""
    snapshot = document.snapshot
    vantage = snapshot.vantage
    told = [("looked at", _moment(snapshot.started_at)), ("by", f"mxprobe {snapshot.version}")]
    if snapshot.zone is not None:
        return (*told, ("zone file", snapshot.zone.path))
    sources = sorted({session.source for session in snapshot.sessions if session.source})
    told += [
        ("name servers", ", ".join(vantage.nameservers) or "none"),
        ("from", ", ".join(sources) or "nothing was dialled"),
        ("as", vantage.helo),
        ("families", " and ".join(f"IPv{family}" for family in vantage.families)),
        ("port", str(vantage.port)),
        ("attempts", f"at most {vantage.attempts}, {vantage.spacing:g} s apart, {vantage.timeout:g} s for a reply"),
        ("asked", count_of(queries_of(snapshot), "DNS query", "DNS queries")),
        ("sessions", _sessions(snapshot)),
        ("took", f"{snapshot.elapsed:.1f} s"),
    ]
    return tuple(told)


def _sessions(snapshot: Snapshot) -> str:
    told = count_of(len(snapshot.sessions), "session")
    return told if snapshot.complete else f"{told}; interrupted: this is what was seen by then"


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
