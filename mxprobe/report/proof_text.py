"""A proof as text: the verdict of each host first, then the way of each message, what is found, what is not proven."""

from collections.abc import Iterator
from datetime import UTC, datetime

from mxprobe.facts.finding import Judgement
from mxprobe.facts.proof import Answer, Handover, Proof, Route
from mxprobe.facts.run import TlsUse
from mxprobe.mx.draining import drain_of
from mxprobe.mx.proving import Grade, State, accepted_at, first_copy, grade_of, hop_to, route_of, state_of
from mxprobe.report.look_text import render_findings
from mxprobe.report.words import WIDTH, count_of, cut, say_span, wrap

_NOBODY = "nobody looks; a token can be told later: --resume FILE --arrived TOKEN"
_TLS = {TlsUse.NONE: "in clear", TlsUse.UNVERIFIED: "TLS", TlsUse.VERIFIED: "TLS, verified"}
_WORDS = {
    Answer.ACCEPTED: "accepted",
    Answer.REFUSED: "refused",
    Answer.LATER: "put off",
    Answer.UNKNOWN: "unknown",
}


def render_plan(proof: Proof, watch: float) -> str:
    """What would be sent, to whom, and what allows it."""
    lines = [f"Would send {count_of(len(proof.routes), 'message')} (none now) and watch for {say_span(watch)}:"]
    for place, route in enumerate(proof.routes, start=1):
        addresses = ", ".join(dict(proof.addresses).get(route.via, ()))
        note = "  (who is not there)" if route.is_unknown else ""
        to = f"straight to {route.via} {addresses}  from {proof.mail_from or '<>'} to {route.recipient}{note}"
        lines += wrap(f"  {place:>2}  ", to)
    lines.append(f"Allowed by: {proof.allowed_by}")
    lines += wrap("Arrival: ", f"{proof.mailbox or _NOBODY}.")
    lines += wrap("Bounces: ", f"{proof.returns or 'nobody looks; late bounces will not be seen'}.")
    return "\n".join([*lines, "Exit 0."])


def render_proof(proof: Proof, judgements: tuple[Judgement, ...]) -> str:
    """The verdicts, the table, the findings, what is not proven."""
    lines: list[str] = []
    for _, host in proof.chain:
        route = route_of(proof, host)
        if route is not None:
            lines += wrap("", say_verdict(proof, route))
    return "\n".join([*lines, "", *_table(proof), "", *render_findings(judgements), "", *_not_proven(proof)])


def say_proven(proof: Proof) -> str:
    """Which hosts this proof has proven, how, and on which day."""
    day = datetime.fromtimestamp(proof.began_at, UTC).date().isoformat()
    grades = {route.via: grade_of(route, proof) for route in proof.routes if not route.is_unknown}
    outage = [host for host, grade in grades.items() if grade is Grade.IN_OUTAGE]
    up = [host for host, grade in grades.items() if grade is Grade.WHILE_UP]
    told = [f"{', '.join(outage)} proven in an outage on {day}"] if outage else []
    told += [f"{', '.join(up)} proven on {day} while the primary was up"] if up else []
    return f"{'; '.join(told) or f'Nothing was proven on {day}'}."


def say_verdict(proof: Proof, route: Route) -> str:
    """One host in a sentence or two: what is proven of it, and how far the message came."""
    grade, person = grade_of(route, proof), proof.recipient.rpartition("@")[0]
    head = {
        Grade.WHILE_UP: "PROVEN" if proof.is_primary(route.via) else f"PROVEN while {_primary(proof)} is up",
        Grade.IN_OUTAGE: f"PROVEN in an outage of {', '.join(route.down)}",
        Grade.NOT: "NOT PROVEN",
        Grade.OPEN: "NOT PROVEN YET",
    }[grade]
    return f"{route.via}: {head}. Mail for {person}: {_how_far(proof, route)}."


def _primary(proof: Proof) -> str:
    return ", ".join(host for preference, host in proof.chain if preference == proof.best)


def _how_far(proof: Proof, route: Route) -> str:
    said = f' "{route.last.said}"' if route.last is not None and route.last.said else ""
    match state_of(route, proof):
        case State.ARRIVED:
            return _arrival(proof, route)
        case State.BOUNCED:
            bounce = next(one for one in route.bounces if one.action == "failed")
            words = f"{bounce.status or 'no status'} {bounce.diagnostic}".strip()
            return f"accepted, and given back by {bounce.reporter}: {words}"
        case State.REFUSED:
            return f"refused:{said}"
        case State.LATER:
            return f"put off:{said}"
        case State.UNREACHED:
            return "the host was not reached"
        case State.UNTRUSTED:
            return "not handed over: the domain's MTA-STS policy does not allow it"
        case State.UNKNOWN:
            return "the message may have left, and nobody said that it was kept; it is not sent again"
        case State.WAITING:
            waited = say_span(proof.watched_until - _since(route))
            return f"accepted, not there within {waited}; it may still arrive"
        case State.LOST:
            return "accepted, neither there nor given back by the deadline"
        case _:
            return "not sent"


