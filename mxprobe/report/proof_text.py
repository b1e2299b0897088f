"""A proof as text: the verdict of each host first, then the way of each message, what is found, what is not proven."""

import shlex
from datetime import UTC, datetime

from msgspec import Struct

from mxprobe.facts.finding import Judgement
from mxprobe.facts.proof import Proof, Route
from mxprobe.facts.text import escape_text
from mxprobe.mx.consent import FLAG
from mxprobe.mx.draining import drain_of
from mxprobe.mx.labelled import BY_HAND, SAID_PLACE
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
from mxprobe.report.look_findings import render_findings
from mxprobe.report.proof_table import clock, render_table, since
from mxprobe.report.proven_text import say_last_outage
from mxprobe.report.words import WIDTH, count_of, say_span, wrap

_NOBODY = "nobody looks; a token can be told later: --resume FILE --arrived TOKEN"
_NO_BOUNCES = (
    "nothing can come back to the null sender <>, so that late bounces will not be seen: --from you@example.com"
)
_MAY_HAVE_LEFT = "the message may have left, and nobody said that it was kept"
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
    for host, reason in proof.unusable:
        lines += wrap("   -  ", f"nothing to {host}: {reason}")
    word = ", your word alone: no TXT record was asked for" if proof.allowed_by == FLAG else ""
    lines += wrap("Allowed by: ", f"{proof.allowed_by}{word}")
    lines += wrap("Arrival: ", f"{proof.mailbox or _NOBODY}.")
    if not proof.mail_from:
        lines += wrap("Bounces: ", f"{_NO_BOUNCES}.")
    else:
        lines += wrap("Bounces: ", f"{proof.returns or 'nobody looks; late bounces will not be seen'}.")
    return "\n".join([*lines, "Exit 0."])


def render_warning(proof: Proof) -> str:
    """What the person should know before the first message is sent; nothing where there is no such thing."""
    lines: list[str] = []
    sends = any(route.begun_at is None for route in proof.routes)
    if sends and proof.allowed_by == FLAG:
        owned = f"{FLAG} is your word alone that {proof.domain} is yours: no TXT record was asked for"
        lines += wrap("warning: ", f"{owned}; its hosts see who writes")
    if sends and not proof.mail_from:
        lines += wrap("warning: ", _NO_BOUNCES)
    if proof.mailbox == BY_HAND:
        lines += wrap("Arrival: ", f"{proof.mailbox}, here, one a line; it stands in the subject.")
    return "\n".join(lines)


def render_proof(proof: Proof, judgements: tuple[Judgement, ...], status: int, closing: Closing | None = None) -> str:
    """The verdicts, the table, the findings, what is not proven, when it was proven last."""
    lines: list[str] = []
    closing = closing or Closing()
    for host in dict.fromkeys((*(host for _, host in proof.chain), *dict(proof.unusable))):
        if verdict := _verdict_of(proof, host):
            lines += wrap("", verdict)
    if not proof.complete:
        seen = f"This proof was interrupted: nothing that came after {clock(proof.watched_until)} is in it."
        lines += wrap("", seen)
    lines += _later(proof, closing.saved)
    if not_proven := _not_proven(proof):
        lines += wrap("", f"NOT PROVEN for an outage of {_primary(proof)}: see the end.")
    lines += ["", *render_table(proof), "", *render_findings(judgements), "", *not_proven, *_removed(proof, closing)]
    lines += wrap("", say_proven(proof))
    saved = f"Saved: {closing.saved}." if closing.saved else ""
    last = say_last_outage(closing.proven) if closing.proven is not None else ""
    ends = "  ".join(part for part in (last, f"Exit {status}.") if part)
    together = [f"{saved}  {ends}"] if saved and len(saved) + len(ends) + 2 <= WIDTH else [saved, ends]
    return "\n".join([*lines, *(row for part in together if part for row in wrap("", part))])


def _verdict_of(proof: Proof, host: str) -> str:
    """What is to be said of one host of the chain; nothing of one that nobody meant to write to."""
    route = route_of(proof, host)
    if route is not None:
        return say_verdict(proof, route)
    reason = dict(proof.unusable).get(host)
    return "" if reason is None else say_unusable(host, reason)


def say_unusable(host: str, reason: str) -> str:
    """A host of the chain that nothing could be proven of, and why."""
    return f"{host}: NOT PROVEN. No message can be handed to it from here: {reason}."


def _later(proof: Proof, saved: str) -> list[str]:
    """How to go on with messages of which more may be known later; what to type stands on a line of its own."""
    waiting = [one for one in proof.routes if not one.is_unknown and state_of(one, proof) in _MAY_COME]
    if not waiting:
        return []
    resume = f"mxprobe prove --resume {shlex.quote(saved) if saved else 'FILE'}"
    lines = [escape_text(f"Later: {resume}")]
    if not proof.mailbox or proof.mailbox == BY_HAND:
        lines.append("or, of each message that has come:")
        lines += [escape_text(f"       {resume} --arrived {one.token}   over {one.via}") for one in waiting]
    return lines


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
    routes = [route for route in proof.routes if not route.is_unknown]
    outage = [route.via for route in routes if grade_of(route, proof) is Grade.IN_OUTAGE]
    up = [route for route in routes if grade_of(route, proof) is Grade.WHILE_UP]
    told = [f"{', '.join(outage)} proven in an outage on {day}"] if outage else []
    if up:
        is_whole = all(not _missed(proof, route) for route in up)
        how = "while the primary was up" if is_whole else "and not in an outage of every primary"
        told.append(f"{', '.join(route.via for route in up)} proven on {day} {how}")
    return f"{'; '.join(told) or f'Nothing was proven on {day}'}."


