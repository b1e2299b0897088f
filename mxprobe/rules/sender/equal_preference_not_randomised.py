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
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive
from mxprobe.rules.sender.health import NO_MAIL, SENDER, events_of

RULE = Rule(
    code="MX965",
    name="equal-preference-not-randomised",
    severity=Severity.WARNING,
    references=("RFC 5321 §5.1",),
    by_chain=True,
)


_LEAST = 100
_CRITICAL = (10.83, 13.82, 16.27, 18.47, 20.52, 22.46, 24.32, 26.12, 27.88)
"""The value of chi-square that chance exceeds once in a thousand times, by degrees of freedom from 1."""


def find(run: Run) -> Judgement:
    """One finding for the best preference."""
    best = min((number for number, _ in run.chain), default=0)
    hosts = [host for number, host in run.chain if number == best]
    firsts: Counter[str] = Counter()
    for fate in run.fates:
        tries = [event for event in events_of(run, fate, EventKind.TRIED) if event.who == SENDER]
        if tries and tries[0].host in hosts:
            firsts[tries[0].host] += 1
    total = firsts.total()
    if len(hosts) < 2 or not run.fates:
        return conclude(RULE, []) if run.fates else inconclusive(RULE, NO_MAIL)
    if total < _LEAST or len(hosts) - 1 > len(_CRITICAL):
        return inconclusive(RULE, f"too few messages to tell: {total}, and {_LEAST} are needed")
    share = total / len(hosts)
    statistic = sum((firsts[host] - share) ** 2 / share for host in hosts)
    if statistic <= _CRITICAL[len(hosts) - 2]:
        return conclude(RULE, [])
    words = Words(
        says="hosts of one preference do not get equal shares",
        seen=tuple(f"{host} was asked first {firsts[host]} times of {total}" for host in hosts),
        means="Chance alone does this once in a thousand times at most.",
        do="Put equal hosts in random order for each message.",
    )
    return conclude(RULE, [finding(RULE, run.domain, words)])
