"""What a proof has shown of each MX host, thought out from what was seen: how far a message came, and what that proves.

A message that was accepted and has neither arrived nor bounced waits until its deadline; only then is it lost. One
whose final dot may have left without an answer is unknown in the same way. While nobody could look, nothing is lost.

Standards: RFC 5321 §4.2.5 and §6.1 (who has accepted answers for it).
"""

import re
from enum import StrEnum

from mxprobe.facts.proof import Answer, Blind, Box, Copy, Handover, Hop, Proof, Route
from mxprobe.facts.smtp import Phase
from mxprobe.mx.cells import CELLS
from mxprobe.mx.labelled import BY_HAND
from mxprobe.mx.matrix import Why, classify_turn
from mxprobe.mx.outcome import Action

_TAKEN = "Z1"
_AMBIGUOUS = ("Z5", "Z6")
"""Cells in which the content may have left, and nobody has said that it was kept."""

_QUEUED = re.compile(
    r"queued as ([A-Za-z0-9]+)|\bid=([A-Za-z0-9-]+)|2\.0\.0 ([A-Za-z0-9]+) Message accepted for delivery"
)
"""How Postfix, Exim, and sendmail and OpenSMTPD say by which name they keep a message."""

_FAILED = "failed"
_SPOKEN = (Phase.BANNER, Phase.EHLO, Phase.MAIL, Phase.RCPT, Phase.DATA, Phase.DOT)


class State(StrEnum):
    """How far one message has come."""

    PLANNED = "planned"
    REFUSED = "refused"
    LATER = "put off"
    UNREACHED = "not reached"
    UNTRUSTED = "not trusted"
    UNKNOWN = "unknown"
    WAITING = "not there yet"
    UNSEEN = "could not be looked for"
    LOST = "lost"
    BOUNCED = "bounced"
    ARRIVED = "arrived"


class Grade(StrEnum):
    """What is proven of a host: that mail over it arrives while the primary is up, in an outage of it, or nothing;
    or that it may still arrive."""

    WHILE_UP = "while-up"
    IN_OUTAGE = "in-outage"
    NOT = "no"
    OPEN = "open"


def answer_of(cell: str, code: int | None) -> Answer:
    """What the cell in which a handover ended says of the message; `code` is that of the last reply, if any."""
    if cell == _TAKEN:
        return Answer.ACCEPTED
    if cell in _AMBIGUOUS or (cell[0] == "Z" and not _is_no(code)):
        return Answer.UNKNOWN
    if code is not None and code >= 500 and CELLS[cell].id[0] != "Q":
        return Answer.REFUSED
    return Answer.LATER


def _is_no(code: int | None) -> bool:
    """Whether a reply says that a message is not kept: 4yz or 5yz, and no garbage in their place."""
    return code is not None and code // 100 in (4, 5)


def state_of(route: Route, proof: Proof) -> State:
    """How far the message came, by the end of the watch."""
    if route.copies:
        return State.ARRIVED
    if any(bounce.action == _FAILED for bounce in route.bounces):
        return State.BOUNCED
    last = route.last
    if route.begun_at is None:
        return State.PLANNED
    if last is None or route.trying_at is not None:
        return _awaited(proof, State.UNKNOWN)
    if last.answer is Answer.ACCEPTED:
        return _awaited(proof, State.WAITING)
    if last.answer is Answer.UNKNOWN:
        return _awaited(proof, State.UNKNOWN)
    if last.cell[0] == "C" or last.cell in ("B5", "B6"):
        return State.UNREACHED
    if last.cell[0] == "T" and CELLS[last.cell].action is not Action.BOUNCE:
        return State.UNTRUSTED
    return State.REFUSED if last.answer is Answer.REFUSED else State.LATER


def blind_at_end(proof: Proof, *boxes: Box) -> Blind | None:
    """Why nobody knows what came last: one of these boxes (none named: any) could not be looked at any more."""
    wanted = boxes or tuple(Box)
    return next((one for one in proof.blind if one.until is None and one.box in wanted), None)


