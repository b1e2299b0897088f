"""A host accepts mail for domains that are not its own.

What it sees. RCPT for a recipient of another domain is accepted from us, who are nobody to the host, in two ways or
more: under the ordinary sender, the null sender, a sender of the domain itself, as a source route, and, where the host
knows its own recipients, hidden in a local part by a percent or an exclamation mark. No message is sent, so whether it
would be handed on is not known.
Why it matters. Whoever finds it sends through it, and the host ends on block lists.
Example. mx1 relays for everybody:
    example.test MX 10 mx1.example.test
    mx1.example.test A 192.0.2.1
    192.0.2.1 "220 mx1.example.test ESMTP" "250 mx1.example.test"
    192.0.2.1 foreign "250 2.1.5 ok"
What to do. Relay for your own domains and your own users alone.
Standards. RFC 5321 §3.6.1, §3.6.2, §7.9; RFC 2505 §2.1.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.matrix import Role
from mxprobe.facts.proof import Answer
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.matrix import Given, Why, all_answers, foreign_answers
from mxprobe.rules.domain.asked import (
    line_of,
    not_asked,
    unasked_hosts,
)
from mxprobe.rules.domain.reading import unique
from mxprobe.rules.pasting import setting
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive

RULE = Rule(
    code="MX811",
    name="open-relay",
    severity=Severity.ERROR,
    references=("RFC 5321 §3.6.1", "RFC 5321 §3.6.2", "RFC 5321 §7.9", "RFC 2505 §2.1"),
)

_POSTFIX = ("smtpd_relay_restrictions = permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination",)

LEAST = 2
"""So many ways to ask have to be accepted."""


def find(snapshot: Snapshot) -> Judgement:
    """A finding for each host that accepts in two ways or more; one way alone is inconclusive."""
    reason = not_asked(snapshot, Role.FOREIGN)
    if reason:
        return inconclusive(RULE, reason)
    givens = all_answers(snapshot)
    found, doubts = [], []
    for endpoint in dict.fromkeys(given.endpoint for given in givens):
        own = foreign_answers([given for given in givens if given.endpoint == endpoint])
        accepted = [given for given in own if given.answer is Answer.ACCEPTED]
        if len(accepted) >= LEAST:
            words = Words(
                says=f"{endpoint.host} accepts RCPT for a recipient of another domain",
                seen=tuple(line_of(given) for given in accepted),
                means="Whoever finds it may send through it. Nothing was sent, so that handing on is not proven.",
                do=f"Let {endpoint.host} relay for your own domains and users alone.",
                paste=setting(snapshot, endpoint.host, _POSTFIX),
            )
            found.append(finding(RULE, endpoint.host, words))
        elif accepted:
            doubts.append(f"{endpoint.id}: accepted in one way alone: {line_of(accepted[0])}")
        elif not all(_denies(given) for given in own):
            doubts.append(f"{endpoint.id}: {own[0].words}")
    doubts += [reason for reason in (unasked_hosts(snapshot),) if reason]
    return inconclusive(RULE, "; ".join(doubts)) if doubts and not found else conclude(RULE, unique(found))


def _denies(given: Given) -> bool:
    """Whether the host says that it does not relay, for good or, as Postfix does as it is shipped, by 454."""
    if given.why is Why.NOT_SERVED:
        return True
    return given.answer is Answer.REFUSED and given.why is not Why.NO_SUCH_NAME
