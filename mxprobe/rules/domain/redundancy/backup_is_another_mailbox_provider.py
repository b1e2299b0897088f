"""The backup is a provider with mailboxes of its own.

What it sees. A worse preference with a host of a mailbox provider, while the best one is another provider's, by the
names that they tell their customers to publish. Where nobody knows who runs the best preference, or a provider is known
from memory alone, it is a note; behind a filter or a relay it is nothing, as that may hand on to just this provider.
Why it matters. Greylisting or a minute's outage at the primary is enough: mail goes to the backup, and lies in
mailboxes where nobody looks, or comes back because they are not there. One record of several that a provider prescribes
is a leftover: the domain was moved, and the record was forgotten.
Example. The old provider was kept "for safety":
    example.test MX 1 smtp.google.com
    example.test MX 20 mx.zoho.com
    smtp.google.com A 192.0.2.1
    mx.zoho.com A 192.0.2.2
What to do. Remove it, or replace it by a host that hands on to the primary.
Standards. RFC 5321 §5.1, §3.6.2.
"""

from mxprobe.facts.finding import Finding, Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.plan import PlannedHost
from mxprobe.mx.providers import Grade, Known, Role, recognise
from mxprobe.rules.domain.reading import named_chain
from mxprobe.rules.domain.redundancy.hosts import (
    chain_by_names,
    doubt_of,
    is_remembered,
    mailboxes_at,
    record_of,
)
from mxprobe.rules.rule import Rule, Words, conclude, decide, finding

RULE = Rule(
    code="MX305",
    name="backup-is-another-mailbox-provider",
    severity=Severity.WARNING,
    references=("RFC 5321 §5.1", "RFC 5321 §3.6.2"),
)


def find(snapshot: Snapshot) -> Judgement:
    """A finding for each operator of mailboxes at worse preferences that is not the best one's."""
    plan, doubt = chain_by_names(snapshot), doubt_of(named_chain(snapshot))
    if plan is None or not plan.tiers:
        return decide(RULE, [], [doubt] if doubt else [])
    best, *worse = plan.tiers
    known = [recognise(host.name) for host in best.hosts]
    if any(one is not None and one.provider.role is not Role.MAILBOX for one in known):
        return conclude(RULE, [])
    first = mailboxes_at(best.hosts)
    behind = tuple(host for tier in worse for host in tier.hosts)
    found = []
    for operator, grade in mailboxes_at(behind).items():
        if operator not in first:
            hosts = tuple(host for host in behind if _is_of(host, operator))
            note = not first or is_remembered({**first, operator: grade})
            found.append(_tell(operator, hosts, best.hosts, note))
    return decide(RULE, found, [doubt] if doubt else [])


def _is_of(host: PlannedHost, operator: str) -> bool:
    known = recognise(host.name)
    return known is not None and known.provider.operator == operator and known.provider.role is Role.MAILBOX


def _tell(operator: str, hosts: tuple[PlannedHost, ...], best: tuple[PlannedHost, ...], note: bool) -> Finding:
    names = ", ".join(host.name for host in hosts)
    whole = _size_of_set(hosts)
    left = f", and looks left over: {len(hosts)} of {whole} records of {operator}" if len(hosts) < whole else ""
    words = Words(
        says=f"the backup {names} is {operator}, which keeps mail in mailboxes of its own{left}",
        about=tuple(host.name for host in hosts),
        seen=(*map(record_of, best), *map(record_of, hosts)),
        means="Mail that fails over to it lies elsewhere, or comes back.",
        do="Remove it." if left else "Remove it, or let a host that hands on to the primary take its place.",
    )
    return finding(RULE, names, words, Severity.INFO if note else None)


def _size_of_set(hosts: tuple[PlannedHost, ...]) -> int:
    """How many records the operator prescribes, by the smallest set in which one of the hosts stands."""
    known = [one for host in hosts if (one := recognise(host.name)) is not None]
    return min((_whole(one) for one in known if one.within is not None), default=0)


def _whole(known: Known) -> int:
    within = known.within
    return within.whole if within is not None and within.names is not Grade.REMEMBERED else 0
