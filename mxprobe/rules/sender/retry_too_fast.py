"""The sender tries again sooner than the standard asks for.

What it sees. A message that waited for two hours or more, and was tried more often than every half hour in them.
Why it matters. A host that is overloaded is asked again before it can recover. Most mailers do this by default.
Example. Postfix tries after five, ten and twenty minutes:
    senders: [postfix]
    steps:
      - {at: 0m, break: [mx1, mx2], with: tcp-refuse, for: 5h}
      - {at: 1m, send: letter, to: alice}
What to do. Nothing, unless you run a very large sender.
Standards. RFC 5321 §4.5.4.1.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.run import EventKind, Run
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive
from mxprobe.rules.sender.health import NO_MAIL, SENDER, events_of

RULE = Rule(code="MX963", name="retry-too-fast", severity=Severity.INFO, references=("RFC 5321 §4.5.4.1",))


_SPAN = 7200.0
_LEAST = 1800.0


def find(run: Run) -> Judgement:
    """A note for each copy that was tried too often."""
    if not run.fates:
        return inconclusive(RULE, NO_MAIL)
    found = []
    for fate in run.fates:
        waits = [event.at for event in events_of(run, fate, EventKind.WAITS) if event.who == SENDER]
        early = [at for at in waits if at - fate.sent_at <= _SPAN]
        if not waits or waits[-1] - fate.sent_at < _SPAN or len(early) * _LEAST <= _SPAN:
            continue
        words = Words(
            says=f"{fate.message} to {fate.recipient} was tried {len(early)} times in its first two hours",
            means="The standard asks for half an hour between attempts; most mailers are quicker.",
        )
        found.append(finding(RULE, f"{fate.message}/{fate.recipient}", words))
    return conclude(RULE, found)
