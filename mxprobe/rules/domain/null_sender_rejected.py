"""A host refuses mail from the null sender.

What it sees. MAIL FROM:<>, or RCPT of a recipient who is there behind it, is answered by 5yz, and the same recipient
is accepted under an ordinary sender.
Why it matters. Bounces come from the null sender. They do not arrive, and hosts that verify senders refuse your mail.
Example. mx1 wants a sender:
    example.test MX 10 mx1.example.test
    mx1.example.test A 192.0.2.1
    192.0.2.1 "220 mx1.example.test ESMTP" "250 mx1.example.test"
    192.0.2.1 null "550 5.7.1 empty senders are not accepted"
What to do. Accept the null sender for recipients who are there.
Standards. RFC 5321 §3.7, §4.5.5, §6.1.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.matrix import Role
from mxprobe.facts.proof import Answer
from mxprobe.facts.snapshot import Snapshot
from mxprobe.rules.domain.asked import (
    answers_about,
    answers_to_null,
    line_of,
    not_asked,
    unasked_hosts,
)
from mxprobe.rules.domain.reading import unique
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive

RULE = Rule(
    code="MX662",
    name="null-sender-rejected",
    severity=Severity.ERROR,
    references=("RFC 5321 §3.7", "RFC 5321 §4.5.5", "RFC 5321 §6.1"),
)


def find(snapshot: Snapshot) -> Judgement:
    """A finding for each host that refuses for the null sender alone."""
    reason = not_asked(snapshot, Role.POSTMASTER)
    if reason:
        return inconclusive(RULE, reason)
    nulls = answers_to_null(snapshot)
    if not nulls:
        return inconclusive(RULE, "the EHLO name takes no mail, so that there was no sender but the null one")
    goods = {given.endpoint: given for given in reversed(answers_about(snapshot, Role.GOOD))}
    found, doubts = [], []
    for given in nulls:
        ordinary = goods[given.endpoint]
        if given.answer is Answer.REFUSED and ordinary.answer is Answer.ACCEPTED:
            words = Words(
                says=f"{given.endpoint.host} refuses mail from the null sender",
                seen=(line_of(ordinary), line_of(given)),
                means="Bounces do not arrive, and hosts that verify senders refuse the mail of this domain.",
                do=f"Let {given.endpoint.host} accept the null sender for recipients who are there.",
            )
            found.append(finding(RULE, given.endpoint.host, words))
        elif given.answer is not Answer.ACCEPTED:
            doubts.append(f"{given.endpoint.id}: {given.words}, ordinary sender {ordinary.words}")
    doubts += [reason for reason in (unasked_hosts(snapshot),) if reason]
    return inconclusive(RULE, "; ".join(doubts)) if doubts and not found else conclude(RULE, unique(found))
