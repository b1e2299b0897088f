"""A backup accepts recipients who are not there.

What it sees. A random recipient is refused by every address of the best preference that answered, and accepted at a
worse one.
Why it matters. What the backup accepted, the primary refuses: the backup must bounce it, to senders who are mostly
forged. That gets it on block lists.
Example. mx2 accepts anybody:
    example.test MX 10 mx1.example.test
    example.test MX 20 mx2.example.test
    mx1.example.test A 192.0.2.1
    mx2.example.test A 192.0.2.2
    192.0.2.1 "220 mx1.example.test ESMTP" "250 mx1.example.test"
    192.0.2.2 "220 mx2.example.test ESMTP" "250 mx2.example.test"
    192.0.2.1 random "550 5.1.1 no such user"
    192.0.2.2 random "250 2.1.5 ok"
What to do. Give the backup the list of recipients, or let it ask the primary.
Standards. RFC 5321 §3.6.2, §6.1, §6.2.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.matrix import Role
from mxprobe.facts.proof import Answer
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.once import once
from mxprobe.rules.domain.asked import (
    answers_about,
    best_preference,
    line_of,
    not_asked,
    still_open,
    unasked_hosts,
)
from mxprobe.rules.domain.reading import unique
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive

RULE = Rule(
    code="MX803",
    name="backup-accepts-unknown",
    severity=Severity.WARNING,
    references=("RFC 5321 §3.6.2", "RFC 5321 §6.1", "RFC 5321 §6.2"),
)


@once
def find(snapshot: Snapshot) -> Judgement:
    """A finding for each such backup."""
    reason = not_asked(snapshot, Role.RANDOM)
    if reason:
        return inconclusive(RULE, reason)
    givens = answers_about(snapshot, Role.RANDOM)
    best = best_preference(snapshot)
    first = [given for given in givens if given.preference == best]
    backups = [given for given in givens if given.preference != best]
    if not any(visit.preference != best for visit in snapshot.visits):
        return conclude(RULE, [])
    if any(given.answer is Answer.ACCEPTED for given in first):
        return conclude(RULE, [])
    refusals = [given for given in first if given.answer is Answer.REFUSED]
    if not refusals:
        return inconclusive(RULE, still_open(first) or unasked_hosts(snapshot) or "the primary was not asked")
    found = []
    for given in backups:
        if given.answer is not Answer.ACCEPTED:
            continue
        words = Words(
            says=f"{given.endpoint.host} accepts a recipient who is not there, and {refusals[0].endpoint.host} refuses",
            seen=(line_of(refusals[0]), line_of(given)),
            means="It must bounce what the primary then refuses, mostly to senders who were forged.",
            do=f"Give {given.endpoint.host} the list of recipients, or let it ask the primary.",
        )
        found.append(finding(RULE, given.endpoint.host, words))
    doubt = still_open(backups) or unasked_hosts(snapshot)
    return inconclusive(RULE, doubt) if doubt and not found else conclude(RULE, unique(found))