def _awaited(proof: Proof, until_then: State) -> State:
    """Not there yet, or lost, as far as somebody could look: for the copy, and past the deadline for a bounce, too."""
    is_late = proof.watched_until >= proof.deadline
    unseen = State.UNSEEN if until_then is State.WAITING else until_then
    if blind_at_end(proof, *(() if is_late else (Box.MAILBOX,))) is not None:
        return unseen
    is_watched = proof.mailbox not in ("", BY_HAND)  # a mark that nobody typed says nothing
    return State.LOST if is_late and is_watched else until_then


def grade_of(route: Route, proof: Proof) -> Grade:
    """What the route proves of the host that it went over."""
    state = state_of(route, proof)
    if state is State.ARRIVED:
        return Grade.IN_OUTAGE if _was_in_outage(route, proof) else Grade.WHILE_UP
    return Grade.OPEN if state in (State.UNKNOWN, State.WAITING, State.UNSEEN, State.PLANNED) else Grade.NOT


def _was_in_outage(route: Route, proof: Proof) -> bool:
    """Whether every primary was down when the message was taken."""
    taken = accepted_at(route) or route.last
    was_over = taken is not None and proof.up_at is not None and taken.at >= proof.up_at
    return bool(route.down) and proof.primaries <= set(route.down) and not was_over


def route_of(proof: Proof, host: str) -> Route | None:
    """The message for the recipient who is there that went over a host; the last one, where there are several."""
    return next((route for route in reversed(proof.routes) if route.via == host and not route.is_unknown), None)


def first_copy(route: Route) -> Copy | None:
    """The copy that came first."""
    return min(route.copies, key=lambda copy: copy.at, default=None)


def hop_to(copy: Copy, route: Route, proof: Proof) -> Hop | None:
    """The hop by which the host of the route handed a copy on; None where the trace shows none."""
    names = names_of(proof, route.via)
    for hop in copy.hops:
        came_from_it = hop.source.lower() in names or any(_names(hop.client.lower(), name) for name in names)
        if came_from_it and hop.by.lower() not in names:
            return hop
    return None


def _names(client: str, name: str) -> bool:
    """Whether what stands in a trace names a host, whole: 192.0.2.1 is not in 192.0.2.10."""
    return re.search(rf"(?<![\w.:-]){re.escape(name)}(?![\w:-]|\.\w)", client) is not None


def may_have_left(route: Route) -> bool:
    """Whether the content of a message may have left us: only then can a copy of it be there."""
    if route.begun_at is None:
        return False
    tried = route.handovers
    return route.trying_at is not None or not tried or any(one.cell[0] == "Z" for one in tried)


def is_same_copy(one: Copy, other: Copy) -> bool:
    """Whether two copies of one message are one: the same came by the same way, or somebody only says that it came.

    A message that was moved to another folder, or that a command names at each look, came once.
    """
    if not one.hops or not other.hops:
        return True
    return [hop.raw for hop in one.hops] == [hop.raw for hop in other.hops]


def names_of(proof: Proof, host: str) -> frozenset[str]:
    """The name of a host, and its addresses, by which a trace may call it."""
    return frozenset({host.lower(), *dict(proof.addresses).get(host, ())})


def accepted_at(route: Route) -> Handover | None:
    """The handover that was accepted."""
    return next((one for one in route.handovers if one.answer is Answer.ACCEPTED), None)


def queued_as(handover: Handover) -> str:
    """The name that the host gave the message in its queue; empty where it gave none that is known."""
    match = _QUEUED.search(handover.said)
    return next((name for name in match.groups() if name), "") if match is not None else ""


def why_of(handover: Handover) -> tuple[Answer, Why]:
    """What the host meant by the last thing that it said otherwise than yes."""
    turns = [turn for turn in handover.turns if turn.phase in _SPOKEN]
    turn = next((turn for turn in reversed(turns) if turn.reply is not None and not turn.reply.is_positive), None)
    if turn is None:
        return handover.answer, Why.PLAIN
    return classify_turn(turn)


def is_worth_asking_again(handover: Handover) -> bool:
    """Whether the host put the message off in a way that greylisting does, and may take it after a wait."""
    if handover.answer is not Answer.LATER or handover.cell[0] not in "MR":
        return False
    return why_of(handover)[1] in (Why.GREYLISTED, Why.PLAIN)
