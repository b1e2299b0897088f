"""One host accepts a recipient, another refuses.

What it sees. RCPT for a recipient who is there is answered by 2yz at one address of the chain and by 5yz at another,
and the refusal is not about the probe.
Why it matters. Mail that goes to the host that refuses comes back, though the mailbox is there.
Example. mx2 has a list from last year:
    example.test MX 10 mx1.example.test
    example.test MX 20 mx2.example.test
    mx1.example.test A 192.0.2.1
    mx2.example.test A 192.0.2.2
    192.0.2.1 "220 mx1.example.test ESMTP" "250 mx1.example.test"
    192.0.2.2 "220 mx2.example.test ESMTP" "250 mx2.example.test"
    192.0.2.1 good "250 2.1.5 ok"
    192.0.2.2 good "550 5.1.1 no such user"
What to do. Bring the list of recipients of both hosts in line.
Standards. RFC 5321 §3.3, §4.2.1.
"""

from mxprobe.facts.finding import Finding, Judgement, Severity
from mxprobe.facts.matrix import Role
from mxprobe.facts.proof import Answer, Proof
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.matrix import Given, Why
from mxprobe.mx.proving import why_of
from mxprobe.rules.domain.asked import (
    answers_about,
    line_of,
    not_asked,
    still_open,
)
from mxprobe.rules.domain.reading import unique
from mxprobe.rules.proof.reading import NOTHING_SENT, known_routes, quote, was_sent
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive

RULE = Rule(
    code="MX802",
    name="recipient-divergence",
    severity=Severity.ERROR,
    references=("RFC 5321 §3.3", "RFC 5321 §4.2.1"),
)


def find(snapshot: Snapshot) -> Judgement:
    """A finding for each host that refuses whom another accepts."""
    reason = not_asked(snapshot, Role.GOOD)
    if reason:
        return inconclusive(RULE, reason)
    givens = answers_about(snapshot, Role.GOOD)
    found: list[Finding] = []
    for number in dict.fromkeys(given.number for given in givens):
        found += _diverging([given for given in givens if given.number == number])
    if found:
        return conclude(RULE, unique(found))
    several = len({given.endpoint for given in givens}) > 1
    return inconclusive(RULE, still_open(givens)) if several and still_open(givens) else conclude(RULE, [])


def _diverging(givens: list[Given]) -> list[Finding]:
    """The findings about one recipient."""
    accepted = [given for given in givens if given.answer is Answer.ACCEPTED]
    refused = [given for given in givens if given.answer is Answer.REFUSED]
    if not accepted:
        return []
    takers = ", ".join(dict.fromkeys(given.endpoint.host for given in accepted))
    return [
        finding(
            RULE,
            given.endpoint.host,
            Words(
                says=f"{given.endpoint.host} refuses {given.question.recipient}, whom {takers} accepts",
                seen=(line_of(accepted[0]), line_of(given)),
                means="Mail that goes to the host that refuses comes back, though the mailbox is there.",
                do="Bring the lists of recipients of these hosts in line.",
            ),
        )
        for given in refused
    ]


def find_in_proof(proof: Proof) -> Judgement:
    """A finding for each host that refuses a recipient whom another host took mail for."""
    if not was_sent(proof):
        return inconclusive(RULE, NOTHING_SENT)
    routes = [route for route in known_routes(proof) if route.last is not None]
    takers = [route.via for route in routes if route.last is not None and route.last.answer is Answer.ACCEPTED]
    found = []
    for route in routes if takers else ():
        if route.last is not None and route.last.cell[0] == "R" and why_of(route.last) == (Answer.REFUSED, Why.PLAIN):
            words = Words(
                says=f"{takers[0]} takes mail for {proof.recipient}, and {route.via} refuses it",
                seen=(quote(route),),
                means=f"When mail goes to {route.via}, it comes back, although the recipient is there.",
                do=f"Give {route.via} the same list of recipients.",
            )
            found.append(finding(RULE, route.via, words))
    return conclude(RULE, found)
