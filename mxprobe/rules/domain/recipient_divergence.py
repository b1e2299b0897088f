"""One host accepts a recipient, another refuses.

What it sees. RCPT for a recipient who is there is answered by 2yz at one address of the chain and by 5yz at another,
and the refusal is not about the probe. In a proof also: a message that one host took for the recipient came back
because nobody of that name were there, and another host's did not.
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
from mxprobe.facts.proof import Answer, Proof, Route
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.cells import CELLS
from mxprobe.mx.matrix import Given, Why
from mxprobe.mx.once import once
from mxprobe.mx.proving import State, state_of, why_of
from mxprobe.rules.domain.asked import (
    answers_about,
    line_of,
    not_asked,
    still_open,
)
from mxprobe.rules.domain.reading import unique
from mxprobe.rules.proof.reading import NOTHING_SENT, known_routes, quote, was_sent
from mxprobe.rules.proof.returned import Cause, given_back, told_by
from mxprobe.rules.proof.session_accepted_but_policy_after_data import CONTENT_CELLS
from mxprobe.rules.rule import Rule, Words, conclude, decide, finding, inconclusive

RULE = Rule(
    code="MX802",
    name="recipient-divergence",
    severity=Severity.ERROR,
    references=("RFC 5321 §3.3", "RFC 5321 §4.2.1"),
)


@once
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
    """A finding for each host that refuses a recipient whom another host took mail for, or has it refused later.

    What else kept a message from being taken says nothing of the recipient, and leaves it open.
    """
    if not was_sent(proof):
        return inconclusive(RULE, NOTHING_SENT)
    routes = [route for route in known_routes(proof) if route.last is not None]
    took = [route for route in routes if route.last is not None and route.last.answer is Answer.ACCEPTED]
    takers = ", ".join(route.via for route in took if not given_back(route))
    found, unknown = [], []
    for route in routes:
        told = told_by(route, proof, Cause.RECIPIENT)
        if not told and not _refuses_recipient(route):
            unknown += _unanswered(route, proof)
        elif not takers:
            refused = told[0] if told else quote(route)
            unknown.append(f"{route.via} has no {proof.recipient}, and no other host shows one: {refused}")
        elif told:
            says = (
                f"{takers} takes mail for {proof.recipient}, and what {route.via} took comes back: nobody of that name"
            )
            found.append(_lacks(route, says, told))
        else:
            says = f"{takers} takes mail for {proof.recipient}, and {route.via} refuses it"
            found.append(_lacks(route, says, (quote(route),)))
    return decide(RULE, found, unknown)


def _lacks(route: Route, says: str, seen: tuple[str, ...]) -> Finding:
    words = Words(
        says=says,
        seen=seen,
        means=f"When mail goes to {route.via}, it comes back, although the recipient is there.",
        do="Bring the lists of recipients of all hosts on the way in line, and look at what rewrites the recipient.",
    )
    return finding(RULE, route.via, words)


def _refuses_recipient(route: Route) -> bool:
    last = route.last
    return last is not None and last.cell[0] == "R" and why_of(last) == (Answer.REFUSED, Why.PLAIN)


def _unanswered(route: Route, proof: Proof) -> list[str]:
    """Why a host did not say whether the recipient is there, where no other rule tells why it took no message."""
    last = route.last
    if last is None or last.answer not in (Answer.REFUSED, Answer.LATER) or last.cell in CONTENT_CELLS:
        return []
    if why_of(last)[1] in _TOLD or (state_of(route, proof) is State.UNTRUSTED and not proof.policy_missing):
        return []
    said = f'"{last.said}"' if last.said else CELLS[last.cell].event
    return [f"{route.via} was not heard about {proof.recipient}: {said}"]


_TOLD = (Why.NOT_SERVED, Why.NO_SUCH_NAME)
"""What domain-not-accepted tells."""
