"""A message went to a host that is not the domain's.

What it sees. A host of an attacker, put into the MX records or into the way, that accepted a message or stored it. It
is an error where the domain protects its hosts by MTA-STS or DANE, and a note where nothing tells a sender better.
Why it matters. The mail is in foreign hands. Without protection every sender would have done the same.
Example. The records are forged, and the sender does not look at the policy:
    chain 10 mx1, 10 evil
    protected mx1
    rogue evil
    0s sender tries evil
    0s evil accepts in clear
What to do. Publish an enforced MTA-STS policy, or sign the zone and publish TLSA records, and use senders that heed it.
Standards. RFC 8461 §10; RFC 7672 §1.3.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.run import EventKind, Run
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive
from mxprobe.rules.sender.health import NO_MAIL, events_of

RULE = Rule(
    code="MX972",
    name="delivered-to-unapproved-host",
    severity=Severity.ERROR,
    references=("RFC 8461 §10", "RFC 7672 §1.3"),
)

_TAKEN = (EventKind.ACCEPTED, EventKind.ARRIVED, EventKind.QUEUED)


def find(run: Run) -> Judgement:
    """A finding for each copy that an attacker's host took."""
    if not run.fates:
        return inconclusive(RULE, NO_MAIL)
    severity = Severity.ERROR if run.protected else Severity.INFO
    protected = f"{', '.join(run.protected)} can be told from it by MTA-STS or DANE."
    found = []
    for fate in run.fates:
        taken = [event for event in events_of(run, fate, *_TAKEN) if {event.who, event.host} & set(run.rogues)]
        if not taken:
            continue
        rogue = next(host for host in run.rogues if host in (taken[0].who, taken[0].host))
        words = Words(
            says=f"{fate.message} to {fate.recipient} went to {rogue}, which is not the domain's",
            seen=(f"{taken[0].kind} at {taken[0].at:.0f} s",),
            means=protected if run.protected else "Nothing tells a sender that it is an attacker's.",
            do="Use senders that heed the policy." if run.protected else "Enforce MTA-STS, or publish TLSA records.",
        )
        found.append(finding(RULE, f"{fate.message}/{fate.recipient}", words, severity))
    return conclude(RULE, found)
