"""Hosts of two mailbox providers stand at one preference.

What it sees. One preference with hosts of two providers that keep mail in mailboxes of their own, by the names that
they tell their customers to publish. Filters, relays and the domain's own hosts are none. Where a provider is known
from memory alone it is a note.
Why it matters. Senders choose among equals at random: about half of the mail goes to the provider that does not have
the mailbox, and is refused there, or lies where nobody looks.
Example. The new provider was added beside the old one:
    example.test MX 10 aspmx.l.google.com
    example.test MX 10 example-test.mail.protection.outlook.com
    aspmx.l.google.com A 192.0.2.1
    example-test.mail.protection.outlook.com A 192.0.2.2
What to do. Keep one provider at each preference. To move in steps let the new system hand on what it does not have.
Standards. RFC 5321 §5.1.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.rules.domain.reading import named_chain
from mxprobe.rules.domain.redundancy.hosts import (
    chain_by_names,
    doubt_of,
    is_remembered,
    mailboxes_at,
    record_of,
)
from mxprobe.rules.rule import Rule, Words, decide, finding

RULE = Rule(
    code="MX304",
    name="mixed-operators-in-one-tier",
    severity=Severity.ERROR,
    covers=("MX305",),
    references=("RFC 5321 §5.1",),
)


def find(snapshot: Snapshot) -> Judgement:
    """A finding for each preference with two providers."""
    plan, doubt = chain_by_names(snapshot), doubt_of(named_chain(snapshot))
    found = []
    for tier in plan.tiers if plan is not None else ():
        operators = mailboxes_at(tier.hosts)
        if len(operators) < 2:
            continue
        names = " and ".join(sorted(operators))
        words = Words(
            says=f"preference {tier.preference} has hosts of {names}",
            about=tuple(host.name for host in tier.hosts),
            seen=tuple(map(record_of, tier.hosts)),
            means="Senders choose at random: much of the mail goes where the mailbox is not.",
            do="Keep one provider at each preference.",
        )
        subject = ", ".join(host.name for host in tier.hosts)
        found.append(finding(RULE, subject, words, Severity.INFO if is_remembered(operators) else None))
    return decide(RULE, found, [doubt] if doubt else [])
