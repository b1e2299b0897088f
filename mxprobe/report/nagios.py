"""Looks for Nagios, Icinga and their kin: one line with the state, figures behind a bar, details on further lines.

The state is that of the findings: an error is CRITICAL, a warning WARNING, and what could not be looked at is UNKNOWN.
Thresholds that a person sets come on top. A figure that was not measured is left out; a threshold of which no figure
was measured is UNKNOWN.

Follows the guidelines of the Monitoring Plugins project (exit codes 0 to 3, performance data, threshold ranges).
"""

from collections.abc import Iterator, Sequence
from enum import IntEnum

from msgspec import Struct

from mxprobe.facts.finding import Finding, Severity
from mxprobe.facts.text import escape_text
from mxprobe.mx.once import known_chain
from mxprobe.report.figures import AddressFigures, addresses_of, hosts_of, queries_of, tally
from mxprobe.report.json import LookDocument
from mxprobe.report.look_text import answer_of, left_open
from mxprobe.report.verdict import COULD_NOT_LOOK, findings_of
from mxprobe.report.words import count_of

_MOST_ADDRESSES = 24
"""So many have figures in the output; thresholds are for all."""

_MOST_FINDINGS = 20
_LONGEST = 400
"""A monitor reads a few kilobytes of a plugin's output and no more."""


class State(IntEnum):
    """What a plugin says by its exit status."""

    OK = 0
    WARNING = 1
    CRITICAL = 2
    UNKNOWN = 3


_BADNESS = (State.OK, State.UNKNOWN, State.WARNING, State.CRITICAL)
"""Of several states the last of these is told."""


class Threshold(Struct, frozen=True, kw_only=True):
    """Bounds of one figure: beyond `warning` it is a warning, beyond `critical` critical. `least`: the figure must not
    fall below them; otherwise it must not rise above."""

    name: str
    warning: float | None = None
    critical: float | None = None
    least: bool = False


FIGURES: dict[str, tuple[bool, str]] = {
    "connect": (False, "seconds until an address has accepted the connection"),
    "banner": (False, "seconds until it has greeted"),
    "tls": (False, "seconds of the handshake"),
    "cert": (True, "days until the certificate of an address ends"),
    "hosts": (True, "MX hosts that answer"),
    "queries": (False, "DNS queries"),
    "elapsed": (False, "seconds that the look took"),
}
"""What thresholds can be set for, whether the figure must not be too small, and what it is."""


class _Figure(Struct, frozen=True, kw_only=True):
    """One figure; `name` is that of its threshold, `unknown` by how much it may be larger."""

    name: str
    label: str
    value: float
    unit: str = ""
    most: int | None = None
    unknown: int = 0


def plain(text: str) -> str:
    """Text of one line that ends neither the line nor the text before the figures."""
    text = escape_text(text.replace("\n", " ")).replace("|", "\\x7c")
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def unknown(message: str) -> str:
    """The output of a call that could not even begin to look."""
    first, *rest = [plain(line) for line in message.split("\n")] or [""]
    return "\n".join([f"MXPROBE {State.UNKNOWN.name} - {first}", *rest])


def state_of(looks: Sequence[LookDocument], thresholds: Sequence[Threshold] = ()) -> State:
    """The worst state of all."""
    return max((_state(document, thresholds, len(looks) > 1) for document in looks), key=_BADNESS.index)


def render_looks_nagios(looks: Sequence[LookDocument], thresholds: Sequence[Threshold] = ()) -> str:
    """The output of the plugin."""
    several = len(looks) > 1
    told = "; ".join(_sentence(document, thresholds, several) for document in looks)
    figures = [figure for document in looks for figure in _figures(document, several, _MOST_ADDRESSES)]
    bounds = {threshold.name: threshold for threshold in thresholds}
    numbers = " ".join(_number(figure, bounds.get(figure.name)) for figure in figures)
    lines = [line for document in looks for line in _details(document, several)]
    state = state_of(looks, thresholds)
    return "\n".join([f"MXPROBE {state.name} - {told} | {numbers}", *lines]) + "\n"


def _state(document: LookDocument, thresholds: Sequence[Threshold], several: bool) -> State:
    state = State.OK
    if document.exit_status == COULD_NOT_LOOK:
        state = State.UNKNOWN
    elif document.exit_status:
        state = State.CRITICAL if tally(document)[Severity.ERROR] else State.WARNING
    beyond = [state for _, state in _beyond(document, thresholds, several)]
    unknown_ones = [State.UNKNOWN for _ in _unmeasured(document, thresholds)]
    return max((state, *beyond, *unknown_ones), key=_BADNESS.index)


def _unmeasured(document: LookDocument, thresholds: Sequence[Threshold]) -> Iterator[str]:
    """The figures that a person set bounds for and of which there is not one: that is no pass."""
    measured = {figure.name for figure in _figures(document, several=False)}
    for bound in thresholds:
        if bound.name not in measured:
            yield f"{bound.name} was not measured, and has a threshold"


