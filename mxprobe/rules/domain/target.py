"""What the rules about MX hosts and their addresses share: hosts that senders leave out, addresses nobody can reach."""

from mxprobe.facts.finding import Judgement
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.plan import HostProblem, Plan, special_use
from mxprobe.rules.domain.reading import chain_of, not_resolved
from mxprobe.rules.pasting import mx_without
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive


def judge_left_out(rule: Rule, snapshot: Snapshot, problem: HostProblem, says: str) -> Judgement:
    """A finding for each MX host with this problem, be it at the end of an alias."""
    plan = chain_of(snapshot)
    doubt = not_resolved(plan)
    found = []
    for host in plan.excluded:
        if host.problem is not problem:
            continue
        way = tuple(f"{alias.name} CNAME {alias.points_to}, TTL {alias.ttl}" for alias in host.aliases)
        leads = f"leads to {host.aliases[-1].points_to}, which " if host.aliases else ""
        words = Words(
            says=f"the MX host {host.name} {leads}{says}",
            seen=(f"MX {host.preference} {host.name}, TTL {host.ttl}", *way),
            means=_consequence(plan),
            do="Create the host's addresses, or remove the record.",
            paste=mx_without(snapshot, host.name) if plan.tiers else (),
        )
        found.append(finding(rule, host.name, words))
    return inconclusive(rule, doubt) if doubt and not found else conclude(rule, found)


def _consequence(plan: Plan) -> str:
    """What it means that senders leave a host out."""
    if plan.tiers:
        return "Senders skip it."
    if plan.temporary:
        return "Senders skip it, and wait for the hosts that could not be looked up."
    return "No MX host can be used: mail bounces."


def judge_addresses(rule: Rule, snapshot: Snapshot, blocks: tuple[str, ...]) -> Judgement:
    """A finding for each address in the blocks; where a probe was allowed to dial it, it looks at a lab."""
    plan = chain_of(snapshot)
    doubt = not_resolved(plan)
    visited = {visit.endpoint.address for visit in snapshot.visits if visit.sessions}
    found = []
    for host in plan.hosts:
        for address in host.addresses:
            block = special_use(address)
            if block not in blocks or address in visited:
                continue
            words = Words(
                says=f"{host.name} has the {block} address {address}",
                means="No sender elsewhere can reach it.",
                do="Publish the public address; where no mail is wanted, a null MX.",
            )
            found.append(finding(rule, f"{host.name}/{address}", words))
    return inconclusive(rule, doubt) if doubt and not found else conclude(rule, found)
