"""A forwarder and a provider of mailboxes stand in the MX records together.

What it sees. A host of a forwarder and one of a provider of mailboxes, at whatever preferences. Where one of them is
known from memory alone, it is a note, or what MX904 says of a forwarder that wants to be alone. Hosts that a migration
of --expect or --migration names are left out while it goes on.
Why it matters. At equal preferences mail is split at random; at different ones the worse has a mailbox, or a forwarding
address, that nobody looks after until mail goes there.
Example. Both were set up, one after the other:
    example.test MX 10 mx1.improvmx.com
    example.test MX 20 mx2.improvmx.com
    example.test MX 30 example-test.mail.protection.outlook.com
    mx1.improvmx.com A 192.0.2.1
    mx2.improvmx.com A 192.0.2.2
    example-test.mail.protection.outlook.com A 192.0.2.3
What to do. Keep one of them. To have both, let the provider of the mailboxes forward.
Standards. RFC 5321 §5.1.
"""

from mxprobe.facts.beside import Beside
from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.providers import Role
from mxprobe.rules.domain.chain.reading import NO_ANSWER
from mxprobe.rules.domain.providers.reading import (
    is_on_plan,
    is_remembered,
    line_of,
    of_role,
    providers_in,
    published,
    wants_to_be_alone,
)
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive

RULE = Rule(
    code="MX921",
    name="forwarder-mixed-with-mailbox-mx",
    severity=Severity.ERROR,
    covers=("MX900", "MX920"),
    references=("RFC 5321 §5.1",),
)


def find_beside(snapshot: Snapshot, beside: Beside) -> Judgement:
    """One finding for the set."""
    parties = published(snapshot)
    if parties is None:
        return inconclusive(RULE, NO_ANSWER)
    forwarders, mailboxes = of_role(parties, Role.FORWARDER), of_role(parties, Role.MAILBOX)
    both = (*forwarders, *mailboxes)
    if not forwarders or not mailboxes or is_on_plan((party.host for party in both), snapshot, beside):
        return conclude(RULE, [])
    note = is_remembered(both)
    if note and wants_to_be_alone(forwarders):
        return conclude(RULE, [])
    split = {party.preference for party in forwarders} & {party.preference for party in mailboxes}
    words = Words(
        says=f"the forwarder {providers_in(forwarders)} and the mailboxes of {providers_in(mailboxes)} are mixed",
        about=tuple(party.host for party in both),
        seen=tuple(line_of(party) for party in parties if party in both),
        means="Senders choose among equals at random: mail is split."
        if split
        else "Mail that goes to the worse preference lands where nobody expects it.",
        do="Keep the records of one of them.",
    )
    return conclude(RULE, [finding(RULE, snapshot.domain, words, Severity.INFO if note else None)])
