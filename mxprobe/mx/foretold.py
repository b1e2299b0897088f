"""The forecast in short, for very many domains: what becomes of mail when all of the best preference fails.

It is the forecast of `mx.whatif` and nothing else, of which one case is kept. What a mailer does depends on the shape
of a chain alone: on how many addresses of which family each host of each preference has, on what they would answer,
and on which of them two hosts have in common. Names play no part, so that domains of one shape have one forecast,
which is worked out once while it is remembered.

Standards: RFC 5321 §5.1.
"""

from functools import lru_cache

from msgspec import Struct

from mxprobe.facts.session import Endpoint
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.forecast import FateKind, MailerForecast
from mxprobe.mx.plan import Basis, Plan, PlannedHost, Tier
from mxprobe.mx.whatif import UNKNOWN_ADDRESS, CaseKind, Chain, chain_today, forecast_chain, hosts_down, why_none

MOST_SHAPES = 4096
"""So many shapes of chains are remembered; of a million domains there are a few hundred."""

_COMPANY = PlannedHost(name=".", preference=0, ttl=None, cell="D8")
_WORST_FIRST = (FateKind.BOUNCES, FateKind.WAITS, FateKind.UNKNOWN, FateKind.ACCEPTED)


class ForetoldWay(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One way of failing, by its cell and in words: which modelled mailers deliver `elsewhere`, wait, or bounce.

    Where equal hosts leave it open, a mailer counts by the worst that may come; `unknown` are those of which that
    depends on a host that nobody knows.
    """

    cell: str
    way: str
    elsewhere: tuple[str, ...] = ()
    waits: tuple[str, ...] = ()
    bounces: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


class Foretold(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What comes of it when every host of the best preference fails, for each usual way; or `why` it is not told."""

    ways: tuple[ForetoldWay, ...] = ()
    why: str = ""

    def way(self, cell: str) -> ForetoldWay | None:
        """What becomes of mail when the best preference fails by that cell; None where it is not told."""
        return next((one for one in self.ways if one.cell == cell), None)


def foretell(snapshot: Snapshot) -> Foretold | None:
    """The forecast of a look in short; None where there is no chain."""
    chain = chain_today(snapshot)
    if chain is None:
        return None
    why = why_none(snapshot)
    return Foretold(why=why) if why else _of_shape(shape_of(chain))


_Address = tuple[int, bool, str | None]


class Shape(Struct, frozen=True, kw_only=True):
    """A chain without its names. `tiers` has for each preference its hosts, and for each of them its addresses: which
    one it is (from 0, in the order in which they come), whether it is one of IPv6, and the cell that would be met.

    `company`: a null MX stands beside others. `assumed`: a zone file was read.
    """

    tiers: tuple[tuple[tuple[_Address, ...], ...], ...]
    temporary: bool = False
    company: bool = False
    assumed: bool = False


def shape_of(chain: Chain) -> Shape:
    """The shape of a chain."""
    places: dict[str, int] = {}
    outcomes, port = chain.outcomes, chain.port

    def address_of(host: str, address: str) -> _Address:
        # What stands for addresses that are not known stands for those of one host alone.
        place = places.setdefault(host + address if address == UNKNOWN_ADDRESS else address, len(places))
        return place, ":" in address, outcomes.get(Endpoint(host=host, address=address, port=port))

    return Shape(
        tiers=tuple(
            tuple(tuple(address_of(host.name, address) for address in host.addresses) for host in tier.hosts)
            for tier in chain.plan.tiers
        ),
        temporary=chain.plan.temporary,
        company=any(host.cell == _COMPANY.cell for host in chain.plan.excluded),
        assumed=chain.assumed,
    )


@lru_cache(maxsize=MOST_SHAPES)
def _of_shape(shape: Shape) -> Foretold:
    chain = _chain_of(shape)
    first = tuple(host.name for host in chain.plan.tiers[0].hosts)
    forecast = forecast_chain(chain, (hosts_down(chain, CaseKind.PREFERENCE, first),))
    return Foretold(ways=tuple(in_short(case.cell or "", case.way or "", case.mailers) for case in forecast.cases))


def in_short(cell: str, way: str, mailers: tuple[MailerForecast, ...]) -> ForetoldWay:
    """What the mailers do in one case, each by the worst that may come."""
    found: dict[FateKind, list[str]] = {kind: [] for kind in FateKind}
    for mailer in mailers:
        kinds = mailer.kinds
        found[next(kind for kind in _WORST_FIRST if kind in kinds)].append(mailer.mailer)
    return ForetoldWay(
        cell=cell,
        way=way,
        elsewhere=tuple(found[FateKind.ACCEPTED]),
        waits=tuple(found[FateKind.WAITS]),
        bounces=tuple(found[FateKind.BOUNCES]),
        unknown=tuple(found[FateKind.UNKNOWN]),
    )


def _chain_of(shape: Shape) -> Chain:
    """A chain of that shape, in which hosts and addresses are named by their places."""
    tiers, outcomes = [], dict[Endpoint, str | None]()
    number = 0
    for preference, hosts in enumerate(shape.tiers):
        planned = []
        for addresses in hosts:
            name, number = f"host-{number:04}", number + 1
            named = tuple(f"{'v6:' if is_ipv6 else 'v4-'}{place}" for place, is_ipv6, _ in addresses)
            planned.append(PlannedHost(name=name, preference=preference, ttl=None, addresses=named))
            for address, (_, _, cell) in zip(named, addresses, strict=True):
                outcomes[Endpoint(host=name, address=address)] = cell
        tiers.append(Tier(preference=preference, hosts=tuple(planned)))
    plan = Plan(
        domain="",
        basis=Basis.EXPLICIT,
        cell="D1",
        tiers=tuple(tiers),
        excluded=(_COMPANY,) if shape.company else (),
        temporary=shape.temporary,
    )
    return Chain(plan=plan, port=25, outcomes=outcomes, assumed=shape.assumed)
