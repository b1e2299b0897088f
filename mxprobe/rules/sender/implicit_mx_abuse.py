"""The sender used the domain's own address although there are MX records.

What it sees. An attempt at the domain itself, which no MX record names.
Why it matters. Mail goes to a web server. With MX records, even unusable ones, the domain's own address does not count.
Example. A sender that takes the domain when the hosts fail:
    chain 10 mx1
    0s sender tries mx1
    0s mx1 refuses 421 4.3.2 busy
    1s sender tries example.test
What to do. Use the domain's own addresses only where there is no MX record at all.
Standards. RFC 5321 §5.1.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.run import EventKind, Run
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive
from mxprobe.rules.sender.health import NO_MAIL, SENDER

RULE = Rule(
    code="MX969", name="implicit-mx-abuse", severity=Severity.ERROR, references=("RFC 5321 §5.1",), by_chain=True
)


def find(run: Run) -> Judgement:
    """One finding for the domain."""
    if not run.fates:
        return inconclusive(RULE, NO_MAIL)
    if any(host == run.domain for _, host in run.chain):
        return conclude(RULE, [])
    tries = [event for event in run.events if event.kind is EventKind.TRIED and event.host == run.domain]
    words = Words(
        says=f"the sender asked {run.domain} itself, which no MX record names",
        seen=tuple(f"{event.message} by {event.who} at {event.at:.0f} s" for event in tries[:3]),
        means="With MX records the domain's own addresses do not count.",
        do="Use them only where there is no MX record at all.",
    )
    senders = [event for event in tries if event.who == SENDER]
    return conclude(RULE, [finding(RULE, run.domain, words)] if senders else [])
