"""Hosts of one preference do not get equal shares.

What it sees. A hundred messages or more to two or more hosts of the best preference, of which some were asked first
much more often than chance explains (chi-square, p < 0.001).
Why it matters. One host has all the load, the others are no help; and when it fails everything moves at once.
Example. A sender that always begins with the first name:
    chain 10 mx1, 10 mx2
    120 times: sender tries mx1; mx1 accepts
What to do. Put equal hosts in random order for each message.
Standards. RFC 5321 §5.1.
"""

from collections import Counter

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.run import EventKind, Run
from mxprobe.mx.shares import LEAST, MOST_HOSTS, compare_shares
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive
from mxprobe.rules.sender.health import NO_MAIL, SENDER

RULE = Rule(
    code="MX965",
    name="equal-preference-not-randomised",
    severity=Severity.WARNING,
    references=("RFC 5321 §5.1",),
    by_chain=True,
)


def find(run: Run) -> Judgement:
    """One finding for the best preference."""
    best = min((number for number, _ in run.chain), default=0)
    hosts = [host for number, host in run.chain if number == best]
    if len(hosts) < 2 or not run.fates:
        return conclude(RULE, []) if run.fates else inconclusive(RULE, NO_MAIL)
    # From the last to the first, so that the first attempt of each message is what stays.
    first = {
        event.message: event.host
        for event in reversed(run.events)
        if event.kind is EventKind.TRIED and event.who == SENDER
    }
    firsts = Counter(host for host in first.values() if host in hosts)
    total = firsts.total()
    if len(hosts) > MOST_HOSTS:
        return inconclusive(RULE, f"too many hosts to tell: {len(hosts)}, and {MOST_HOSTS} can be compared")
    shares = compare_shares([firsts[host] for host in hosts])
    if shares is None:
        return inconclusive(RULE, f"too few messages to tell: {total}, and {LEAST} are needed")
    if shares.equal:
        return conclude(RULE, [])
    words = Words(
        says="hosts of one preference do not get equal shares",
        seen=tuple(f"{host} was asked first {firsts[host]} times of {total}" for host in hosts),
        means="Chance alone does this once in a thousand times at most.",
        do="Put equal hosts in random order for each message.",
    )
    return conclude(RULE, [finding(RULE, run.domain, words)])
