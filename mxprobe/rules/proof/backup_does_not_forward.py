"""A backup accepted a message, and did not hand it on although the primary was up; or it gave the message up.

What it sees. The message was accepted, half an hour went by in which the primary was up, and there is neither a copy
nor a notification; or the backup gave it back because it found no way to hand it on. In an outage, and where nobody
watches what is given back, silence tells nothing.
Why it matters. In an outage mail would gather there and not come out. What has been accepted may still arrive.
Example. The backup keeps what it has:
    steps:
      - {at: 0m, break: mx1, with: {reply: 451 4.3.2 not from you}, phase: rcpt, for: 12h}
      - {at: 1m, prove: drill, to: alice, watch: 40m}
What to do. Look into the backup's queue and log, and repair its route to the primary.
Standards. RFC 5321 §3.6.2, §4.2.5, §6.1."""

from mxprobe.facts.finding import Finding, Judgement, Severity
from mxprobe.facts.proof import Box, Proof, Route
from mxprobe.mx.labelled import BY_HAND
from mxprobe.mx.proving import State, state_of
from mxprobe.rules.proof.reading import (
    NOBODY_LOOKED,
    NOTHING_SENT,
    hindrance,
    in_state,
    over_backups,
    quote,
    unseen,
    unwatched,
    waited,
    was_sent,
)
from mxprobe.rules.proof.returned import Cause, told_by
from mxprobe.rules.rule import Rule, Words, decide, finding, inconclusive

RULE = Rule(
    code="MX813",
    name="backup-does-not-forward",
    severity=Severity.ERROR,
    references=("RFC 5321 §3.6.2", "RFC 5321 §4.2.5", "RFC 5321 §6.1"),
)


def find_in_proof(proof: Proof) -> Judgement:
    """A finding for each backup that still has the message, or gave it up."""
    if not was_sent(proof):
        return inconclusive(RULE, NOTHING_SENT)
    found = [_gave_up(route, told) for route in over_backups(proof) if (told := told_by(route, proof, Cause.NO_WAY))]
    if not proof.mailbox and not found:
        return inconclusive(RULE, NOBODY_LOOKED)
    unknown = [unseen(proof)] if any(in_state(proof, State.UNSEEN)) else []
    for route in over_backups(proof):
        if state_of(route, proof) is not State.WAITING:
            continue
        if reason := _silence_tells_nothing(route, proof):
            unknown.append(reason)
            continue
        words = Words(
            says=f"{route.via} accepted a message and has not handed it on for {waited(route, proof) / 60:.0f} min",
            seen=(quote(route),),
            means="It keeps what it takes, or has lost it; it may still arrive.",
            do=f"Look at the queue and the log of {route.via} for that message, and at its route to the primary.",
        )
        found.append(finding(RULE, route.via, words))
    return decide(RULE, found, unknown)


def _silence_tells_nothing(route: Route, proof: Proof) -> str:
    """Why it is no sign that neither a copy nor a notification is there; empty where it is one."""
    if proof.mailbox in ("", BY_HAND):
        return f"{NOBODY_LOOKED} over {route.via}, unless somebody types its mark"
    if reason := hindrance(route, proof):
        return reason
    if reason := unwatched(proof):
        return f"the message over {route.via} has not come; {reason}"
    if reason := unseen(proof, Box.RETURNS):
        return f"the message over {route.via} has not come; {reason}"
    if waited(route, proof) < proof.overdue:
        return f"the message over {route.via} was watched for {waited(route, proof):.0f} s alone"
    return ""


def _gave_up(route: Route, told: tuple[str, ...]) -> Finding:
    words = Words(
        says=f"{route.via} accepted a message, found no way to hand it on, and gave it back",
        seen=told,
        means=f"Mail that goes to {route.via} comes back instead of waiting for the primary.",
        do=f"Look at the log of {route.via} for that message, at its route to the primary, and how long it keeps mail.",
    )
    return finding(RULE, route.via, words)
