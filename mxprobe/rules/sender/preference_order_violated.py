"""The sender asked a worse host before a better one.

What it sees. Within one round, an attempt at a host while one of a better preference had not been tried.
Why it matters. The owner's order is the only thing that makes a backup a backup.
Example. A sender that begins with the backup:
    chain 10 mx1, 20 mx2
    0s sender tries mx2
    0s mx2 accepts
What to do. Sort by preference, lowest first.
Standards. RFC 5321 §5.1.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.run import EventKind, Run
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive
from mxprobe.rules.sender.health import NO_MAIL, SENDER, events_of, preference_of, turned_down

RULE = Rule(
    code="MX966",
    name="preference-order-violated",
    severity=Severity.ERROR,
    references=("RFC 5321 §5.1",),
    by_chain=True,
)


def find(run: Run) -> Judgement:
    """A finding for each copy of which a round went out of order."""
    if not run.fates:
        return inconclusive(RULE, NO_MAIL)
    found = []
    for fate in run.fates:
        tries = [event for event in events_of(run, fate, EventKind.TRIED) if event.who == SENDER and event.host]
        unusable = turned_down(run, fate)
        for event in tries:
            asked = {one.host for one in tries if one.round == event.round and one.at <= event.at} | unusable
            own = preference_of(run, event.host or "")
            passed = [host for number, host in run.chain if own is not None and number < own and host not in asked]
            if not passed:
                continue
            words = Words(
                says=f"{event.host} was asked for {fate.message} to {fate.recipient} before {passed[0]}",
                seen=(f"round {event.round}, at {event.at:.0f} s",),
                means="The owner's order of preference was not kept.",
                do="Sort by preference, lowest first.",
            )
            found.append(finding(RULE, f"{fate.message}/{fate.recipient}", words))
            break
    return conclude(RULE, found)
