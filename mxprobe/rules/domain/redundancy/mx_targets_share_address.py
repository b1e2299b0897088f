"""Two MX hosts have the same address.

What it sees. Two different names in the MX records that lead to one address; not the names of one provider's pool.
Why it matters. It is one machine: when it is down, both are.
Example. The backup was set up in a hurry:
    example.test MX 10 mx1.example.test
    example.test MX 20 mx2.example.test
    mx1.example.test A 192.0.2.1
    mx2.example.test A 192.0.2.1
What to do. Give the second host a machine of its own, or remove its record.
Standards. RFC 5321 §5.1.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.plan import PlannedHost
from mxprobe.mx.providers import provider_of
from mxprobe.rules.domain.reading import chain_of
from mxprobe.rules.domain.redundancy.hosts import doubt_of, explicit_chain, record_of
from mxprobe.rules.rule import Behind, Rule, Words, decide, finding

RULE = Rule(
    code="MX208",
    name="mx-targets-share-address",
    severity=Severity.WARNING,
    covers=("MX302",),
    references=("RFC 5321 §5.1",),
    behind=(Behind.MX, Behind.ALIAS, Behind.ADDRESS),
)


def find(snapshot: Snapshot) -> Judgement:
    """A finding for each group of hosts; where it is all of them, that there is one address follows from it."""
    plan = explicit_chain(snapshot)
    doubt = doubt_of(chain_of(snapshot))
    hosts = plan.hosts if plan is not None else ()
    groups: dict[tuple[str, ...], list[str]] = {}
    for address in dict.fromkeys(address for host in hosts for address in host.addresses):
        names = tuple(sorted({host.name for host in hosts if address in host.addresses}))
        if len(names) > 1 and not _is_pool(names):
            groups.setdefault(names, []).append(address)
    found = []
    for names, addresses in groups.items():
        together = [host for host in hosts if host.name in names]
        whole = len(together) == len(hosts)
        words = Words(
            says=f"{' and '.join(names)} have the same address {', '.join(addresses)}",
            about=(*names, snapshot.domain) if whole else names,
            seen=tuple(map(record_of, together)),
            means=_meaning(together),
            do="Give each a machine of its own, or keep one record.",
        )
        found.append(finding(RULE, ", ".join(names), words))
    return decide(RULE, found, [doubt] if doubt else [])


def _is_pool(names: tuple[str, ...]) -> bool:
    """Whether one provider has them all, and many machines behind the address."""
    providers = {provider_of(name) for name in names}
    return len(providers) == 1 and None not in providers


def _meaning(hosts: list[PlannedHost]) -> str:
    several = len({host.preference for host in hosts}) > 1
    return "When the machine is down, its backup is too." if several else "When the machine is down, both are."
