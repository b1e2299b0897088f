"""The backup was slow to hand on what it kept.

What it sees. A backup whose queue became empty later after the recovery of the better hosts than its longest interval
between two attempts explains. Mail that it gave up is not handed on: see backup-never-flushed.
Why it matters. Mail is late for as long as the backup hesitates, although everything is up again.
Example. The primary comes back, and takes one connection in ten minutes from anybody:
    senders: [postfix]
    steps:
      - {at: 0m,  break: mx1, with: tcp-refuse, for: 1h}
      - {at: 10m, send: letter, to: alice, count: 5, every: 10s}
      - {at: 1h,  break: mx1, with: {rate-limit: {connections: 1, per: 10m}}}
What to do. Shorten the longest interval of the backup, exempt it from limits, and flush its queue after an outage.
Standards. RFC 5321 §4.5.4.1.
"""

from itertools import pairwise

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.proof import Proof
from mxprobe.facts.run import EventKind, Run
from mxprobe.mx.draining import drain_of
from mxprobe.rules.proof.reading import NOTHING_SENT, over_backups, was_sent
from mxprobe.rules.rule import Rule, Words, conclude, decide, finding, inconclusive
from mxprobe.rules.sender.health import NO_MAIL, preference_of

RULE = Rule(
    code="MX958", name="backup-flush-slow", severity=Severity.WARNING, references=("RFC 5321 §4.5.4.1",), by_chain=True
)


_GRACE = 60.0

_RUN = 300.0
"""How long a message that is due may wait for the next run of a queue, in seconds: Postfix as shipped."""


def find(run: Run) -> Judgement:
    """A finding for each backup that kept mail longer than its own schedule explains."""
    if not run.fates:
        return inconclusive(RULE, NO_MAIL)
    found = []
    for host, emptied in run.queues:
        recovered = _recovery(run, host)
        rid = None if recovered is None else _last_handed_on(run, host, recovered)
        if emptied is None or recovered is None or rid is None or rid <= recovered:
            continue
        interval = _longest_interval(run, host)
        if rid - recovered <= interval + _GRACE + run.slack:
            continue
        words = Words(
            says=f"{host} had handed on everything {rid - recovered:.0f} s after the better hosts were back",
            seen=(f"longest interval between its attempts: {interval:.0f} s",),
            means="Mail was late although everything was up.",
            do=f"Exempt {host} from limits at the better hosts, and flush its queue after an outage.",
        )
        found.append(finding(RULE, host, words))
    return conclude(RULE, found)


def _recovery(run: Run, backup: str) -> float | None:
    """When the last hindrance of a better host ended; None where there was none, or it never did."""
    own = preference_of(run, backup)
    better = {host for number, host in run.chain if own is not None and number < own}
    ends = [condition.ends for condition in run.conditions if condition.host in better and condition.hinders]
    return max((end for end in ends if end is not None), default=None) if ends and None not in ends else None


def _last_handed_on(run: Run, host: str, recovered: float) -> float | None:
    """When another host took the last message that it kept when the better hosts were back; None where none did."""
    mine = [event for event in run.events if event.who == host]
    kept = {event.message for event in mine if event.kind is EventKind.QUEUED and event.at <= recovered}
    taken = (event.at for event in mine if event.kind is EventKind.ACCEPTED and event.message in kept)
    return max(taken, default=None)


def _longest_interval(run: Run, host: str) -> float:
    """The longest time between two rounds of the host for one message."""
    longest = 0.0
    for message in {event.message for event in run.events if event.who == host}:
        mine = [event for event in run.events if (event.who, event.message) == (host, message)]
        times = sorted({event.round: event.at for event in mine if event.kind is EventKind.TRIED}.values())
        longest = max([longest, *(after - before for before, after in pairwise(times))])
    return longest


def find_in_proof(proof: Proof) -> Judgement:
    """A finding for each backup that kept the message of an outage longer than the mailer it names explains."""
    if not was_sent(proof):
        return inconclusive(RULE, NOTHING_SENT)
    drains = [(route, drain) for route in over_backups(proof) if (drain := drain_of(route, proof)) is not None]
    timed = {route.token for route, _ in drains}
    kept = [route for route in over_backups(proof) if route.down and route.copies and route.token not in timed]
    if not drains and not kept:
        return inconclusive(RULE, "no message was kept over an outage and handed on after it")
    found, unknown = [], [f"nobody knows when the message over {route.via} came" for route in kept]
    for route, drain in drains:
        if drain.mailer is None or drain.longest is None:
            unknown.append(f"{route.via} does not say what it runs")
            continue
        if drain.waited <= drain.longest + _RUN + _GRACE:
            continue
        words = Words(
            says=f"{route.via} handed the message on {drain.waited:.0f} s after the better hosts were back",
            seen=(f"it greets as {drain.mailer.title}, which tries again after {drain.longest:.0f} s at most by then",),
            means="Mail was late although everything was up.",
            do=f"Exempt {route.via} from limits at the better hosts, and flush its queue after an outage.",
        )
        found.append(finding(RULE, route.via, words))
    return decide(RULE, found, unknown)
