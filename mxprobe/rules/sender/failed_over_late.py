"""The sender went to the next host late.

What it sees. A message accepted by a worse host, which was healthy since the message was there and was asked for the
first time later than all timeouts of RFC 5321 on the way to it together, and half a minute.
Why it matters. Mail is late although another host would have taken it at once.
Example. The primary says 421 for two minutes and then refuses connections; Haraka postpones the mail first:
    senders: [haraka]
    steps:
      - {at: 0m, break: mx1, with: {reply: 421 4.3.2 Busy}, phase: banner, for: 2m}
      - {at: 2m, break: mx1, with: tcp-refuse, for: 1h}
      - {at: 1m, send: letter, to: alice}
What to do. Shorten the connection timeout of the sender; let a broken host fail at TCP.
Standards. RFC 5321 §4.5.3.2, §5.1.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.run import EventKind, Fate, Run
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive
from mxprobe.rules.sender.health import NO_MAIL, PATIENCE, SENDER, events_of, healthy_during, preference_of

RULE = Rule(
    code="MX951",
    name="failed-over-late",
    severity=Severity.WARNING,
    references=("RFC 5321 §4.5.3.2", "RFC 5321 §5.1"),
    by_chain=True,
)


_GRACE = 30.0
_ALLOWED = {**PATIENCE, "C2": 300.0, "H6": 300.0, "M5": 300.0, "X4": 180.0}
"""What each way of failing may cost; for a connection the standard has no figure, and mailers take up to this."""


def find(run: Run) -> Judgement:
    """A finding for each copy that a healthy worse host got late."""
    if not run.fates:
        return inconclusive(RULE, NO_MAIL)
    found = []
    for fate in run.fates:
        late = _lateness(run, fate)
        if late is None:
            continue
        host, at = fate.accepted[0]
        words = Words(
            says=f"{fate.message} to {fate.recipient} came to {host} {late:.0f} s later than it could have",
            seen=(f"with the sender at {fate.sent_at:.0f} s, {host} was first asked at {at:.0f} s",),
            means="Another host would have taken it at once.",
            do="Shorten the sender's timeouts, or let the broken host fail at TCP.",
        )
        found.append(finding(RULE, f"{fate.message}/{fate.recipient}", words))
    return conclude(RULE, found)


def _lateness(run: Run, fate: Fate) -> float | None:
    """Seconds beyond what the timeouts explain; None where the copy was in time, or went to the best preference."""
    if not fate.accepted:
        return None
    host = fate.accepted[0][0]
    best = min((number for number, _ in run.chain), default=0)
    tries = [event for event in events_of(run, fate, EventKind.TRIED) if event.who == SENDER]
    first = next((event.at for event in tries if event.host == host), None)
    if first is None or preference_of(run, host) == best or not healthy_during(run, host, (fate.sent_at, first)):
        return None
    refused = [event for event in events_of(run, fate, EventKind.REFUSED) if event.who == SENDER and event.at <= first]
    allowed = sum(_ALLOWED.get(event.cell or "", 0.0) for event in refused) + _GRACE + run.slack
    late = first - fate.sent_at - allowed
    return late if late > 0 else None
