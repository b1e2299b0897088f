"""What shall be proven, and the plan of it: which hosts get a message, and which cannot be written to from here.

Standards: RFC 5321 §5.1 (the chain); RFC 6890 (addresses that are not written to).
"""

import secrets
from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import replace

from mxprobe.errors import CouldNotLook, InputError
from mxprobe.facts.dns import index_answers
from mxprobe.facts.proof import Proof, Route
from mxprobe.mx.labelled import Author
from mxprobe.mx.plan import Basis, HostProblem, Plan, PlannedHost, plan_mx, special_use
from mxprobe.mx.providers import provider_of
from mxprobe.wire.resolver import Resolver, look_up

MOST_QUERIES = 200
"""DNS queries for a chain; what they do not reach cannot be written to."""


class Wanted(Struct, frozen=True, kw_only=True):
    """What shall be proven: for which recipient, by whom, how long the copies are watched for (seconds).

    `unknown` is a recipient who is not there, "" for none: a message to them goes over every host but the primary.
    `again` are the seconds after which a host that said later is asked once more (None: it is not). `only`: the hosts
    that are written to (empty: all). `down` are hosts that are known to be down; every `knock` seconds it is seen
    whether they are up again. `new_token` makes marks. Addresses of special use are written to with `allow_special`
    alone, and at hosts that many share nobody is who is not there. `sign` signs a message. `sends` False: what has not
    been begun stays so, and nothing is offered once more.
    """

    author: Author
    port: int = 25
    watch: float = 1800.0
    unknown: str = ""
    again: float | None = 330.0
    only: tuple[str, ...] = ()
    down: tuple[str, ...] = ()
    knock: float = 60.0
    allow_special: bool = False
    sends: bool = True
    sign: Callable[[bytes], bytes] | None = None
    new_token: Callable[[], str] = lambda: secrets.token_hex(8)


_UNUSABLE = {
    HostProblem.NXDOMAIN: "its name does not exist",
    HostProblem.NO_ADDRESS: "it has no address",
    HostProblem.LOOKUP_FAILED: "its addresses could not be looked up",
    HostProblem.IP_ADDRESS: "the MX record has an address where a host's name belongs",
}


async def plan_proof(proof: Proof, wanted: Wanted, resolver: Resolver) -> Proof:
    """The proof with its chain and a route for every message that will be sent; nothing is said to any host.

    Raises CouldNotLook where the chain is not known, InputError where there is none.
    """
    plan = plan_mx(proof.domain, index_answers(await look_up(proof.domain, resolver, most=MOST_QUERIES)))
    hosts = _hosts_of(plan)
    usable = {host.name: _usable(host, wanted) for host in hosts}
    chosen = [host for host in hosts if host.name not in wanted.down and host.name in (wanted.only or usable)]
    proof = replace(
        proof,
        chain=tuple((host.preference, host.name) for host in hosts),
        addresses=tuple((name, addresses) for name, addresses in usable.items() if addresses),
        unusable=tuple((host.name, _why_unusable(host)) for host in chosen if not usable[host.name]),
    )
    routes = []
    for host in chosen:
        if not usable[host.name]:
            continue
        route = Route(token=wanted.new_token(), via=host.name, preference=host.preference, recipient=proof.recipient)
        routes.append(route)
        if wanted.unknown and host.preference != proof.best and provider_of(host.name) is None:
            routes.append(replace(route, token=wanted.new_token(), recipient=wanted.unknown, is_unknown=True))
    return replace(proof, routes=tuple(routes))


def _hosts_of(plan: Plan) -> tuple[PlannedHost, ...]:
    """Every host of the chain, the best preference first, those too that have no address. Raises as plan_proof does."""
    if plan.basis is Basis.UNKNOWN:
        raise CouldNotLook(f"the MX records of {plan.domain} could not be looked up: mxprobe probe {plan.domain}")
    lame = tuple(host for host in plan.excluded if host.problem in _UNUSABLE)
    hosts = {(host.preference, host.name): host for host in (*plan.hosts, *lame)}
    if not hosts:
        raise InputError(f"{plan.domain} has no host that mail could be sent to: mxprobe probe {plan.domain}")
    return tuple(host for _, host in sorted(hosts.items()))


def _usable(host: PlannedHost, wanted: Wanted) -> tuple[str, ...]:
    """The addresses of a host that may be written to."""
    return tuple(one for one in host.addresses if wanted.allow_special or special_use(one) is None)


def _why_unusable(host: PlannedHost) -> str:
    if host.problem in _UNUSABLE:
        return _UNUSABLE[host.problem]
    return f"{', '.join(host.addresses)} is of special use: --allow-special"