def _beyond(document: LookDocument, thresholds: Sequence[Threshold], several: bool) -> Iterator[tuple[str, State]]:
    """The figures that are beyond what a person allows, in words."""
    for figure in _figures(document, several):
        for bound in thresholds:
            if bound.name != figure.name:
                continue
            for state, limit in ((State.CRITICAL, bound.critical), (State.WARNING, bound.warning)):
                value = figure.value + figure.unknown
                if limit is not None and (value < limit if bound.least else value > limit):
                    way = "below" if bound.least else "above"
                    yield f"{figure.label} {_short(figure.value)}{figure.unit} is {way} {_short(limit)}", state
                    break


def _sentence(document: LookDocument, thresholds: Sequence[Threshold], several: bool) -> str:
    snapshot = document.snapshot
    answer = answer_of(document, known_chain(snapshot)).rstrip(".")
    waived = [f"{one.code} until {one.waived.until}" for one in findings_of(document.judgements) if one.waived]
    parts = [
        answer,
        *(words for words, _ in _beyond(document, thresholds, several)),
        *_unmeasured(document, thresholds),
    ]
    parts += [f"waived: {', '.join(dict.fromkeys(waived))}"] if waived else []
    return plain("; ".join(parts))


def _details(document: LookDocument, several: bool) -> list[str]:
    """The findings, each with what is behind it, and what could not be told."""
    domain = f"{document.snapshot.domain}: " if several else ""
    found = [one for one in findings_of(document.judgements) if one.severity is not Severity.OK]
    lines = [line for one in found[:_MOST_FINDINGS] for line in _finding(one, domain)]
    if len(found) > _MOST_FINDINGS:
        lines.append(f"{domain}{count_of(len(found) - _MOST_FINDINGS, 'further finding')}")
    open_ones = sum(map(len, left_open(document.judgements).values()))
    lines += [plain(f"{domain}{count_of(open_ones, 'rule')} could not be judged")] if open_ones else []
    more = len(document.snapshot.visits) - _MOST_ADDRESSES
    if more > 0:
        lines.append(f"{domain}{count_of(more, 'further address', 'further addresses')} without figures")
    return lines


def _finding(found: Finding, domain: str) -> list[str]:
    word, waived = found.severity.value, ""
    if found.waived is not None:
        word, waived = "waived", f" ({word} until {found.waived.until}: {found.waived.because})"
    lines = [f"{domain}{word} {found.code} {found.says}{waived}"]
    lines += [f"  seen {line}" for line in found.seen[:3]]
    lines += [f"  do {found.do}"] if found.do else []
    return [plain(line) for line in lines]


def _figures(document: LookDocument, several: bool, most: int | None = None) -> list[_Figure]:
    """What was measured: of the whole look first, then address by address, `most` of them."""
    snapshot, start = document.snapshot, f"{document.snapshot.domain} " if several else ""
    hosts, figures = hosts_of(snapshot), list[_Figure]()
    if hosts is not None:
        figures.append(
            _Figure(name="hosts", label=f"{start}hosts_up", value=hosts.up, most=hosts.count, unknown=hosts.unknown)
        )
    for severity, count in tally(document).items():
        figures.append(_Figure(name="", label=f"{start}{severity.value}s", value=count))
    figures.append(_Figure(name="queries", label=f"{start}queries", value=queries_of(snapshot)))
    figures.append(_Figure(name="elapsed", label=f"{start}elapsed", value=snapshot.elapsed, unit="s"))
    for address in addresses_of(snapshot)[:most]:
        figures += _of_address(address, start)
    return figures


def _of_address(figures: AddressFigures, start: str) -> Iterator[_Figure]:
    label = f"{start}{figures.endpoint.id}"
    for name, value in (("connect", figures.connect), ("banner", figures.banner), ("tls", figures.tls)):
        if value is not None:
            yield _Figure(name=name, label=f"{label} {name}", value=value, unit="s")
    if figures.days_left is not None:
        yield _Figure(name="cert", label=f"{label} cert_days", value=figures.days_left)


def _number(figure: _Figure, bound: Threshold | None) -> str:
    """'label'=value[unit];[warn];[crit];[min];[max]"""
    label = plain(figure.label).replace("'", "''").replace("=", "\\x3d")
    limits = ["", ""]
    if bound is not None:
        edge = ":" if bound.least else ""
        limits = ["" if one is None else f"{_short(one)}{edge}" for one in (bound.warning, bound.critical)]
    least = "" if figure.name == "cert" else "0"
    most = "" if figure.most is None else str(figure.most)
    return f"'{label}'={_short(figure.value)}{figure.unit};{';'.join((*limits, least, most))}".rstrip(";")


def _short(value: float) -> str:
    """A number without an exponent and without needless digits."""
    text = f"{value:.4f}"
    return text.rstrip("0").rstrip(".")
