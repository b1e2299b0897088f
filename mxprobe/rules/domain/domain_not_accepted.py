"""A host of the chain does not take mail for the domain.

What it sees. RCPT for a recipient who is there and for postmaster are both refused, in the words of a host that does
not serve the domain or does not relay to it.
Why it matters. Every message that goes there comes back, and it goes there when the others fail.
Example. mx2 was never told of the domain:
    example.test MX 10 mx1.example.test
    example.test MX 20 mx2.example.test
    mx1.example.test A 192.0.2.1
    mx2.example.test A 192.0.2.2
    192.0.2.1 "220 mx1.example.test ESMTP" "250 mx1.example.test"
    192.0.2.2 "220 mx2.example.test ESMTP" "250 mx2.example.test"
    192.0.2.1 good "250 2.1.5 ok"
    192.0.2.1 postmaster "250 2.1.5 ok"
    192.0.2.2 good "554 5.7.1 Relay access denied"
    192.0.2.2 postmaster "554 5.7.1 Relay access denied"
What to do. Add the domain to those that the host takes or relays, or remove its record.
Standards. RFC 5321 §3.6.2.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.matrix import Role
from mxprobe.facts.proof import Answer, Proof
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.matrix import Given, Why
from mxprobe.mx.proving import why_of
from mxprobe.rules.domain.asked import (
    answers_about,
    is_known,
    line_of,
    not_asked,
    still_open,
)
from mxprobe.rules.domain.reading import unique
from mxprobe.rules.proof.reading import NOTHING_SENT, known_routes, quote, was_sent
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive

RULE = Rule(
    code="MX801",
    name="domain-not-accepted",
    severity=Severity.ERROR,
    covers=("MX802",),
    references=("RFC 5321 §3.6.2",),
)

_NOT_HERE = (Why.NOT_SERVED, Why.NO_SUCH_NAME)


def find(snapshot: Snapshot) -> Judgement:
    """A finding for each such host."""
    reason = not_asked(snapshot, Role.GOOD)
    if reason:
        return inconclusive(RULE, reason)
    goods, postmasters = (answers_about(snapshot, role) for role in (Role.GOOD, Role.POSTMASTER))
    found, unproven = [], []
    for endpoint in dict.fromkeys(given.endpoint for given in goods):
        own = [given for given in goods if given.endpoint == endpoint]
        second = [given for given in postmasters if given.endpoint == endpoint]
        if not all(_is_not_here(given) for given in own):
            continue
        if not second or not is_known(second[0]):
            unproven.append(endpoint.id)
        elif _is_not_here(second[0]):
            words = Words(
                says=f"{endpoint.host} does not take mail for {snapshot.domain}",
                seen=tuple(line_of(given) for given in (*own, *second)),
                means="Mail that goes there comes back to its sender, as it does when better hosts fail.",
                do=f"Add {snapshot.domain} to the domains that {endpoint.host} takes or relays, or remove its record.",
            )
            found.append(finding(RULE, endpoint.host, words))
    if found:
        return conclude(RULE, unique(found))
    if unproven:
        return inconclusive(RULE, f"{', '.join(unproven)}: refused as not served; postmaster would tell: --matrix")
    return inconclusive(RULE, still_open(goods)) if still_open(goods) else conclude(RULE, [])


def _is_not_here(given: Given) -> bool:
    return given.answer is Answer.REFUSED and given.why in _NOT_HERE


def find_in_proof(proof: Proof) -> Judgement:
    """A finding for each host that refuses to take mail for the domain."""
    if not was_sent(proof):
        return inconclusive(RULE, NOTHING_SENT)
    found = []
    for route in known_routes(proof):
        last = route.last
        if last is not None and last.answer is not Answer.ACCEPTED and why_of(last)[1] in _NOT_HERE:
            words = Words(
                says=f"{route.via} does not take mail for {proof.domain}",
                seen=(quote(route),),
                means="Mail that goes there comes back to its sender, as it does when better hosts fail.",
                do=f"Add {proof.domain} to the domains that {route.via} takes or relays, or remove its record.",
            )
            found.append(finding(RULE, route.via, words))
    return conclude(RULE, found)
