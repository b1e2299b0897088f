"""The way of each message of a proof, step by step, as a table: who took it, who handed it on, where it arrived."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from mxprobe.facts.proof import Answer, Blind, Box, Copy, Handover, Hop, Proof, Route
from mxprobe.facts.run import TlsUse
from mxprobe.mx.labelled import BY_HAND
from mxprobe.mx.proving import State, accepted_at, blind_at_end, hop_to, queued_as, state_of
from mxprobe.report.words import WIDTH, cut, say_span

_TLS = {TlsUse.NONE: "in clear", TlsUse.UNVERIFIED: "TLS", TlsUse.VERIFIED: "TLS, verified"}
_WORDS = {
    Answer.ACCEPTED: "accepted",
    Answer.REFUSED: "refused",
    Answer.LATER: "put off",
    Answer.UNKNOWN: "unknown",
}
_VERSION = re.compile(r"\bTLSv?[ _]?(1(?:\.\d)?)\b", re.IGNORECASE)
_NARROW, _WIDE = 11, 24
"""The column of paths: its usual width, and its widest."""

_MOST_HOPS = 6
"""The most hops of one copy that have a row."""

_CLOSE = 5.0
"""Seconds by which the first hop's latency may differ from the time since the hand-over, which stands beside it."""


class _Step(NamedTuple):
    """One row: what happened, when, by what that is known, and how TLS was used, at the right edge."""

    step: str
    when: str
    evidence: str
    edge: str = ""


def render_table(proof: Proof) -> list[str]:
    """All rows, each of one line."""
    paths = [_path(route) for route in proof.routes]
    width = min(max([_NARROW, *map(len, paths), *(len(_short(host)) for host, _ in proof.unusable)]), _WIDE)
    lines = [_row("path", _Step("step", "when", "evidence"), width)]
    for path, route in zip(paths, proof.routes, strict=True):
        for number, step in enumerate(_steps(proof, route)):
            lines.append(_row("" if number else path, step, width))
    for host, reason in proof.unusable:
        lines.append(_row(_short(host), _Step("not written", "to", reason), width))  # the words go over two columns
    lines += [_row(one.box.value, _blindness(one), width) for one in proof.blind]
    if any(route.begun_at is not None for route in proof.routes):
        lines.append(_row("bounces", _bounces(proof), width))
    if any(route.is_unknown for route in proof.routes):
        lines.append(" (*) for somebody who is not there")
    return lines


def since(route: Route) -> float:
    """When the message was handed over, from which its way is timed."""
    taken = accepted_at(route) or route.last
    return taken.at if taken is not None else (route.begun_at or 0.0)


def clock(at: float) -> str:
    """The time of day, UTC."""
    return datetime.fromtimestamp(at, UTC).strftime("%H:%M:%S")


def _path(route: Route) -> str:
    return _short(route.via) + (" (*)" if route.is_unknown else "")


def _short(host: str) -> str:
    return f"via {host.partition('.')[0]}"


def _row(path: str, step: _Step, width: int) -> str:
    line = f" {cut(path, width):<{width}} {step.step:<11} {step.when:<10} {step.evidence}"
    if not step.edge:
        return cut(line, WIDTH)
    return f"{cut(line, WIDTH - len(step.edge) - 2):<{WIDTH - len(step.edge)}}{step.edge}"


def _steps(proof: Proof, route: Route) -> Iterator[_Step]:
    for handover in route.handovers:
        yield _Step(_WORDS[handover.answer], clock(handover.at), _said(handover), _edge(handover))
    if route.begun_at is None:
        yield _Step("not sent", "", "prove again")
    elif route.trying_at is not None or not route.handovers:
        at = route.begun_at if route.trying_at is None else route.trying_at
        yield _Step("unknown", clock(at), "begun; nobody knows how far it came, and it is not sent again")
    start = since(route)
    if route.down and proof.up_at is not None:
        yield _Step("up again", _after(proof.up_at - start), f"{', '.join(route.down)} takes connections")
    timed = sum(1 for copy in route.copies if copy.at_known)
    number = 0
    for copy in route.copies:
        yield from _hops(copy, route, proof)
        if not copy.at_known:
            yield _Step("arrived", "", copy.place)
            continue
        number += 1
        count = "1 copy" if timed == 1 else f"copy {number} of {timed}"
        notes = next((f"; {note}" for note in copy.notes if "spf" in note.lower()), "")
        yield _Step("arrived", _after(copy.at - start), f"{copy.place}, {count}{notes}")
    for bounce in route.bounces:
        yield _Step("came back", "", f"{bounce.reporter}: {bounce.status or ''} {bounce.diagnostic}".strip())
    if state_of(route, proof) in (State.WAITING, State.LOST, State.UNSEEN) and route.handovers:
        yield from _missing(proof, route)


