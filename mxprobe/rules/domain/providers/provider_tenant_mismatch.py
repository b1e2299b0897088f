"""An MX host has another domain in its name, and refuses mail.

What it sees. A provider that gives every domain a name made of the domain, a name that is not made of this one, and a
recipient who is there refused at it. Recipients have to be asked about for it (`--to`). Names that a provider changed a
little, as it does for long ones and for hyphens, are taken for the domain's.
Why it matters. The record was copied from another domain: all mail is refused.
Example. The value was taken from a guide:
    example.test MX 0 contoso-com.mail.protection.outlook.com
    contoso-com.mail.protection.outlook.com A 192.0.2.1
    192.0.2.1 "220 mail.protection.outlook.com" "250 mail.protection.outlook.com"
    192.0.2.1 good "550 5.4.1 Recipient address rejected: Access denied"
What to do. Publish the name that the provider's own console shows for the domain.
Standards. RFC 5321 §3.6.2.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.matrix import Role
from mxprobe.facts.proof import Answer
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.kinship import is_made_of
from mxprobe.mx.providers.published import Party
from mxprobe.rules.domain.asked import answers_about, is_known, line_of, not_asked, still_open
from mxprobe.rules.domain.chain.reading import NO_ANSWER
from mxprobe.rules.domain.providers.reading import published
from mxprobe.rules.rule import Rule, Words, conclude, decide, finding, inconclusive

RULE = Rule(
    code="MX905",
    name="provider-tenant-mismatch",
    severity=Severity.ERROR,
    covers=("MX801", "MX802"),
    references=("RFC 5321 §3.6.2",),
)

_PLACE = "tenant"


def find(snapshot: Snapshot) -> Judgement:
    """A finding for each such host."""
    parties = published(snapshot)
    if parties is None:
        return inconclusive(RULE, NO_ANSWER)
    others = [party for party in parties if _is_of_another(party, snapshot.domain)]
    if not others:
        return conclude(RULE, [])
    reason = not_asked(snapshot, Role.GOOD)
    if reason:
        return inconclusive(RULE, reason)
    found, unknown = [], []
    for party in others:
        given = [one for one in answers_about(snapshot, Role.GOOD) if one.endpoint.host == party.host]
        if not all(map(is_known, given)) or not given:
            unknown.append(still_open(given) or f"{party.host} was not asked")
        elif all(one.answer is Answer.REFUSED for one in given):
            words = Words(
                says=f"{party.host} has another name than {snapshot.domain} in it, and refuses its mail",
                about=tuple(one.endpoint.id for one in given),
                seen=tuple(map(line_of, given)),
                means="The record seems to be that of another domain: mail is refused.",
                do=f"Publish the name that the provider's console shows for {snapshot.domain}.",
            )
            severity = Severity.INFO if party.is_remembered else None
            found.append(finding(RULE, party.host, words, severity))
    return decide(RULE, found, unknown)


def _is_of_another(party: Party, domain: str) -> bool:
    """Whether a name that is made of a domain is made of another one."""
    tenant = dict(party.known.bound).get(_PLACE) if party.known is not None else None
    return tenant is not None and not is_made_of(tenant, domain)
