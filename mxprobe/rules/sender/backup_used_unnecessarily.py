"""Mail went to a worse host while a better one was healthy.

What it sees. A message accepted at a worse preference, while nothing was wrong with any better host from the beginning
of that pass over the chain to its end. A host that greylists is not broken; one that the sender's TLS policy rules out
is no host for it.
Why it matters. Mail takes a detour that filters, quotas and readers did not expect. The innocent cause is most often
greylisting on the primary alone.
Example. The primary greylists, the backup does not: Postfix and Exim go on to the backup at once:
    hosts: {mx1: {always: {greylist: {wait: 5m, trusts: [mx2]}}}}
    senders: [postfix, exim]
    steps:
      - {at: 0m, send: letter, to: alice}
What to do. Greylist on all hosts with one memory, or on none.
Standards. RFC 5321 §5.1.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.run import EventKind, Run
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive
from mxprobe.rules.sender.health import (
    NO_MAIL,
    events_of,
    healthy_during,
    preference_of,
    round_began,
    turned_down,
)

RULE = Rule(
    code="MX957",
    name="backup-used-unnecessarily",
    severity=Severity.WARNING,
    references=("RFC 5321 §5.1",),
    by_chain=True,
)


def find(run: Run) -> Judgement:
    """A finding for each acceptance by a host that had a healthy better one."""
    if not run.fates:
        return inconclusive(RULE, NO_MAIL)
    found = []
    for fate in run.fates:
        for host, at in fate.accepted:
            preference = preference_of(run, host)
            better = [name for number, name in run.chain if preference is not None and number < preference]
            better = [name for name in better if name not in turned_down(run, fate)]
            span = (round_began(run, fate, host, at), at)
            if not better or not all(healthy_during(run, name, span) for name in better):
                continue
            said = [
                f'{event.host}: "{event.text}" (cell {event.cell})'
                for event in events_of(run, fate, EventKind.REFUSED)
                if event.host in better and span[0] <= event.at <= at
            ]
            words = Words(
                says=f"{fate.message} to {fate.recipient} went to {host} while {better[0]} was up",
                seen=tuple(said[-2:]),
                means="Nothing was down; something else sent the mail to the worse host.",
                do="Look for greylisting, limits or a certificate on the better host alone.",
            )
            found.append(finding(RULE, f"{fate.message}/{fate.recipient}", words))
    return conclude(RULE, found)
