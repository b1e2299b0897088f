"""A host accepts a recipient who is there.

What it sees. RCPT for a recipient that was named with --to is answered by 2yz.
Why it matters. It is what a sender needs to hear. Whether the mail is then kept and handed on, only a message shows.
Example. Both hosts know alice:
    example.test MX 10 mx1.example.test
    example.test MX 20 mx2.example.test
    mx1.example.test A 192.0.2.1
    mx2.example.test A 192.0.2.2
    192.0.2.1 "220 mx1.example.test ESMTP" "250 mx1.example.test"
    192.0.2.2 "220 mx2.example.test ESMTP" "250 mx2.example.test"
    192.0.2.1 good "250 2.1.5 ok"
    192.0.2.2 good "250 2.1.5 ok"
What to do. Nothing.
Standards. RFC 5321 §3.3, §4.3.2.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.matrix import Role
from mxprobe.facts.proof import Answer
from mxprobe.facts.snapshot import Snapshot
from mxprobe.rules.domain.asked import (
    answers_about,
    line_of,
    not_asked,
    still_open,
)
from mxprobe.rules.domain.reading import unique
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive

RULE = Rule(
    code="MX800",
    name="recipient-accepted",
    severity=Severity.OK,
    references=("RFC 5321 §3.3", "RFC 5321 §4.3.2"),
)


def find(snapshot: Snapshot) -> Judgement:
    """A finding for each host that accepts; inconclusive where none does and some gave no answer that tells."""
    reason = not_asked(snapshot, Role.GOOD)
    if reason:
        return inconclusive(RULE, reason)
    givens = answers_about(snapshot, Role.GOOD)
    found = []
    for given in givens:
        if given.answer is not Answer.ACCEPTED:
            continue
        words = Words(
            says=f"{given.endpoint.host} accepts {given.question.recipient}",
            seen=(line_of(given),),
            means="It takes the mail at RCPT. Whether it keeps it and hands it on, only a message shows.",
        )
        found.append(finding(RULE, given.endpoint.host, words))
    if not found and still_open(givens):
        return inconclusive(RULE, still_open(givens))
    return conclude(RULE, unique(found))
