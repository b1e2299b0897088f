"""The sender did not heed a null MX.

What it sees. An attempt, or a wait, for a domain that says by a null MX that it takes no mail.
Why it matters. The mail cannot arrive. Its author should know at once, and not in five days.
Example. A sender that keeps the mail and waits:
    chain none
    0s sender waits
What to do. Give the mail back at once, with 5.1.10.
Standards. RFC 7505 §3, §4.1.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.run import EventKind, Run
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive
from mxprobe.rules.sender.health import NO_MAIL, SENDER

RULE = Rule(
    code="MX970",
    name="null-mx-ignored",
    severity=Severity.ERROR,
    references=("RFC 7505 §3", "RFC 7505 §4.1"),
    by_chain=True,
)


_NAMES_FAILED = frozenset({"D3", "D4", "D6", "D10", "D13"})


def find(run: Run) -> Judgement:
    """One finding for the domain."""
    if not run.fates:
        return inconclusive(RULE, NO_MAIL)
    kinds = (EventKind.TRIED, EventKind.WAITS)
    wrong = [event for event in run.events if event.who == SENDER and event.kind in kinds]
    wrong = [event for event in wrong if event.cell not in _NAMES_FAILED]
    words = Words(
        says="the sender did not heed the null MX",
        seen=tuple(f"{event.message}: {event.kind} at {event.at:.0f} s" for event in wrong[:3]),
        means="The mail cannot arrive, and its author does not know.",
        do="Give the mail back at once, with 5.1.10.",
    )
    return conclude(RULE, [finding(RULE, run.domain, words)] if wrong and not run.chain else [])
