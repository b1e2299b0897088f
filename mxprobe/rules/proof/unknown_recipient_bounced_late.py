"""A host took a message for somebody who is not there, and gave it back later.

What it sees. The labelled message for the unknown recipient was accepted, and a notification of its failure came back
to the envelope sender; not because it went round, which is another matter.
Why it matters. Spam comes with forged senders: each such notification goes to a bystander, and the host is blamed.
Example. The backup takes anyone, the primary knows its people:
    recipients: [alice]
    hosts: {mx2: {recipients: any}}
    steps:
      - {at: 0m, prove: drill, to: alice, unknown: ghost}
What to do. Give every MX host the list of recipients, and refuse others at RCPT.
Standards. RFC 5321 §6.1, §6.2; RFC 3464."""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.proof import Box, Proof
from mxprobe.mx.proving import accepted_at
from mxprobe.rules.proof.reading import NOTHING_SENT, failures, unseen, unwatched, was_sent
from mxprobe.rules.proof.returned import Cause, cause_of, say
from mxprobe.rules.rule import Rule, Words, decide, finding, inconclusive

RULE = Rule(
    code="MX805",
    name="unknown-recipient-bounced-late",
    severity=Severity.ERROR,
    references=("RFC 5321 §6.1", "RFC 5321 §6.2", "RFC 3464 §2.1"),
)


def find_in_proof(proof: Proof) -> Judgement:
    """A finding for each host that gave the message back after it had taken it."""
    if not was_sent(proof):
        return inconclusive(RULE, NOTHING_SENT)
    unknown = [route for route in proof.routes if route.is_unknown and route.handovers]
    if not unknown:
        return inconclusive(RULE, "nobody was written to who is not there")
    found, open_ = [], [unseen(proof, Box.RETURNS)] if unseen(proof, Box.RETURNS) else []
    for route in unknown:
        if accepted_at(route) is not None and not failures(route) and not route.copies and unwatched(proof):
            open_.append(f"{route.via} took mail for {route.recipient}, who is not there; {unwatched(proof)}")
        for bounce in failures(route)[:1] if cause_of(route, proof) is not Cause.ROUND else ():
            words = Words(
                says=f"{route.via} took mail for {route.recipient}, who is not there, and gave it back later",
                seen=(say(bounce),),
                means="Forged senders get these notifications: bystanders are hit, and the host gets a bad name.",
                do=f"Give {route.via} the list of recipients, so that it refuses others at RCPT.",
            )
            found.append(finding(RULE, route.via, words))
    return decide(RULE, found, open_)
