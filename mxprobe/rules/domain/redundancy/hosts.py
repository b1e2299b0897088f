"""What the rules about redundancy share: the hosts that MX records name, and who runs them."""

from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.plan import Basis, HostProblem, Plan, PlannedHost
from mxprobe.mx.providers import Grade, Role, recognise
from mxprobe.rules.domain.reading import chain_of, named_chain, not_resolved

_DEAD = (HostProblem.NXDOMAIN, HostProblem.NO_ADDRESS, HostProblem.IP_ADDRESS)


def explicit_chain(snapshot: Snapshot) -> Plan | None:
    """The chain where MX records name it; None where there is none to judge."""
    plan = chain_of(snapshot)
    return plan if plan.basis is Basis.EXPLICIT else None


def chain_by_names(snapshot: Snapshot) -> Plan | None:
    """As `explicit_chain`, for rules to which names are enough."""
    plan = named_chain(snapshot)
    return plan if plan.basis is Basis.EXPLICIT else None


def doubt_of(plan: Plan) -> str | None:
    """Why the chain is not wholly known."""
    return not_resolved(plan)


def lacks_a_host(plan: Plan) -> bool:
    """Whether a host of the records is out for a reason of its own, which is told by another rule."""
    return any(host.problem in _DEAD for host in plan.excluded)


def record_of(host: PlannedHost) -> str:
    """The evidence of a host: its record, and where it leads."""
    where = f": {', '.join(host.addresses)}" if host.addresses else ""
    return f"MX {host.preference} {host.name}{where}"


def mailboxes_at(hosts: tuple[PlannedHost, ...]) -> dict[str, Grade]:
    """The operators of mailboxes among the hosts, each with the best that one of its names rests on."""
    found: dict[str, Grade] = {}
    for host in hosts:
        known = recognise(host.name)
        if known is None or known.provider.role is not Role.MAILBOX:
            continue
        if found.get(known.provider.operator, Grade.REMEMBERED) is Grade.REMEMBERED:
            found[known.provider.operator] = known.grade
    return found


def is_remembered(operators: dict[str, Grade]) -> bool:
    """Whether any of them is known from memory alone."""
    return Grade.REMEMBERED in operators.values()
