"""A host refuses postmaster.

What it sees. RCPT for postmaster at the domain is answered by 5yz at a host that accepts another recipient of the
domain.
Why it matters. Whoever wants to tell of a fault of your mail has nowhere to write to.
Example. mx1 knows no postmaster:
    example.test MX 10 mx1.example.test
    mx1.example.test A 192.0.2.1
    192.0.2.1 "220 mx1.example.test ESMTP" "250 mx1.example.test"
    192.0.2.1 postmaster "550 5.1.1 no such user"
What to do. Have mail to postmaster read by a person, through every host.
Standards. RFC 5321 §2.3.5, §4.1.1.3, §4.5.1.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.matrix import Role
from mxprobe.facts.proof import Answer
from mxprobe.facts.snapshot import Snapshot
from mxprobe.rules.domain.asked import (
    answers_about,
    line_of,
    not_asked,
    unasked_hosts,
)
from mxprobe.rules.domain.reading import unique
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive

RULE = Rule(
    code="MX660",
    name="postmaster-rejected",
    severity=Severity.ERROR,
    references=("RFC 5321 §4.5.1", "RFC 5321 §2.3.5", "RFC 5321 §4.1.1.3"),
)


def find(snapshot: Snapshot) -> Judgement:
    """A finding for each host that refuses."""
    reason = not_asked(snapshot, Role.POSTMASTER)
    if reason:
        return inconclusive(RULE, reason)
    goods = [given for given in answers_about(snapshot, Role.GOOD) if given.answer is Answer.ACCEPTED]
    found, doubts = [], []
    for given in answers_about(snapshot, Role.POSTMASTER):
        other = next((one for one in goods if one.endpoint == given.endpoint), None)
        if given.answer is Answer.REFUSED and other is not None:
            words = Words(
                says=f"{given.endpoint.host} refuses postmaster@{snapshot.domain}",
                seen=(line_of(other), line_of(given)),
                means="Whoever wants to tell of a fault of this domain's mail has nowhere to write to.",
                do="Have mail to postmaster read by a person, through every host.",
            )
            found.append(finding(RULE, given.endpoint.host, words))
        elif given.answer is not Answer.ACCEPTED:
            doubts.append(f"{given.endpoint.id}: {given.words}, and it accepts no other recipient that we know")
    doubts += [reason for reason in (unasked_hosts(snapshot),) if reason]
    return inconclusive(RULE, "; ".join(doubts)) if doubts and not found else conclude(RULE, unique(found))
