"""An MX record leads to a service where nobody has claimed the domain.

What it sees. A host that a service gives to all its customers alike, which refuses postmaster and another recipient in
the words of a host that does not serve the domain. The hosts are shared by many: --matrix asks them for postmaster with
--force-shared alone.
Why it matters. Whoever claims the domain at that service gets its mail, without touching its DNS.
Example. The account was closed, the records stayed:
    example.test MX 10 mxa.mailgun.org
    example.test MX 10 mxb.mailgun.org
    mxa.mailgun.org A 192.0.2.1
    mxb.mailgun.org A 192.0.2.2
    192.0.2.1 "220 mxa.mailgun.org" "250 mxa.mailgun.org"
    192.0.2.2 "220 mxb.mailgun.org" "250 mxb.mailgun.org"
    192.0.2.1 good "550 5.7.1 Relaying denied"
    192.0.2.1 random "550 5.7.1 Relaying denied"
    192.0.2.1 postmaster "550 5.7.1 Relaying denied"
What to do. Claim the domain at the service, or delete the records.
Standards. RFC 5321 §3.6.2.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.matrix import Role
from mxprobe.facts.proof import Answer
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.matrix import Given, Why
from mxprobe.rules.domain.asked import answers_about, line_of, not_asked
from mxprobe.rules.domain.chain.reading import NO_ANSWER
from mxprobe.rules.domain.providers.reading import published
from mxprobe.rules.rule import Rule, Words, conclude, decide, finding, inconclusive

RULE = Rule(
    code="MX525",
    name="mx-points-to-unclaimed-tenant",
    severity=Severity.ERROR,
    covers=("MX801", "MX802", "MX660"),
    references=("RFC 5321 §3.6.2",),
)

_NOT_HERE = (Why.NOT_SERVED, Why.NO_SUCH_NAME)
_OTHERS = (Role.GOOD, Role.RANDOM)


def find(snapshot: Snapshot) -> Judgement:
    """A finding for each such host."""
    parties = published(snapshot)
    if parties is None:
        return inconclusive(RULE, NO_ANSWER)
    shared = [party for party in parties if party.known is not None and party.known.provider.claimable is not None]
    if not shared:
        return conclude(RULE, [])
    reason = not_asked(snapshot, Role.GOOD)
    if reason:
        return inconclusive(RULE, reason)
    found, unknown = [], []
    for party in shared:
        known = party.known
        postmaster, others = _said(snapshot, party.host, Role.POSTMASTER), _said(snapshot, party.host, *_OTHERS)
        if not others or not all(map(_is_not_here, others)):
            continue
        if not postmaster:
            unknown.append(f"{party.host}: postmaster would tell: --matrix --force-shared")
        elif all(map(_is_not_here, postmaster)) and known is not None:
            words = Words(
                says=f"{party.host} of {known.provider.name} serves {snapshot.domain} for nobody",
                about=tuple(dict.fromkeys(one.endpoint.id for one in others)),
                seen=tuple(map(line_of, (*others, *postmaster))),
                means=f"Another customer of {known.provider.name} may claim the domain, and get its mail.",
                do=f"Claim {snapshot.domain} at {known.provider.name}, or delete the record.",
            )
            found.append(finding(RULE, party.host, words, Severity.INFO if party.is_remembered else None))
    return decide(RULE, found, unknown)


def _said(snapshot: Snapshot, host: str, *roles: Role) -> tuple[Given, ...]:
    """What the addresses of a host said of these roles, as far as they were asked."""
    given = (one for role in roles for one in answers_about(snapshot, role) if one.endpoint.host == host)
    return tuple(one for one in given if one.why is not Why.NOT_ASKED)


def _is_not_here(given: Given) -> bool:
    return given.answer is Answer.REFUSED and given.why in _NOT_HERE
