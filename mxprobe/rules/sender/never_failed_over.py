"""The sender kept asking a failing host and never the healthy one.

What it sees. A message whose rounds failed twice or more, while a host of the chain was healthy all the time and was
never asked.
Why it matters. For such senders the backup does not exist: their mail waits until the first host is back, or bounces.
Example. The primary greets with 421; Haraka postpones the mail and comes back to the primary.
What to do. Nothing on the receiving side, but to know it. A failure at TCP is understood by all mailers.
Standards. RFC 5321 §5.1.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.run import Run
from mxprobe.rules.rule import Rule, Words, conclude, finding
from mxprobe.rules.sender.health import healthy_at, hosts_tried

RULE = Rule(code="MX952", name="never-failed-over", severity=Severity.WARNING, references=("RFC 5321 §5.1",))


def find(run: Run) -> Judgement:
    """A finding for each copy that waited past a healthy host. A warning: profiles document this."""
    found = []
    for fate in run.fates:
        failed = len(fate.tried) - bool(fate.accepted)
        if failed < 2:
            continue
        ended = max([at for _, at in fate.accepted] + [at for _, at, _ in fate.bounces], default=run.ended)
        asked = hosts_tried(fate)
        unasked = [
            host
            for _, host in run.chain
            if host not in asked and healthy_at(run, host, fate.sent_at) and healthy_at(run, host, ended)
        ]
        if not unasked:
            continue
        words = Words(
            says=f"{fate.message} to {fate.recipient} failed in {failed} rounds and {unasked[0]} was never asked",
            seen=tuple(f"round {number}: {', '.join(tried)}" for number, tried in enumerate(fate.tried[:3], start=1)),
            means=f"For {run.sender} a reply of this kind ends the round.",
            do="Let a broken host fail at TCP: every mailer understands that.",
        )
        found.append(finding(RULE, f"{fate.message}/{fate.recipient}", words))
    return conclude(RULE, found)
