"""What the rules about redundancy share: the hosts that MX records name, and who runs them."""

from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.operators import Evidence, Operator, Role, operator_of
from mxprobe.mx.plan import Basis, HostProblem, Plan, PlannedHost
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


def mailboxes_at(hosts: tuple[PlannedHost, ...]) -> dict[str, Operator]:
    """The mailbox providers among the hosts, by their names; of several rows the best evidence counts."""
    found: dict[str, Operator] = {}
    for host in hosts:
        operator = operator_of(host.name)
        if operator is None or operator.role is not Role.MAILBOX:
            continue
        known = found.get(operator.name)
        if known is None or known.evidence is Evidence.REMEMBERED:
            found[operator.name] = operator
    return found


def rests_on_memory(operators: dict[str, Operator]) -> bool:
    """Whether any of them is known from memory alone."""
    return any(operator.evidence is Evidence.REMEMBERED for operator in operators.values())
