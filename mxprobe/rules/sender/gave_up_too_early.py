"""The sender gave up before four days.

What it sees. A message that its sender gave back because it had become too old, less than four days after it came.
Why it matters. A host that is down over a long weekend loses mail although its owner has done nothing wrong.
Example. Every host is down for a week; Haraka gives up after three days:
    senders: [haraka]
    steps:
      - {at: 0m, break: [mx1, mx2], with: tcp-refuse}
      - {at: 1m, send: letter, to: alice}
What to do. Raise the lifetime of the sender's queue to four days or five.
Standards. RFC 5321 §4.5.4.1.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.run import Run
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive
from mxprobe.rules.sender.health import NO_MAIL, SENDER

RULE = Rule(code="MX964", name="gave-up-too-early", severity=Severity.WARNING, references=("RFC 5321 §4.5.4.1",))


_LEAST = 4 * 86400.0
_EXPIRED = "4.4.7"


def find(run: Run) -> Judgement:
    """A finding for each copy that was given up too early."""
    if not run.fates:
        return inconclusive(RULE, NO_MAIL)
    found = []
    for fate in run.fates:
        for by, at, status in fate.bounces:
            age = at - fate.sent_at
            if by != SENDER or status != _EXPIRED or age >= _LEAST:
                continue
            words = Words(
                says=f"{run.sender} gave {fate.message} to {fate.recipient} back after {age / 3600:.0f} hours",
                seen=(f"{len(fate.tried)} rounds, status {status}",),
                means="Hosts that are down over a long weekend lose mail.",
                do="Raise the lifetime of the sender's queue to four days or five.",
            )
            found.append(finding(RULE, f"{fate.message}/{fate.recipient}", words))
    return conclude(RULE, found)
