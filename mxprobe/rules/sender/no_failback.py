"""New mail still goes to the backup long after the primary is back.

What it sees. A message that came to the sender an hour or more after the last hindrance of the better hosts had ended,
and was accepted by a worse one.
Why it matters. The detour stays for good, and nobody notices. A sender may remember a failure for an hour at most.
Example. The primary is back and greylists, so that new mail keeps going to the backup:
    hosts: {mx1: {always: {greylist: {wait: 5m, trusts: [mx2]}}}}
    senders: [postfix]
    steps:
      - {at: 0m, break: mx1, with: tcp-refuse, for: 10m}
      - {at: 3h, send: letter, to: alice}
What to do. Let the sender forget a failed host within the hour; see what the primary says to new mail.
Standards. RFC 5321 §4.5.4.1.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.run import Run
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive
from mxprobe.rules.sender.health import NO_MAIL, healthy_during, preference_of

RULE = Rule(
    code="MX960",
    name="no-failback",
    severity=Severity.WARNING,
    covers=("MX957",),
    references=("RFC 5321 §4.5.4.1",),
    by_chain=True,
)


_REMEMBERED = 3600.0


def find(run: Run) -> Judgement:
    """A finding for each copy that a worse host got long after a recovery."""
    if not run.fates:
        return inconclusive(RULE, NO_MAIL)
    found = []
    for fate in run.fates:
        for host, at in fate.accepted:
            own = preference_of(run, host)
            better = [name for number, name in run.chain if own is not None and number < own]
            ends = [one.ends for one in run.conditions if one.host in better and one.hinders and one.ends is not None]
            back = max(ends, default=None)
            if back is None or fate.sent_at - back < _REMEMBERED:
                continue
            if not all(healthy_during(run, name, (back, at)) for name in better):
                continue
            words = Words(
                says=f"{fate.message} to {fate.recipient} went to {host} although {better[0]} had long been back",
                seen=(f"{better[0]} was back at {back:.0f} s, the message came at {fate.sent_at:.0f} s",),
                means="The detour over the backup stays.",
                do=f"See what {better[0]} says to new mail, and how long the sender remembers a failure.",
            )
            found.append(finding(RULE, f"{fate.message}/{fate.recipient}", words))
    return conclude(RULE, found)
