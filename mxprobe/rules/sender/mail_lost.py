"""Mail was taken over and then vanished.

What it sees. A message that a sender had, or a host had accepted, is at the end neither in a mailbox nor in a queue,
and nobody was told. What a mailer dropped on purpose does not count here: see dsn-missing.
Why it matters. A host that says 250 answers for the message. Lost mail is the one failure that no retry mends.
Example. The primary says 250 and stores nothing:
    senders: [postfix]
    steps:
      - {at: 0m, break: mx1, with: {reply: 250 2.0.0 Ok}, phase: dot, for: 1h}
      - {at: 1m, send: letter, to: alice}
What to do. Find the host that accepted it last; it must store before it says 250.
Standards. RFC 5321 §4.2.5, §6.1.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.run import EventKind, Run
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive
from mxprobe.rules.sender.health import NO_MAIL, events_of

RULE = Rule(code="MX953", name="mail-lost", severity=Severity.ERROR, references=("RFC 5321 §4.2.5", "RFC 5321 §6.1"))


def find(run: Run) -> Judgement:
    """A finding for each copy that is nowhere."""
    if not run.fates:
        return inconclusive(RULE, NO_MAIL)
    return conclude(
        RULE,
        [
            finding(
                RULE,
                f"{fate.message}/{fate.recipient}",
                Words(
                    says=f"{fate.message} to {fate.recipient} is lost",
                    seen=tuple(f"accepted by {host} at {at:.0f} s" for host, at in fate.accepted),
                    means="It is in no mailbox and in no queue, and its sender was not told.",
                    do="Look at the host that accepted it last.",
                ),
            )
            for fate in run.fates
            if not fate.arrivals and not fate.bounces and not fate.held and not events_of(run, fate, EventKind.LOST)
        ],
    )
