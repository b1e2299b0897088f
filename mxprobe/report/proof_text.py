"""A proof as text: the verdict of each host first, then the way of each message, what is found, what is not proven."""

from datetime import UTC, datetime

from msgspec import Struct

from mxprobe.facts.finding import Judgement
from mxprobe.facts.proof import Proof, Route
from mxprobe.mx.draining import drain_of
from mxprobe.mx.proven import DomainProven
from mxprobe.mx.proving import (
    Grade,
    State,
    accepted_at,
    blind_at_end,
    first_copy,
    grade_of,
    hop_to,
    route_of,
    state_of,
)
from mxprobe.report.look_text import render_findings
from mxprobe.report.proof_table import clock, render_table, since
from mxprobe.report.proven_text import say_last_outage
from mxprobe.report.words import WIDTH, count_of, say_span, wrap

_NOBODY = "nobody looks; a token can be told later: --resume FILE --arrived TOKEN"
_MAY_COME = (State.WAITING, State.UNKNOWN, State.UNSEEN)


class Closing(Struct, frozen=True, kw_only=True):
    """What stands in the last lines: the file that the proof is kept in, what was removed from the mailboxes and what
    went wrong with that (None: nothing should be), when each host was last proven, over all proofs that are kept.
    """

    saved: str = ""
    removed: int | None = None
    troubles: tuple[str, ...] = ()
    proven: DomainProven | None = None


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


def render_proof(proof: Proof, judgements: tuple[Judgement, ...], status: int, closing: Closing | None = None) -> str:
    """The verdicts, the table, the findings, what is not proven, when it was proven last."""
    lines: list[str] = []
    closing = closing or Closing()
    for _, host in proof.chain:
        route = route_of(proof, host)
        if route is not None:
            lines += wrap("", say_verdict(proof, route))
    if not_proven := _not_proven(proof):
        lines += wrap("", f"NOT PROVEN for an outage of {_primary(proof)}: see the end.")
    lines += ["", *render_table(proof), "", *render_findings(judgements), "", *not_proven, *_removed(proof, closing)]
    lines += wrap("", say_proven(proof))
    saved = f"Saved: {closing.saved}." if closing.saved else ""
    last = say_last_outage(closing.proven) if closing.proven is not None else ""
    ends = "  ".join(part for part in (last, f"Exit {status}.") if part)
    together = [f"{saved}  {ends}"] if saved and len(saved) + len(ends) + 2 <= WIDTH else [saved, ends]
    return "\n".join([*lines, *(row for part in together if part for row in wrap("", part))])


def _removed(proof: Proof, closing: Closing) -> list[str]:
    """What became of our messages in the mailboxes."""
    if closing.removed is None:
        return []
    waiting = sum(1 for route in proof.routes if state_of(route, proof) in _MAY_COME)
    later = f"; {count_of(waiting, 'message')} may still come: --resume FILE --clean" if waiting else ""
    told = f"{count_of(closing.removed, 'message')} of ours removed from the mailboxes{later}."
    return [*wrap("CLEANED  ", told), *(line for one in closing.troubles for line in wrap("         ", one))]


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
            waited = say_span(proof.watched_until - since(route))
            return f"accepted, not there within {waited}; it may still arrive"
        case State.UNSEEN:
            blind = blind_at_end(proof)
            where = f"the {blind.box.value} could not be looked at from {clock(blind.since)} on" if blind else "unseen"
            return f"accepted; whether it arrived is not known, {where}"
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


def _not_proven(proof: Proof) -> list[str]:
    """What a proof while the primary is up does not show."""
    backups = [route for route in proof.routes if not proof.is_primary(route.via) and not route.is_unknown]
    up = [route.via for route in backups if grade_of(route, proof) is Grade.WHILE_UP]
    if not up:
        return []
    primary = _primary(proof)
    says = f"what {', '.join(up)} does while {primary} is down: recipient checks may depend on it"
    again, waits = f"             mxprobe prove {proof.recipient} --when-down {primary}", "waits for the next outage"
    whole = f"{again}   {waits}"
    return [*wrap("NOT PROVEN   ", says), *([whole] if len(whole) <= WIDTH else [again, f"             {waits}"])]
