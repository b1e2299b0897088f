"""A host accepted a message that neither arrived nor came back.

What it sees. The message was accepted, its deadline is over (six hours unless said otherwise), and there is neither a
copy nor a notification. One that lay in a folder for unwanted mail is a warning.
Why it matters. Who accepts a message answers for it: it is delivered, or its sender is told.
Example. The backup accepts and drops:
    steps:
      - {at: 0m, break: mx2, with: message-loss}
      - {at: 1m, prove: drill, to: alice, watch: 7h}
What to do. Ask the host's operator what became of the message, by the id in its answer.
Standards. RFC 5321 §4.2.5, §6.1."""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.proof import Proof
from mxprobe.mx.proving import State, state_of
from mxprobe.rules.proof.reading import NOBODY_LOOKED, NOTHING_SENT, in_state, known_routes, quote, unseen, was_sent
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive

RULE = Rule(
    code="MX817",
    name="message-lost",
    severity=Severity.ERROR,
    references=("RFC 5321 §4.2.5", "RFC 5321 §6.1"),
    covers=("MX813",),
)


def find_in_proof(proof: Proof) -> Judgement:
    """A finding for each message that is lost, and for each that lay with the unwanted mail."""
    if not was_sent(proof):
        return inconclusive(RULE, NOTHING_SENT)
    if not proof.mailbox:
        return inconclusive(RULE, NOBODY_LOOKED)
    found = []
    for route in known_routes(proof):
        if state_of(route, proof) is State.LOST and route.last is not None:
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
    if not found and any(in_state(proof, State.UNSEEN)):
        return inconclusive(RULE, unseen(proof))
    return conclude(RULE, found)