def _arrival(proof: Proof, route: Route) -> str:
    taken, copy = accepted_at(route), first_copy(route)
    hop = hop_to(copy, route, proof) if copy is not None else None
    words = ["accepted", *([f"handed to {hop.by}"] if hop is not None else [])]
    took = f" in {say_span(max(copy.at - taken.at, 0.0))}" if taken is not None and copy is not None else ""
    copies = f", {len(route.copies)} copies" if len(route.copies) > 1 else ""
    return f"{', '.join([*words, f'arrived{took}'])}{copies}{_why_late(proof, route)}"


def _why_late(proof: Proof, route: Route) -> str:
    """What an outage and the schedule of who kept the message have to do with its delay."""
    drain = drain_of(route, proof)
    if drain is None:
        return ""
    seen = "as soon as" if drain.waited < 1 else f"{say_span(drain.waited)} after"
    after = f", {seen} {', '.join(route.down)} was seen up again"
    if drain.mailer is None or drain.longest is None:
        return after
    return f"{after} ({drain.mailer.title} tries again within {say_span(drain.longest)})"


def _since(route: Route) -> float:
    taken = accepted_at(route) or route.last
    return taken.at if taken is not None else (route.begun_at or 0.0)


def _table(proof: Proof) -> list[str]:
    lines = [" path        step        when       evidence"]
    for route in proof.routes:
        path = f"via {route.via.partition('.')[0]}" + (" (*)" if route.is_unknown else "")
        for step, when, evidence in _steps(proof, route):
            lines.append(cut(f" {path:<11} {step:<11} {when:<10} {evidence}", WIDTH))
            path = ""
    lines.append(cut(f" {'bounces':<11} {_watched(proof)}", WIDTH))
    if any(route.is_unknown for route in proof.routes):
        lines.append(" (*) for somebody who is not there")
    return lines


def _watched(proof: Proof) -> str:
    """Whether anything came back, until when that was looked for, and why not longer."""
    came = sum(len(route.bounces) for route in proof.routes)
    if not proof.returns:
        return "not looked for: --returns says where they come back to"
    failed = f"; then not any more: {proof.could_not_look}" if proof.could_not_look else ""
    return f"{came or 'none':<11} {'':<10} watched until {_clock(proof.watched_until)}{failed}"


def _steps(proof: Proof, route: Route) -> Iterator[tuple[str, str, str]]:
    for handover in route.handovers:
        yield _WORDS[handover.answer], _clock(handover.at), _evidence(handover)
    start = _since(route)
    if route.down and proof.up_at is not None:
        yield "up again", f"+{say_span(max(proof.up_at - start, 0.0))}", f"{', '.join(route.down)} takes connections"
    for copy in route.copies:
        hop = hop_to(copy, route, proof)
        if hop is not None:
            at = f"+{say_span(max(hop.at - start, 0.0))}" if hop.at is not None else ""
            yield "handed on", at, f"Received: from {hop.source} by {hop.by}" + (f"  {hop.tls}" if hop.tls else "")
        notes = next((f"; {note}" for note in copy.notes if "spf" in note.lower()), "")
        yield "arrived", f"+{say_span(max(copy.at - start, 0.0))}", f"{copy.place}{notes}"
    if not route.copies and not route.bounces and accepted_at(route) is not None:
        yield "arrived", "-", f"no copy and no bounce until {_clock(proof.watched_until)}; it may still arrive"
    for bounce in route.bounces:
        yield "came back", "", f"{bounce.reporter}: {bounce.status or ''} {bounce.diagnostic}".strip()


def _evidence(handover: Handover) -> str:
    said = f' "{handover.said}"' if handover.said else f" {handover.cell}"
    version = handover.tls_version.replace("TLSv", "TLS ") or "TLS"
    tls = f"  {_TLS[handover.tls].replace('TLS', version)}" if handover.tls is not None else ""
    return f"{handover.endpoint.address}{said}{tls}"


def _clock(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%H:%M:%S")


def _not_proven(proof: Proof) -> list[str]:
    """What a proof while the primary is up does not show."""
    backups = [route for route in proof.routes if not proof.is_primary(route.via) and not route.is_unknown]
    up = [route.via for route in backups if grade_of(route, proof) is Grade.WHILE_UP]
    if not up:
        return []
    primary = _primary(proof)
    says = f"what {', '.join(up)} does while {primary} is down: recipient checks may depend on it"
    again = f"mxprobe prove {proof.recipient} --when-down {primary}"
    return [*wrap("NOT PROVEN   ", says), f"             {again}"]
