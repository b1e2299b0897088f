"""A backup hands mail on to itself, to an equal or to a worse host.

What it sees. An attempt by a host of the chain at a host whose preference is no better than its own.
Why it matters. Mail goes round in a circle until its hops are counted out, or two hosts keep each other busy.
Example. The backup takes itself for the next host:
    chain 10 mx1, 20 mx2
    0s sender tries mx2
    0s mx2 accepts
    1s mx2 tries mx2
What to do. A relay drops itself and everything worse from the MX records before it hands on.
Standards. RFC 5321 §5.1, §6.3.
"""

from mxprobe.facts.finding import Finding, Judgement, Severity
from mxprobe.facts.run import EventKind, Run
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive
from mxprobe.rules.sender.health import NO_MAIL, SENDER, preference_of

RULE = Rule(
    code="MX967",
    name="relay-loop",
    severity=Severity.ERROR,
    references=("RFC 5321 §5.1", "RFC 5321 §6.3"),
    by_chain=True,
)


def find(run: Run) -> Judgement:
    """A finding for each pair of hosts between which mail went the wrong way."""
    if not run.fates:
        return inconclusive(RULE, NO_MAIL)
    found: dict[tuple[str, str], Finding] = {}
    for event in run.events:
        if event.kind is not EventKind.TRIED or event.who == SENDER or event.host is None:
            continue
        own, other = preference_of(run, event.who), preference_of(run, event.host)
        if own is None or other is None or other < own:
            continue
        words = Words(
            says=f"{event.who} hands mail on to {event.host}, which is no better",
            seen=(f"{event.message} at {event.at:.0f} s",),
            means="Mail goes round in a circle.",
            do=f"Let {event.who} drop itself and everything worse from the MX records.",
        )
        found.setdefault((event.who, event.host), finding(RULE, event.who, words))
    return conclude(RULE, list(found.values()))
