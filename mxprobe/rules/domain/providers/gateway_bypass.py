"""The mailboxes behind a filter stand in the MX records themselves.

What it sees. The best preference is a filter's, and a further record names the hosts of a provider of mailboxes, which
is what the filter hands on to. Where that provider is known from memory alone, it is a note. Hosts that a migration of
--expect or --migration names are left out while it goes on. Where the provider refuses this probe, it may take mail
from the filter alone, and nothing can be said.
Why it matters. Who sends spam tries the worse preferences first, on purpose: that mail goes past the filter.
Example. The old record was left in for outages:
    example.test MX 10 d123456a.ess.barracudanetworks.com
    example.test MX 10 d123456b.ess.barracudanetworks.com
    example.test MX 20 example-test.mail.protection.outlook.com
    d123456a.ess.barracudanetworks.com A 192.0.2.1
    d123456b.ess.barracudanetworks.com A 192.0.2.2
    example-test.mail.protection.outlook.com A 192.0.2.3
What to do. Delete the record, and let the mailboxes take mail from the filter alone.
Standards. RFC 5321 §5.1.
"""

from mxprobe.facts.beside import Beside
from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.matrix import Role as Asked
from mxprobe.facts.proof import Answer
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.matrix import Given, Why
from mxprobe.mx.providers import Role
from mxprobe.mx.providers.published import Party, best_of
from mxprobe.rules.domain.asked import answers_about
from mxprobe.rules.domain.chain.reading import NO_ANSWER
from mxprobe.rules.domain.providers.reading import (
    is_on_plan,
    is_remembered,
    line_of,
    names_of,
    of_role,
    providers_in,
    published,
    wants_to_be_alone,
)
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive

RULE = Rule(
    code="MX906", name="gateway-bypass", severity=Severity.WARNING, covers=("MX900",), references=("RFC 5321 §5.1",)
)


def find_beside(snapshot: Snapshot, beside: Beside) -> Judgement:
    """One finding, with every host that is past the filter."""
    parties = published(snapshot)
    if parties is None:
        return inconclusive(RULE, NO_ANSWER)
    filters = of_role(best_of(parties), Role.GATEWAY) if parties else ()
    past = of_role(parties, Role.MAILBOX) if filters else ()
    note = is_remembered((*filters, *past))
    if note and wants_to_be_alone(filters):
        return conclude(RULE, [])
    if not past or is_on_plan((party.host for party in past), snapshot, beside):
        return conclude(RULE, [])
    said = _said(snapshot, past)
    if said and all(given.why is Why.POLICY for given in said):
        return inconclusive(RULE, f"{names_of(past)} refuses this probe, and may take mail from the filter alone")
    words = Words(
        says=f"{names_of(past)} of {providers_in(past)} can be reached past the filter {providers_in(filters)}",
        about=tuple(party.host for party in past),
        seen=(*map(line_of, filters), *map(line_of, past)),
        means="Spam tries the worse preferences on purpose, and is not filtered there.",
        do=f"Delete the MX record of {names_of(past)}, and let it take mail from {providers_in(filters)} alone.",
    )
    return conclude(RULE, [finding(RULE, snapshot.domain, words, Severity.INFO if note else None)])


def _said(snapshot: Snapshot, past: tuple[Party, ...]) -> tuple[Given, ...]:
    """What those hosts said of a recipient who is there, as far as they said anything."""
    hosts = {party.host for party in past}
    given = (one for one in answers_about(snapshot, Asked.GOOD) if one.endpoint.host in hosts)
    return tuple(one for one in given if one.answer is not Answer.UNKNOWN or one.why is Why.POLICY)
