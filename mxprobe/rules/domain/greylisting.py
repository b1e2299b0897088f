"""A host puts off whom it does not know yet.

What it sees. The first RCPT is answered by 450 or 451 in the words or codes of greylisting, and the same client,
sender and recipient are accepted after the wait.
Why it matters. The first message from anybody comes late, by the wait and the retry of its sender.
Example. mx1 greylists:
    example.test MX 10 mx1.example.test
    mx1.example.test A 192.0.2.1
    192.0.2.1 "220 mx1.example.test ESMTP" "250 mx1.example.test"
    192.0.2.1 good "451 4.7.1 Greylisted, try again later"
    192.0.2.1 again good "250 2.1.5 ok"
What to do. Nothing, if that is meant.
Standards. RFC 6647 §2, §4.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.matrix import Role
from mxprobe.facts.proof import Answer, Proof
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.matrix import Why
from mxprobe.mx.proving import why_of
from mxprobe.rules.domain.asked import (
    answers_about,
    line_of,
    not_asked,
    still_open,
)
from mxprobe.rules.domain.reading import unique
from mxprobe.rules.proof.reading import NOTHING_SENT, quote, was_sent
from mxprobe.rules.rule import Rule, Words, conclude, decide, finding, inconclusive

RULE = Rule(
    code="MX809",
    name="greylisting",
    severity=Severity.INFO,
    references=("RFC 6647 §2", "RFC 6647 §4"),
)


def find(snapshot: Snapshot) -> Judgement:
    """A finding for each address that greylists; inconclusive where it was not asked again, or did not let us pass."""
    reason = not_asked(snapshot, Role.GOOD)
    if reason:
        return inconclusive(RULE, reason)
    givens = answers_about(snapshot, Role.GOOD)
    put_off = [given for given in givens if given.first.why is Why.GREYLISTED]
    found = []
    for given in put_off:
        if given.earlier is None or given.answer is not Answer.ACCEPTED:
            continue
        words = Words(
            says=f"{given.endpoint.host} greylists: accepted when asked again after {given.at - given.first.at:.0f} s",
            seen=(line_of(given.first), line_of(given)),
            means="The first mail of a sender comes late, by the wait and by when its sender tries again.",
        )
        found.append(finding(RULE, given.endpoint.id, words))
    if found:
        return conclude(RULE, unique(found))
    if put_off:
        given = put_off[0]
        again = f"when asked again: {given.words}" if given.earlier else "--matrix --patient asks again"
        return inconclusive(RULE, f"{given.endpoint.id} looks like greylisting; {again}")
    silent = still_open(given for given in givens if given.answer is Answer.UNKNOWN)
    return inconclusive(RULE, silent) if silent else conclude(RULE, [])


def find_in_proof(proof: Proof) -> Judgement:
    """A finding for each host that put the message off as greylisting does, and took it later."""
    if not was_sent(proof):
        return inconclusive(RULE, NOTHING_SENT)
    found, unknown = [], []
    for route in proof.routes:
        grey = [one for one in route.handovers if why_of(one) == (Answer.LATER, Why.GREYLISTED)]
        if grey and grey[-1] is route.last:
            unknown.append(f"{route.via} looks like greylisting, and was not asked again late enough: {quote(route)}")
        elif grey and route.last is not None and route.last.answer is Answer.ACCEPTED:
            words = Words(
                says=f"{route.via} greylists: it took the message {route.last.at - grey[0].at:.0f} s later",
                seen=(grey[0].said, route.last.said),
                means="The first mail of a sender comes late.",
            )
            found.append(finding(RULE, route.via, words))
    return decide(RULE, found, unknown)
