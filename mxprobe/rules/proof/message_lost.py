"""A host accepted a message that neither arrived nor came back.

What it sees. The host said that it accepted the message, its deadline is over (six hours unless said otherwise), and
there is neither a copy nor a notification, although somebody looked for both and a primary was up. One that lay in a
folder for unwanted mail is a warning. Where nobody said that the message was kept, nothing is known of it.
Why it matters. Who accepts a message answers for it: it is delivered, or its sender is told.
Example. The backup accepts and drops:
    steps:
      - {at: 0m, break: mx2, with: message-loss}
      - {at: 1m, prove: drill, to: alice, watch: 7h}
What to do. Ask the host's operator what became of the message, by the id in its answer.
Standards. RFC 5321 §4.2.5, §6.1."""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.proof import Proof, Route
from mxprobe.mx.labelled import BY_HAND
from mxprobe.mx.proving import State, accepted_at, state_of
from mxprobe.rules.proof.reading import (
    NOBODY_LOOKED,
    NOTHING_SENT,
    hindrance,
    in_state,
    known_routes,
    quote,
    unseen,
    unwatched,
    was_sent,
)
from mxprobe.rules.rule import Rule, Words, decide, finding, inconclusive

RULE = Rule(
    code="MX817",
    name="message-lost",
    severity=Severity.ERROR,
    references=("RFC 5321 §4.2.5", "RFC 5321 §6.1"),
    covers=("MX813",),
)


def find_in_proof(proof: Proof) -> Judgement:
    """A finding for each message that is lost, and for each that lay with the unwanted mail."""
    if not was_sent(proof) and not any(in_state(proof, State.LOST)):
        return inconclusive(RULE, NOTHING_SENT)
    if not proof.mailbox:
        return inconclusive(RULE, NOBODY_LOOKED)
    found, unknown = [], [unseen(proof)] if any(in_state(proof, State.UNSEEN)) else []
    if proof.mailbox == BY_HAND:
        unknown += [f"nobody typed the mark of the message over {way.via}" for way in in_state(proof, State.WAITING)]
    for route in known_routes(proof):
        if state_of(route, proof) is State.LOST:
            if reason := _may_be_elsewhere(route, proof):
                unknown.append(reason)
                continue
            words = Words(
                says=f"{route.via} took a message that is neither there nor came back",
                seen=(quote(route),),
                means="Mail over this host vanishes, and nobody is told.",
                do=f"Ask who runs {route.via} what became of it.",
            )
            found.append(finding(RULE, route.via, words))
        elif route.copies and all(copy.is_junk for copy in route.copies):
            words = Words(
                says=f"the message over {route.via} lay in {route.copies[0].place}, with the unwanted mail",
                seen=route.copies[0].notes[:3],
                means="Mail over this host may not be seen.",
                do="Look at why the filter held it for unwanted.",
            )
            found.append(finding(RULE, route.via, words, Severity.WARNING))
    return decide(RULE, found, unknown)


def _may_be_elsewhere(route: Route, proof: Proof) -> str:
    """Why a message that has not come by its deadline is not said to be lost; empty where it is."""
    if accepted_at(route) is None:
        return f"nobody knows whether {route.via} took the message: it never said so, and its log would tell"
    if reason := unwatched(proof):
        return f"the message over {route.via} has not come; {reason}"
    return hindrance(route, proof)
