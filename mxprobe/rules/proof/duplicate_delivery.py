"""One message arrived more than once.

What it sees. Several copies with one mark. What somebody says has come is not counted beside what was found.
Why it matters. People get mail twice; who answers by machine answers twice.
Example. The primary answers the final dot too late for the backup, and keeps the message all the same:
    steps:
      - {at: 0m, break: mx1, with: {delay: 12m}, phase: dot, for: 30m}
      - {at: 1m, prove: drill, to: alice, watch: 3h}
What to do. Look for slow answers to the final dot, and for two ways to one mailbox.
Standards. RFC 5321 §4.5.3.2.6, §6.1; RFC 1047."""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.proof import Box, Proof
from mxprobe.rules.proof.reading import NOBODY_LOOKED, known_routes, unseen
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive

RULE = Rule(
    code="MX818",
    name="duplicate-delivery",
    severity=Severity.WARNING,
    references=("RFC 5321 §4.5.3.2.6", "RFC 5321 §6.1", "RFC 1047"),
)


def find_in_proof(proof: Proof) -> Judgement:
    """A finding for each message with several copies."""
    if not proof.mailbox:
        return inconclusive(RULE, NOBODY_LOOKED)
    found = []
    for route in known_routes(proof):
        copies = [copy for copy in route.copies if copy.at_known or copy.hops]
        if len(copies) > 1:
            words = Words(
                says=f"the message over {route.via} arrived {len(copies)} times",
                seen=tuple(f"{copy.place}, {len(copy.hops)} hops" for copy in copies[:3]),
                means="People get mail over this host more than once.",
                do="Look for slow answers to the final dot, and for two ways to one mailbox.",
            )
            found.append(finding(RULE, route.via, words))
    reason = unseen(proof, Box.MAILBOX)
    return inconclusive(RULE, reason) if reason and not found else conclude(RULE, found)