def _hops(copy: Copy, route: Route, proof: Proof) -> Iterator[_Step]:
    """Who handed a copy on to whom, behind the host of the route. What one host hands to itself is no row."""
    start, before = since(route), _own_hop(copy, route, proof)
    behind = _behind(copy, route, proof)
    for number, hop in enumerate(behind[:_MOST_HOPS]):
        when = _after(hop.at - start) if hop.at is not None else ""
        later = ""
        if hop.at is not None and before is not None and before.at is not None:
            took = hop.at - before.at
            is_said = number == 0 and abs(took - max(hop.at - start, 0.0)) <= _CLOSE
            later = "" if is_said else f"{say_span(abs(took))} {'later' if took >= 0 else 'earlier'}"
        is_above = number > 0 and hop.source == behind[number - 1].by and hop.source[:1].isalpha()
        source = hop.source.partition(".")[0] if is_above else hop.source  # in full it stands in the row above
        says = f"Received: from {source or '?'} by {hop.by or '?'}"
        yield _Step("handed on", when, says, "  ".join(part for part in (later, say_tls(hop.tls)) if part))
        before = hop
    if len(behind) > _MOST_HOPS:
        yield _Step("", "", f"... {len(behind) - _MOST_HOPS} more")


def _behind(copy: Copy, route: Route, proof: Proof) -> tuple[Hop, ...]:
    """The hops behind the host of the route, each by another host than the one before it.

    Where no line tells that this host handed it on, the oldest line is its own: it got the message from here.
    """
    first = hop_to(copy, route, proof)
    begin = copy.hops.index(first) if first is not None else 1
    kept = list[Hop]()
    last = "" if first is not None else next((hop.by for hop in copy.hops[:1]), "")
    for hop in copy.hops[begin:]:
        if hop.by.lower() != last.lower() or not hop.by:
            kept.append(hop)
        last = hop.by
    return tuple(kept)


def _own_hop(copy: Copy, route: Route, proof: Proof) -> Hop | None:
    """The line that the host of the route wrote when it took the message; None where it wrote none."""
    oldest = next(iter(copy.hops), None)
    return None if oldest is hop_to(copy, route, proof) else oldest


def _missing(proof: Proof, route: Route) -> Iterator[_Step]:
    """That a message which was accepted has come nowhere yet, and where to look for it."""
    if route.is_unknown:
        return  # it is there for nobody, and its bounces have a row of their own
    step = "arrived" if proof.is_primary(route.via) else "handed on"
    if not proof.mailbox:
        yield _Step(step, "?", "nobody looked")
        return
    copy = "its mark was not typed" if proof.mailbox == BY_HAND else "no copy"
    says = f"{copy}{', no bounce' if proof.returns and proof.mail_from else ''}, until {_seen_until(proof)}"
    yield _Step(step, "?" if blind_at_end(proof) else "-", says)
    taken = accepted_at(route)
    name = queued_as(taken) if taken is not None else ""
    about = f"{name} in the queue and the log of {route.via}" if name else f"the queue and the log of {route.via}"
    yield _Step("", "", f"Look {'for' if name else 'into'} {about}.")


def _bounces(proof: Proof) -> _Step:
    number = sum(len(route.bounces) for route in proof.routes)
    if not proof.mail_from and not number:
        return _Step("?", "", "no bounce can come back to <>: --from")
    if not proof.returns:
        return _Step(str(number) if number else "?", "", "nobody looked where they come back to: --returns")
    return _Step(str(number) if number else "none", "", f"watched until {_seen_until(proof, Box.RETURNS)}")


def _seen_until(proof: Proof, *boxes: Box) -> str:
    """When somebody could look last."""
    blind = blind_at_end(proof, *boxes)
    return clock(proof.watched_until if blind is None else blind.since)


def _blindness(blind: Blind) -> _Step:
    until = f"until {clock(blind.until)}" if blind.until is not None else "to the end"
    return _Step("not looked", clock(blind.since), f"{until}: {blind.reason}")


def _said(handover: Handover) -> str:
    said = f'"{handover.said}"' if handover.said else handover.cell
    return f"{handover.endpoint.host.partition('.')[0]} {handover.endpoint.address} {said}"


def _edge(handover: Handover) -> str:
    if handover.tls is None:
        return ""
    named = say_tls(handover.tls_version)
    return _TLS[handover.tls].replace("TLS", named) if named else _TLS[handover.tls]


def say_tls(version: str) -> str:
    """TLS 1.3, of what a library or a Received line says ("TLSv1.3", "using TLSv1.3 with cipher ..."); empty where that
    says nothing, TLS where it names no version."""
    if not version.strip():
        return ""
    match = _VERSION.search(version)
    return f"TLS {match[1]}" if match else "TLS"


def _after(seconds: float) -> str:
    return f"+ {say_span(max(seconds, 0.0))}"
