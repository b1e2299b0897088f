"""Sessions as waterfalls: each phase a bar on an axis of seconds, as the page of a look draws them.

Sessions share one axis, so that they can be compared; those that take far longer than the rest share another.
"""

from collections.abc import Iterable, Sequence
from math import ceil, floor, log10

from msgspec import Struct

from mxprobe.facts.names import to_unicode
from mxprobe.facts.session import Session, Turn
from mxprobe.facts.snapshot import Snapshot
from mxprobe.facts.text import escape
from mxprobe.report.words import cut, say_span

_LABELS = 24.0
"""Percent of the width in which the names of the phases stand."""

_LEAST = 0.6
_FLIP = 78.0
_ROW, _TOP = 22, 26
_QUICK = 5.0
_MOST_TURNS = 40
_LONGEST = 300
MOST_SESSIONS = 60
"""So many sessions are drawn; the JSON has all."""


class Bar(Struct, frozen=True, kw_only=True):
    """One phase: its bar and the text beside it, in percent of the width and in pixels from the top."""

    phase: str
    told: str
    took: str
    y: int
    x: str
    width: str
    text_x: str
    flipped: bool
    kind: str


class Tick(Struct, frozen=True, kw_only=True):
    """A line across the axis with its time."""

    x: str
    told: str


class Spoken(Struct, frozen=True, kw_only=True):
    """One turn in words: when, what was said, what came back."""

    at: str
    sent: str
    came: str
    failed: bool


class Waterfall(Struct, frozen=True, kw_only=True):
    """One session."""

    title: str
    about: str
    failed: bool
    bars: tuple[Bar, ...]
    ticks: tuple[Tick, ...]
    height: int
    spoken: tuple[Spoken, ...]
    left_out: int


def waterfalls_of(snapshot: Snapshot) -> tuple[Waterfall, ...]:
    """The sessions with every address of the chain, and with hosts of a migration, in the order of a sender."""
    found = []
    for visit in snapshot.all_visits:
        sessions = (*visit.sessions, *((visit.again,) if visit.again is not None else ()))
        found += [(session, number, len(sessions)) for number, session in enumerate(sessions, 1)]
    found = found[:MOST_SESSIONS]
    quick = _axis(took for session, _, _ in found if (took := _duration(session)) <= _QUICK)
    slow = _axis(_duration(session) for session, _, _ in found)
    return tuple(
        _waterfall(session, number, count, quick if _duration(session) <= _QUICK else slow)
        for session, number, count in found
    )


def _duration(session: Session) -> float:
    return max((turn.ended for turn in session.turns), default=0.0)


def _axis(durations: Iterable[float]) -> float:
    """Where an axis ends: at the next 1, 2 or 5 of its power of ten."""
    longest = max((*durations, 0.001))
    power = 10.0 ** floor(log10(longest))
    return power * next(step for step in (1, 2, 5, 10) if ceil(longest / power * 1000) <= step * 1000)


def _waterfall(session: Session, number: int, count: int, axis: float) -> Waterfall:
    endpoint, turns = session.endpoint, session.turns[:_MOST_TURNS]
    attempt = f", attempt {number} of {count}" if count > 1 else ""
    title = f"{to_unicode(endpoint.host)} {endpoint.address}{attempt}"
    return Waterfall(
        title=title,
        about=_about(session),
        failed=session.failure is not None,
        bars=tuple(_bar(turn, place, axis) for place, turn in enumerate(turns)),
        ticks=tuple(Tick(x=_percent(part * 100), told=say_seconds(axis * part)) for part in (0.0, 0.5, 1.0)),
        height=_TOP + _ROW * len(turns),
        spoken=tuple(_spoken(turn) for turn in turns),
        left_out=len(session.turns) - len(turns),
    )


def _about(session: Session) -> str:
    """How long it took, under which TLS, and how it ended."""
    parts = [say_seconds(_duration(session))]
    if session.tls is not None:
        parts.append(f"{session.tls.version.replace('TLSv', 'TLS ')}, {session.tls.cipher}")
    if session.failure is not None:
        detail = f" ({session.failure.detail})" if session.failure.detail else ""
        parts.append(f"ended at {session.failure.phase}: {session.failure.kind}{detail}")
    return cut("; ".join(parts), _LONGEST)


def _bar(turn: Turn, place: int, axis: float) -> Bar:
    begin, end = (min(max(at, 0.0) / axis, 1.0) * 100 for at in (turn.started, turn.ended))
    width = max(end - begin, _LEAST)
    begin = min(begin, 100 - width)
    flipped = begin + width > _FLIP
    failed, reply = turn.failure is not None, turn.reply
    refused = reply is not None and reply.severity in (4, 5)
    words = reply.text if reply is not None else (turn.failure.kind if turn.failure is not None else "")
    took = say_seconds(turn.elapsed)
    outcome = f" {turn.failure.kind}" if turn.failure is not None else f" {reply.code}" if reply is not None else ""
    return Bar(
        phase=turn.phase.upper(),
        told=cut(f"{turn.phase.upper()} at {say_seconds(turn.started)}, {took}: {words}".rstrip(": "), _LONGEST),
        took=f"{took}{outcome}",
        y=_TOP + _ROW * place,
        x=_percent(begin),
        width=_percent(width, scaled=True),
        text_x=_percent(begin if flipped else begin + width),
        flipped=flipped,
        kind="bad" if failed or refused else "tls" if turn.secured else "plain",
    )


def _percent(of_axis: float, *, scaled: bool = False) -> str:
    """A place on the axis, or a length along it, in percent of the whole width."""
    return f"{(0.0 if scaled else _LABELS) + of_axis * (100 - _LABELS) / 100:.2f}%"


def _spoken(turn: Turn) -> Spoken:
    sent = escape(turn.command.rstrip(b"\r\n")) if turn.command else turn.phase.value
    if turn.reply is not None:
        came = turn.reply.text
    elif turn.failure is not None:
        came = f"{turn.failure.kind} {turn.failure.detail}".strip()
    else:
        came = "done"
    came = cut(came, _LONGEST)
    return Spoken(at=say_seconds(turn.started), sent=cut(sent, _LONGEST), came=came, failed=turn.failure is not None)


def say_seconds(seconds: float) -> str:
    """Short spans as a person reads them: 0, 20 ms, 1.5 s, 2 min."""
    if seconds <= 0:
        return "0"
    if seconds < 0.9995:
        return f"{seconds * 1000:.3g} ms"
    return f"{seconds:.3g} s" if seconds < 59.5 else say_span(seconds)


def left_undrawn(snapshot: Snapshot, falls: Sequence[Waterfall]) -> int:
    """How many sessions are not drawn."""
    return sum(len(visit.sessions) + (visit.again is not None) for visit in snapshot.all_visits) - len(falls)
