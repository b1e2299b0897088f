"""A host accepted the recipient and refused or put off the message itself.

What it sees. RCPT was accepted; DATA or the final dot was answered 4yz or 5yz.
Why it matters. What a host says to RCPT is then no sign of what it takes.
Example. The backup refuses content:
    steps:
      - {at: 0m, break: mx2, with: {reply: 554 5.7.1 Rejected by policy}, phase: dot}
      - {at: 1m, prove: drill, to: alice}
What to do. Look at the host's content filter; on a backup it should be that of the primary.
Standards. RFC 5321 §4.2.5, §4.3.2."""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.proof import Proof
from mxprobe.rules.proof.reading import NOTHING_SENT, quote, was_sent
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive

RULE = Rule(
    code="MX812",
    name="session-accepted-but-policy-after-data",
    severity=Severity.INFO,
    references=("RFC 5321 §4.2.5", "RFC 5321 §4.3.2"),
)

_CELLS = ("X2", "X3", "Z2", "Z3")


def find_in_proof(proof: Proof) -> Judgement:
    """A finding for each host that refused a message whose recipient it had accepted."""
    if not was_sent(proof):
        return inconclusive(RULE, NOTHING_SENT)
    found = []
    for route in proof.routes:
        if route.last is not None and route.last.cell in _CELLS:
            words = Words(
                says=f"{route.via} accepted {route.recipient} and not the message",
                seen=(quote(route),),
                means="What this host says to RCPT does not tell what it takes.",
                do=f"Look at what {route.via} filters.",
            )
            found.append(finding(RULE, route.via, words))
    return conclude(RULE, found)
