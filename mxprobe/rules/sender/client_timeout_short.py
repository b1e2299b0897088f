"""The sender gave up waiting sooner than the standard asks for.

What it sees. A step that ended by the sender's own timeout in less time than RFC 5321 asks for, counted from the
beginning of the attempt.
Why it matters. A slow host is left although it would have answered. At the final dot the outcome is a second copy.
Example. The primary filters for twelve minutes; Haraka waits for half a minute, and the standard asks for ten:
    senders: [haraka]
    steps:
      - {at: 0m, break: mx1, with: {delay: 12m}, phase: dot, for: 11m}
      - {at: 1m, send: letter, to: alice}
What to do. Raise the sender's timeouts to those of the standard.
Standards. RFC 5321 §4.5.3.2.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.run import Event, EventKind, Fate, Run
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive
from mxprobe.rules.sender.health import NO_MAIL, PATIENCE, SENDER, events_of

RULE = Rule(code="MX971", name="client-timeout-short", severity=Severity.WARNING, references=("RFC 5321 §4.5.3.2",))


_CLOSE_ENOUGH = 1.0


def find(run: Run) -> Judgement:
    """A finding for each copy; where the connection itself timed out the standard sets no limit."""
    if not run.fates:
        return inconclusive(RULE, NO_MAIL)
    found = []
    for fate in run.fates:
        for event, waited in _timeouts(run, fate):
            least = PATIENCE[event.cell or ""]
            if waited >= least - _CLOSE_ENOUGH:
                continue
            words = Words(
                says=f"{run.sender} waited {waited:.0f} s for {event.host}, and the standard asks for {least:.0f} s",
                seen=(f"{fate.message} to {fate.recipient} at {event.at:.0f} s (cell {event.cell})",),
                means="The host may have answered, and may have taken the mail.",
                do="Raise the sender's timeouts to those of the standard.",
            )
            found.append(finding(RULE, f"{fate.message}/{fate.recipient}", words))
            break
    return conclude(RULE, found)


def _timeouts(run: Run, fate: Fate) -> list[tuple[Event, float]]:
    """The attempts of the sender that ended by a timeout, and how long they took."""
    found: list[tuple[Event, float]] = []
    begun: dict[str | None, float] = {}
    for event in events_of(run, fate, EventKind.TRIED, EventKind.REFUSED):
        if event.who != SENDER:
            continue
        if event.kind is EventKind.TRIED:
            begun[event.host] = event.at
        elif event.cell in PATIENCE and event.host in begun:
            found.append((event, event.at - begun[event.host]))
    return found
