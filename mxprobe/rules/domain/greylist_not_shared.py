"""Hosts of one operator greylist each for itself.

What it sees. A sender that passed the greylisting of one address is put off again by another of the same preference
or operator, for the same sender and recipient.
Why it matters. A sender that goes from host to host waits at each.
Example. mx2 does not know whom mx1 let pass:
    example.test MX 10 mx1.example.test
    example.test MX 20 mx2.example.test
    mx1.example.test A 192.0.2.1
    mx2.example.test A 192.0.2.2
    192.0.2.1 "220 mx1.example.test ESMTP" "250 mx1.example.test"
    192.0.2.2 "220 mx2.example.test ESMTP" "250 mx2.example.test"
    192.0.2.1 good "451 4.7.1 Greylisted, try again later"
    192.0.2.1 again good "250 2.1.5 ok"
    192.0.2.2 good "451 4.7.1 Greylisted, try again later"
    192.0.2.2 again good "250 2.1.5 ok"
What to do. Share what was let pass, or stop greylisting on all but one.
Standards. RFC 6647 §4, §5.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.matrix import Role
from mxprobe.facts.proof import Answer
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.matrix import Given, Why
from mxprobe.rules.domain.asked import (
    answers_about,
    line_of,
    not_asked,
    still_open,
)
from mxprobe.rules.domain.reading import unique
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive

RULE = Rule(
    code="MX810",
    name="greylist-not-shared",
    severity=Severity.WARNING,
    references=("RFC 6647 §4", "RFC 6647 §5"),
)


def find(snapshot: Snapshot) -> Judgement:
    """A finding for each address that puts off whom another let pass before."""
    reason = not_asked(snapshot, Role.GOOD)
    if reason:
        return inconclusive(RULE, reason)
    givens = answers_about(snapshot, Role.GOOD)
    put_off = [given for given in givens if given.first.why is Why.GREYLISTED]
    passed = [given for given in put_off if given.earlier is not None and given.answer is Answer.ACCEPTED]
    found = []
    for given in put_off:
        before = next((one for one in passed if _belongs(one, given) and one.at < given.first.at), None)
        if before is None:
            continue
        words = Words(
            says=f"{given.endpoint.host} greylists whom {before.endpoint.host} let pass before",
            seen=(line_of(before), line_of(given.first)),
            means="A sender that goes from host to host waits at each of them.",
            do="Share what was let pass between these hosts.",
        )
        found.append(finding(RULE, given.endpoint.id, words))
    if found:
        return conclude(RULE, unique(found))
    if put_off and len({given.endpoint for given in givens}) > 1 and not passed:
        return inconclusive(RULE, f"{put_off[0].endpoint.id} looks like greylisting; --matrix --patient asks again")
    silent = still_open(given for given in givens if given.answer is Answer.UNKNOWN)
    return inconclusive(RULE, silent) if silent else conclude(RULE, [])


def _belongs(one: Given, other: Given) -> bool:
    """Whether two answers are of hosts of one operator or preference, to one client, about the same mail."""
    if one.endpoint == other.endpoint or one.number != other.number:
        return False
    if one.endpoint.is_ipv6 != other.endpoint.is_ipv6:
        return False
    same = one.endpoint.host.partition(".")[2] == other.endpoint.host.partition(".")[2]
    return same or one.preference == other.preference
