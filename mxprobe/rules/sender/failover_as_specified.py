"""Every message ended well.

What it sees. Each message arrived exactly once, nothing bounced, nothing is still on the way.
Why it matters. It is what failover is for.
Example. The primary refuses connections; the backup takes the mail and hands it on:
    senders: [rfc5321, postfix, exim, haraka]
    steps:
      - {at: 0m, break: mx1, with: tcp-refuse, for: 1h}
      - {at: 1m, send: letter, to: alice}
What to do. Nothing.
Standards. RFC 5321 §5.1.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.run import Run
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive
from mxprobe.rules.sender.health import NO_MAIL

RULE = Rule(code="MX950", name="failover-as-specified", severity=Severity.OK, references=("RFC 5321 §5.1",))


def find(run: Run) -> Judgement:
    """One positive statement, or none."""
    if not run.fates:
        return inconclusive(RULE, NO_MAIL)
    well = all(len(fate.arrivals) == 1 and not fate.bounces and not fate.held for fate in run.fates)
    words = Words(says=f"all {len(run.fates)} messages arrived, each once")
    return conclude(RULE, [finding(RULE, run.domain, words)] if well else [])
