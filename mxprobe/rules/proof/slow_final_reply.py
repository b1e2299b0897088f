"""A host took long to answer the final dot.

What it sees. More than a minute between the end of the message and the answer.
Why it matters. A sender that gives up before the answer sends the message again: a second copy.
Example. The backup filters for two minutes:
    steps:
      - {at: 0m, break: mx2, with: {delay: 2m}, phase: dot}
      - {at: 1m, prove: drill, to: alice}
What to do. Answer first and filter then, or filter faster.
Standards. RFC 5321 §4.5.3.2.6, §6.1."""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.proof import Proof
from mxprobe.facts.smtp import Phase
from mxprobe.rules.proof.reading import NOTHING_SENT, was_sent
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive

RULE = Rule(
    code="MX820",
    name="slow-final-reply",
    severity=Severity.WARNING,
    references=("RFC 5321 §4.5.3.2.6", "RFC 5321 §6.1"),
)

_SLOW = 60.0


def find_in_proof(proof: Proof) -> Judgement:
    """A finding for each host that was slow."""
    if not was_sent(proof):
        return inconclusive(RULE, NOTHING_SENT)
    found = {}
    for route in proof.routes:
        for turn in (turn for one in route.handovers for turn in one.turns if turn.phase is Phase.DOT):
            if turn.reply is not None and turn.ended - turn.started > _SLOW:
                words = Words(
                    says=f"{route.via} took {turn.ended - turn.started:.0f} s to answer the final dot",
                    seen=(turn.reply.text,),
                    means="Senders that wait no longer send such a message again.",
                    do=f"Make {route.via} answer first and filter then.",
                )
                found[route.via] = finding(RULE, route.via, words)
    return conclude(RULE, list(found.values()))