def say_verdict(proof: Proof, route: Route) -> str:
    """One host in a sentence or two: what is proven of it, and how far the message came."""
    grade, person = grade_of(route, proof), proof.recipient.rpartition("@")[0]
    head = {
        Grade.WHILE_UP: "PROVEN" if proof.is_primary(route.via) else f"PROVEN {_while_up(proof, route)}",
        Grade.IN_OUTAGE: f"PROVEN in an outage of {', '.join(route.down)}",
        Grade.NOT: "NOT PROVEN",
        Grade.OPEN: "NOT PROVEN" if route.begun_at is None else "NOT PROVEN YET",
    }[grade]
    return f"{route.via}: {head}. Mail for {person}: {_how_far(proof, route)}."


def _while_up(proof: Proof, route: Route) -> str:
    """Of which primaries nothing says that they were down, and which better hosts did not answer."""
    missed = _missed(proof, route)
    up = [host for preference, host in proof.chain if preference == proof.best and host not in missed]
    if not up:
        return f"(whether {_primary(proof)} was up is not known)"
    return f"while {', '.join(up)} is up{f' ({_none_of(missed)})' if missed else ''}"


def _missed(proof: Proof, route: Route) -> dict[str, str]:
    """The better hosts that were not up as far as is known, and why; none where they came up before the message."""
    taken = accepted_at(route)
    was_over = proof.up_at is not None and taken is not None and taken.at >= proof.up_at
    down = () if was_over else route.down
    unusable = sorted(proof.primaries - set(dict(proof.addresses)) - set(down))
    return {**dict.fromkeys(down, "did not answer"), **dict.fromkeys(unusable, "cannot be written to from here")}


def _none_of(missed: dict[str, str]) -> str:
    reasons = dict.fromkeys(missed.values())
    return "; ".join(
        f"{', '.join(host for host, why in missed.items() if why == reason)} {reason}" for reason in reasons
    )


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
            taken = "accepted, and " if accepted_at(route) is not None else ""
            return f"{taken}given back by {bounce.reporter}: {words}"
        case State.REFUSED:
            return f"refused:{said}"
        case State.LATER:
            return f"put off:{said}"
        case State.UNREACHED:
            return "the host was not reached"
        case State.UNTRUSTED:
            return "not handed over: the domain's MTA-STS policy does not allow it"
        case State.UNKNOWN:
            return f"{_MAY_HAVE_LEFT}; it is not sent again"
        case State.WAITING:
            return _waiting(proof, route)
        case State.UNSEEN:
            blind = blind_at_end(proof)
            where = f"the {blind.box.value} could not be looked at from {clock(blind.since)} on" if blind else "unseen"
            return f"accepted; whether it arrived is not known, {where}"
        case State.LOST:
            return _lost(proof, route)
        case State.PLANNED:
            return "not sent; prove again"


def _waiting(proof: Proof, route: Route) -> str:
    """It was accepted, and nobody has seen it: because nobody looked, or because it was not there."""
    if not proof.mailbox:
        return "accepted; nobody looked whether it arrived"
    down = f", and {', '.join(proof.down_at_end)} took no connection at the end" if proof.down_at_end else ""
    seen = "nobody said that it arrived" if proof.mailbox == BY_HAND else "not there"
    return f"accepted, {seen} within {say_span(proof.watched_until - since(route))}{down}; it may still arrive"


def _lost(proof: Proof, route: Route) -> str:
    """It did not come by the deadline; that it did not bounce is said only where a bounce could be seen."""
    taken = "accepted" if accepted_at(route) is not None else _MAY_HAVE_LEFT
    if proof.mailbox == BY_HAND:
        return f"{taken}; nobody said that it arrived by the deadline"
    if proof.returns and proof.mail_from:
        return f"{taken}, neither there nor given back by the deadline"
    return f"{taken}; not there by the deadline, and nobody could see a bounce"


def _arrival(proof: Proof, route: Route) -> str:
    timed = [copy for copy in route.copies if copy.at_known]
    taken, copy = accepted_at(route), min(timed, key=lambda one: one.at, default=first_copy(route))
    hop = hop_to(copy, route, proof) if copy is not None else None
    words = ["accepted"] if taken is not None else []
    words += [f"handed to {hop.by}"] if hop is not None else []
    if not timed or copy is None:
        return f"{', '.join([*words, 'arrived'])}, {SAID_PLACE}"
    took = f" in {say_span(max(copy.at - taken.at, 0.0))}" if taken is not None else ""
    copies = f", {len(timed)} copies" if len(timed) > 1 else ""
    return f"{', '.join([*words, f'arrived{took}'])}{copies}{_why_late(proof, route)}"


def _why_late(proof: Proof, route: Route) -> str:
    """What an outage and the schedule of who kept the message have to do with its delay."""
    drain, first = drain_of(route, proof), first_copy(route)
    if drain is None or first is None or not first.at_known:
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
    flags = " ".join(f"--when-down {host}" for preference, host in proof.chain if preference == proof.best)
    again, waits = f"             mxprobe prove {proof.recipient} {flags}", "waits for the next outage"
    whole = f"{again}   {waits}"
    return [*wrap("NOT PROVEN   ", says), *([whole] if len(whole) <= WIDTH else [again, f"             {waits}"])]
