"""The backup is a provider with mailboxes of its own.

What it sees. A worse preference with a host of a mailbox provider, while the best one is another provider's, by the
names that they tell their customers to publish. Where nobody knows who runs the best preference, or a provider is known
from memory alone, it is a note; behind a filter or a relay it is nothing, as that may hand on to just this provider.
Why it matters. Greylisting or a minute's outage at the primary is enough: mail goes to the backup, and lies in
mailboxes where nobody looks, or comes back because they are not there.
Example. The old provider was kept "for safety":
    example.test MX 1 smtp.google.com
    example.test MX 20 mx.zoho.com
    smtp.google.com A 192.0.2.1
    mx.zoho.com A 192.0.2.2
What to do. Remove it, or replace it by a host that hands on to the primary.
Standards. RFC 5321 §5.1, §3.6.2.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.operators import Role, operator_of
from mxprobe.rules.domain.reading import named_chain
from mxprobe.rules.domain.redundancy.hosts import (
    chain_by_names,
    doubt_of,
    mailboxes_at,
    record_of,
    rests_on_memory,
)
from mxprobe.rules.rule import Rule, Words, conclude, decide, finding

RULE = Rule(
    code="MX305",
    name="backup-is-another-mailbox-provider",
    severity=Severity.WARNING,
    references=("RFC 5321 §5.1", "RFC 5321 §3.6.2"),
)


def find(snapshot: Snapshot) -> Judgement:
    """A finding for each worse preference with mailboxes that are not the best one's."""
    plan, doubt = chain_by_names(snapshot), doubt_of(named_chain(snapshot))
    if plan is None or not plan.tiers:
        return decide(RULE, [], [doubt] if doubt else [])
    best, *worse = plan.tiers
    known = [operator_of(host.name) for host in best.hosts]
    if any(operator is not None and operator.role is Role.RELAY for operator in known):
        return conclude(RULE, [])
    first, found = mailboxes_at(best.hosts), []
    for tier in worse:
        others = {name: one for name, one in mailboxes_at(tier.hosts).items() if name not in first}
        hosts = [host for host in tier.hosts if (one := operator_of(host.name)) is not None and one.name in others]
        if not others:
            continue
        names = ", ".join(host.name for host in hosts)
        words = Words(
            says=f"the backup {names} is {' and '.join(sorted(others))}, which keeps mail in mailboxes of its own",
            about=tuple(host.name for host in hosts),
            seen=(*map(record_of, best.hosts), *map(record_of, hosts)),
            means="Mail that fails over to it lies elsewhere, or comes back.",
            do="Remove it, or let a host that hands on to the primary take its place.",
        )
        note = not first or rests_on_memory({**first, **others})
        found.append(finding(RULE, names, words, Severity.INFO if note else None))
    return decide(RULE, found, [doubt] if doubt else [])
