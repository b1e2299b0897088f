"""A provider says that the domain belongs to another of its regions.

What it sees. A reply with the enhanced status code by which a provider documents that. Recipients have to be asked
about for it (`--to`).
Why it matters. Mail waits at the senders and comes back after days, or takes a detour.
Example. The name of the old region was kept:
    example.test MX 0 example-test.mail.protection.outlook.com
    example-test.mail.protection.outlook.com A 192.0.2.1
    192.0.2.1 "220 mail.protection.outlook.com" "250 mail.protection.outlook.com"
    192.0.2.1 good "451 4.4.62 Mail sent to the wrong Office 365 region"
What to do. Publish the MX names of the region that the provider's console shows.
Standards. RFC 3463 §3.5.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.matrix import Role
from mxprobe.facts.smtp import Phase, Reply
from mxprobe.facts.snapshot import Snapshot, Visit
from mxprobe.rules.domain.asked import not_asked
from mxprobe.rules.domain.chain.reading import NO_ANSWER
from mxprobe.rules.domain.providers.reading import published
from mxprobe.rules.domain.reading import unique
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive

RULE = Rule(
    code="MX909",
    name="provider-wrong-region",
    severity=Severity.ERROR,
    references=("RFC 3463 §3.5",),
)


def find(snapshot: Snapshot) -> Judgement:
    """A finding for each host that says so."""
    parties = published(snapshot)
    if parties is None:
        return inconclusive(RULE, NO_ANSWER)
    codes = {
        party.host: party.known.provider.wrong_region
        for party in parties
        if party.known is not None and party.known.provider.wrong_region
    }
    found = []
    for visit in snapshot.visits:
        reply = _says_so(visit, codes.get(visit.endpoint.host, ""))
        if reply is None:
            continue
        words = Words(
            says=f"{visit.endpoint.host} says that {snapshot.domain} is in another region",
            about=(visit.endpoint.id,),
            seen=(f'{visit.endpoint.id}: "{reply.text}"',),
            means="Mail waits at its senders, and comes back after days.",
            do="Publish the MX names of the region that the provider's console shows.",
        )
        found.append(finding(RULE, visit.endpoint.host, words))
    if found or not codes:
        return conclude(RULE, unique(found))
    reason = not_asked(snapshot, Role.GOOD)
    return inconclusive(RULE, reason) if reason else conclude(RULE, [])


def _says_so(visit: Visit, code: str) -> Reply | None:
    """The reply with that enhanced status code."""
    last = visit.again or (visit.sessions[-1] if visit.sessions else None)
    for turn in last.turns if last is not None and code else ():
        if turn.phase in (Phase.MAIL, Phase.RCPT) and turn.reply is not None and turn.reply.enhanced == code:
            return turn.reply
    return None
