"""Mail was kept through an outage of all hosts, and delivered after it.

What it sees. A message whose first round reached nobody who took it, and which arrived in a later one.
Why it matters. It is what a queue is for: even without a backup, an outage of hours loses no mail.
Example. Every host refuses connections for five hours:
    senders: [rfc5321, postfix, exim, haraka]
    steps:
      - {at: 0m, break: [mx1, mx2], with: tcp-refuse, for: 5h}
      - {at: 1m, send: letter, to: alice}
What to do. Nothing.
Standards. RFC 5321 §4.5.4.1.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.run import EventKind, Run
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive
from mxprobe.rules.sender.health import NO_MAIL, SENDER, events_of

RULE = Rule(code="MX962", name="queued-and-retried", severity=Severity.OK, references=("RFC 5321 §4.5.4.1",))


def find(run: Run) -> Judgement:
    """One positive statement, or none."""
    if not run.fates:
        return inconclusive(RULE, NO_MAIL)
    kept = [
        fate
        for fate in run.fates
        if fate.arrivals and any(event.who == SENDER for event in events_of(run, fate, EventKind.WAITS))
    ]
    longest = max((fate.arrivals[0][1] - fate.sent_at for fate in kept), default=0.0)
    words = Words(
        says="mail was kept and tried again until it arrived",
        seen=tuple(f"{fate.message} to {fate.recipient}: round {len(fate.tried)}" for fate in kept[:3]),
        means=f"The longest wait was {longest:.0f} s.",
    )
    return conclude(RULE, [finding(RULE, run.domain, words)] if kept else [])
