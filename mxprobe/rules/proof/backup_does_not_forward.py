"""A backup accepted a message while the primary was up, and did not hand it on.

What it sees. The message was accepted, half an hour went by, and there is neither a copy nor a notification.
Why it matters. In an outage mail would gather there and not come out. What has been accepted may still arrive.
Example. The backup keeps what it has:
    steps:
      - {at: 0m, break: mx1, with: {reply: 451 4.3.2 not from you}, phase: rcpt, for: 12h}
      - {at: 1m, prove: drill, to: alice, watch: 40m}
What to do. Look into the backup's queue and log, and repair its route to the primary.
Standards. RFC 5321 §3.6.2, §4.2.5, §6.1."""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.proof import Proof
from mxprobe.mx.proving import State, state_of
from mxprobe.rules.proof.reading import (
    NOBODY_LOOKED,
    NOTHING_SENT,
    in_state,
    over_backups,
    quote,
    unseen,
    waited,
    was_sent,
)
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive

RULE = Rule(
    code="MX813",
    name="backup-does-not-forward",
    severity=Severity.ERROR,
    references=("RFC 5321 §3.6.2", "RFC 5321 §4.2.5", "RFC 5321 §6.1"),
)


def find_in_proof(proof: Proof) -> Judgement:
    """A finding for each backup that still has the message."""
    if not was_sent(proof):
        return inconclusive(RULE, NOTHING_SENT)
    if not proof.mailbox:
        return inconclusive(RULE, NOBODY_LOOKED)
    found, short = [], unseen(proof) if any(in_state(proof, State.UNSEEN)) else ""
    for route in over_backups(proof):
        if state_of(route, proof) is not State.WAITING or route.down:
            continue
        if waited(route, proof) < proof.overdue:
            short = f"the message over {route.via} was watched for {waited(route, proof):.0f} s alone"
            continue
        words = Words(
            says=f"{route.via} accepted a message and has not handed it on for {waited(route, proof) / 60:.0f} min",
            seen=(quote(route),),
            means="It keeps what it takes, or has lost it; it may still arrive.",
            do=f"Look at the queue and the log of {route.via} for that message, and at its route to the primary.",
        )
        found.append(finding(RULE, route.via, words))
    return inconclusive(RULE, short) if short and not found else conclude(RULE, found)
