"""A message arrived more than once.

What it sees. Two or more copies of one message for one recipient in mailboxes.
Why it matters. Readers see double. It is lawful where the reply to the final dot was lost, for then a sender cannot
know whether the host took the message; it is not where it was heard.
Example. The primary stores the message and hangs up before its 250:
    senders: [postfix]
    steps:
      - {at: 0m, break: mx1, with: close, phase: dot, for: 10m}
      - {at: 1m, send: letter, to: alice}
What to do. Answer the final dot fast: filter before, or hold the message and answer at once.
Standards. RFC 5321 §4.5.3.2.6, §6.1; RFC 1047.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.run import EventKind, Fate, Run
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive
from mxprobe.rules.sender.health import NO_MAIL, events_of

RULE = Rule(
    code="MX954",
    name="duplicate-delivered",
    severity=Severity.WARNING,
    references=("RFC 5321 §4.5.3.2.6", "RFC 5321 §6.1", "RFC 1047"),
)


def find(run: Run) -> Judgement:
    """A finding for each copy beyond the first."""
    if not run.fates:
        return inconclusive(RULE, NO_MAIL)
    return conclude(
        RULE,
        [
            finding(
                RULE,
                f"{fate.message}/{fate.recipient}",
                Words(
                    says=f"{fate.message} arrived {len(fate.arrivals)} times for {fate.recipient}",
                    seen=tuple(f"stored at {host}, {at:.0f} s" for host, at in fate.arrivals),
                    means=_cause(run, fate),
                    do="Make the host answer the final dot before senders give up waiting.",
                ),
            )
            for fate in run.fates
            if len(fate.arrivals) > 1
        ],
    )


def _cause(run: Run, fate: Fate) -> str:
    """Whether the sender could know that the first copy had been taken (Z5 and Z6: it heard no answer to its dot)."""
    if any(event.cell in ("Z5", "Z6") for event in events_of(run, fate, EventKind.REFUSED)):
        return "The sender heard no answer to its final dot, so that a second copy is allowed; a loss is not."
    return "Every answer to a final dot was heard: some mailer delivered again what it had delivered."
