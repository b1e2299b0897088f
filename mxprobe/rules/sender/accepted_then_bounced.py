"""A host accepted a message and gave it back later.

What it sees. A bounce that a host of the chain writes, for a message that it had accepted.
Why it matters. The bounce goes to the envelope sender, who is often forged: the host sends backscatter to a bystander
and ends on block lists. A refusal in the session would have hit nobody.
Example. The backup takes mail for anyone; the primary refuses a made-up name when it is back:
    hosts: {mx2: {recipients: any}}
    senders: [postfix]
    steps:
      - {at: 0m,  break: mx1, with: tcp-refuse, for: 1h}
      - {at: 10m, send: letter, to: ghost}
What to do. Give the backup the list of recipients, so that it refuses at RCPT what the primary would refuse.
Standards. RFC 5321 §6.1, §6.2.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.run import Run
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive
from mxprobe.rules.sender.health import NO_MAIL, SENDER

RULE = Rule(
    code="MX955",
    name="accepted-then-bounced",
    severity=Severity.ERROR,
    references=("RFC 5321 §6.1", "RFC 5321 §6.2"),
)


def find(run: Run) -> Judgement:
    """A finding for each late bounce."""
    if not run.fates:
        return inconclusive(RULE, NO_MAIL)
    return conclude(
        RULE,
        [
            finding(
                RULE,
                f"{fate.message}/{fate.recipient}",
                Words(
                    says=f"{by} accepted {fate.message} to {fate.recipient} and bounced it later",
                    seen=(f"bounced by {by} at {at:.0f} s with status {status or 'unknown'}",),
                    means="The bounce goes to whoever the message named as its sender.",
                    do=(
                        f"Let {by} keep mail longer than the primary may be down."
                        if status == "4.4.7"
                        else f"Let {by} know the recipients."
                    ),
                ),
            )
            for fate in run.fates
            for by, at, status in fate.bounces
            if by != SENDER
        ],
    )
