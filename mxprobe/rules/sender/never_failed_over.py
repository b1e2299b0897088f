"""The sender kept asking a failing host and never the healthy one.

What it sees. A message whose rounds failed twice or more, while a host of the chain was healthy all the time and was
never asked.
Why it matters. For such senders the backup does not exist: their mail waits until the first host is back, or bounces.
Example. The primary greets with 421; Haraka postpones the mail and comes back to the primary:
    senders: [haraka]
    steps:
      - {at: 0m, break: mx1, with: {reply: 421 4.3.2 Busy}, phase: banner, for: 2h}
      - {at: 1m, send: letter, to: alice}
What to do. Nothing on the receiving side, but to know it. A failure at TCP is understood by all mailers.
Standards. RFC 5321 §5.1.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.run import EventKind, Fate, Run
from mxprobe.mx.senders import NoSuchSender, parse_sender
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive
from mxprobe.rules.sender.health import NO_MAIL, SENDER, events_of, healthy_during, hosts_tried, turned_down

RULE = Rule(
    code="MX952",
    name="never-failed-over",
    severity=Severity.ERROR,
    covers=("MX956",),
    references=("RFC 5321 §5.1",),
    by_chain=True,
)


def find(run: Run) -> Judgement:
    """A finding for each copy that waited past a healthy host; a warning where the mailer is known to do so."""
    if not run.fates:
        return inconclusive(RULE, NO_MAIL)
    severity = Severity.WARNING if _is_documented(run.sender) else Severity.ERROR
    found = []
    for fate in run.fates:
        waits = [event for event in events_of(run, fate, EventKind.WAITS) if event.who == SENDER]
        failed = len(fate.tried) - any(event.who == SENDER for event in events_of(run, fate, EventKind.ACCEPTED))
        if failed < 2:
            continue
        unasked = _unasked(run, fate)
        if not unasked:
            continue
        cells = ", ".join(dict.fromkeys(event.cell for event in waits if event.cell))
        words = Words(
            says=f"{fate.message} to {fate.recipient} failed in {failed} rounds and {unasked[0]} was never asked",
            seen=tuple(f"round {number}: {', '.join(tried)}" for number, tried in enumerate(fate.tried[:3], start=1)),
            means=f"For {run.sender} what happened{f' (cell {cells})' if cells else ''} ends the round.",
            do="Let a broken host fail at TCP: every mailer understands that.",
        )
        found.append(finding(RULE, f"{fate.message}/{fate.recipient}", words, severity))
    return conclude(RULE, found)


def _unasked(run: Run, fate: Fate) -> list[str]:
    """The hosts worse than the best one asked that were healthy from sending to the end, and never asked."""
    asked = hosts_tried(fate) | turned_down(run, fate)
    reached = [number for number, host in run.chain if host in asked]
    ends = [at for _, at in fate.accepted] + [at for _, at, _ in fate.bounces]
    span = (fate.sent_at, max(ends, default=run.ended))
    return [
        host
        for number, host in run.chain
        if reached and number >= min(reached) and host not in asked and healthy_during(run, host, span)
    ]


def _is_documented(sender: str) -> bool:
    """Whether the sender is a profile, so that what it does is written down with its evidence."""
    try:
        parse_sender(sender)
    except NoSuchSender:
        return False
    return True
