"""All mail of the domain comes in at one address.

What it sees. All MX hosts together have one IPv4 and one IPv6 address at the most, and it is one host; not that of a
provider, behind whose address there are many machines.
Why it matters. One machine, or its network, takes all mail down with it. Senders keep mail for days, so that nothing is
lost, but nothing arrives either.
Example. One host with one address:
    example.test MX 10 mx1.example.test
    mx1.example.test A 192.0.2.1
What to do. Add a host in another network, or know that in an outage mail waits at the senders.
Standards. RFC 5321 §5.1.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.providers import provider_of
from mxprobe.rules.domain.reading import chain_of
from mxprobe.rules.domain.redundancy.hosts import doubt_of, explicit_chain, lacks_a_host, record_of
from mxprobe.rules.rule import Behind, Rule, Words, conclude, finding, inconclusive

RULE = Rule(
    code="MX302",
    name="single-mail-address",
    severity=Severity.WARNING,
    covers=("MX301",),
    references=("RFC 5321 §5.1",),
    behind=(Behind.MX, Behind.ALIAS, Behind.ADDRESS),
)


def find(snapshot: Snapshot) -> Judgement:
    """One finding; hosts that are out for reasons of their own are told by other rules, and no lack of redundancy."""
    doubt = doubt_of(chain_of(snapshot))
    if doubt:
        return inconclusive(RULE, doubt)
    plan = explicit_chain(snapshot)
    if plan is None or not plan.hosts or lacks_a_host(plan):
        return conclude(RULE, [])
    names = [host.name for host in plan.hosts]
    addresses = {address for host in plan.hosts for address in host.addresses}
    four = [address for address in addresses if ":" not in address]
    if len(four) > 1 or len(addresses) - len(four) > 1 or not _is_one(plan.hosts[0].addresses, addresses):
        return conclude(RULE, [])
    if any(provider_of(name) is not None for name in names):
        return conclude(RULE, [])
    words = Words(
        says=f"all mail comes in at one machine, {names[0]}",
        seen=tuple(map(record_of, plan.hosts)),
        means="When it is down, mail waits at the senders, for days if need be.",
        do="Add a host in another network, or accept that mail waits in an outage.",
    )
    return conclude(RULE, [finding(RULE, snapshot.domain, words)])


def _is_one(first: tuple[str, ...], addresses: set[str]) -> bool:
    """Whether the best host has all the addresses there are: an IPv4 and an IPv6 host may be two machines."""
    return set(first) == addresses
