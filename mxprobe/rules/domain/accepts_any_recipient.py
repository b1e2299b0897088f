"""Every host accepts a recipient who is not there.

What it sees. A random recipient is accepted at every address of the chain.
Why it matters. Either all mail of the domain goes to one mailbox, or recipients are judged behind the content. Then
an accepted RCPT proves nothing about anybody.
Example. Both hosts accept anybody:
    example.test MX 10 mx1.example.test
    example.test MX 20 mx2.example.test
    mx1.example.test A 192.0.2.1
    mx2.example.test A 192.0.2.2
    192.0.2.1 "220 mx1.example.test ESMTP" "250 mx1.example.test"
    192.0.2.2 "220 mx2.example.test ESMTP" "250 mx2.example.test"
    192.0.2.1 random "250 2.1.5 ok"
    192.0.2.2 random "250 2.1.5 ok"
What to do. Nothing, if that is meant; a message tells what RCPT does not.
Standards. RFC 5321 §3.3.
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
    unasked_hosts,
)
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive

RULE = Rule(code="MX804", name="accepts-any-recipient", severity=Severity.INFO, references=("RFC 5321 §3.3",))


def find(snapshot: Snapshot) -> Judgement:
    """One finding; inconclusive where nobody refused and not all were heard."""
    reason = not_asked(snapshot, Role.RANDOM)
    if reason:
        return inconclusive(RULE, reason)
    givens = answers_about(snapshot, Role.RANDOM)
    if any(given.answer is Answer.REFUSED for given in givens):
        return conclude(RULE, [])
    doubt = still_open(givens) or unasked_hosts(snapshot)
    if doubt or not givens:
        return inconclusive(RULE, doubt or "no host was asked")
    words = Words(
        says="every host accepts a recipient who is not there",
        seen=tuple(line_of(given) for given in givens),
        means="That a host accepts a recipient proves nothing here: all are accepted, or judged behind the content.",
        do="Nothing, if that is meant. A message tells what RCPT does not.",
    )
    return conclude(RULE, [finding(RULE, snapshot.domain, words)])
