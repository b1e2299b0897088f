"""Chains and targets for tests of pure rooms, and Hypothesis strategies for them."""

from collections.abc import Sequence

from hypothesis import strategies as st

from mxprobe.facts.session import Endpoint
from mxprobe.mx.delivery import Target
from mxprobe.mx.plan import Basis, Plan, PlannedHost, Tier


def chain(tiers: Sequence[tuple[int, Sequence[str]]], addresses: int = 1) -> Plan:
    """A plan with hosts of these names, each with so many addresses."""
    number = iter(range(1, 250))
    return Plan(
        domain="example.test",
        basis=Basis.EXPLICIT,
        cell="D1",
        tiers=tuple(
            Tier(
                preference=preference,
                hosts=tuple(
                    PlannedHost(
                        name=name,
                        preference=preference,
                        ttl=60,
                        addresses=tuple(f"192.0.2.{next(number)}" for _ in range(addresses)),
                    )
                    for name in names
                ),
            )
            for preference, names in tiers
        ),
    )


def outcomes_of(plan: Plan, cells: dict[str, str]) -> dict[Endpoint, str | None]:
    """The outcome at each address by the name of its host; Z1 where none is named."""
    return {target.endpoint: cells.get(target.endpoint.host, "Z1") for target in plan.targets()}


@st.composite
def targets(draw: st.DrawFn) -> tuple[Target, ...]:
    """Up to eight addresses of up to five hosts in up to three preferences."""
    hosts = draw(st.lists(st.tuples(st.sampled_from([0, 10, 20]), st.integers(1, 3)), min_size=1, max_size=5))
    return tuple(
        Target(
            preference=preference,
            endpoint=Endpoint(host=f"mx{number}.example.test", address=f"192.0.2.{number * 10 + address}"),
        )
        for number, (preference, count) in enumerate(hosts)
        for address in range(count)
    )
