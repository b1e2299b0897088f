"""A mailer gave a message up and told nobody.

What it sees. A message with an envelope sender, of which a mailer rid itself for good without a bounce. What a host
took and then has no trace of is another matter: mail-lost.
Why it matters. The mailer knew that the message cannot arrive, and its author believes that it did.
Example. A sender that drops what is refused:
    chain 10 mx1
    0s sender tries mx1
    0s mx1 refuses 550 5.1.1 no such user
    1s sender drops
What to do. Give it back to its envelope sender. Only mail from the null sender is dropped.
Standards. RFC 5321 §6.1, §3.7.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.run import EventKind, Run
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive
from mxprobe.rules.sender.health import NO_MAIL, events_of

RULE = Rule(code="MX968", name="dsn-missing", severity=Severity.ERROR, references=("RFC 5321 §6.1", "RFC 5321 §3.7"))


def find(run: Run) -> Judgement:
    """A finding for each copy that was given up in silence, though it had somebody to be given back to."""
    if not run.fates:
        return inconclusive(RULE, NO_MAIL)
    found = []
    for fate in run.fates:
        drops = events_of(run, fate, EventKind.LOST)
        author = next((event.to for event in events_of(run, fate, EventKind.SENT)), None)
        if not drops or not author or fate.bounces:
            continue
        words = Words(
            says=f"{drops[0].who} gave {fate.message} to {fate.recipient} up and told nobody",
            seen=tuple(f"dropped at {event.at:.0f} s; the envelope sender is {author}" for event in drops[:1]),
            means="Its author believes that it arrived.",
            do=f"Let {drops[0].who} give it back to its envelope sender.",
        )
        found.append(finding(RULE, f"{fate.message}/{fate.recipient}", words))
    return conclude(RULE, found)
