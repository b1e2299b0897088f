"""The way to each of a story's name servers alone, as a probe takes it that asks them itself.

A zone says where its servers are; where they really stand is the ground's business, and this joins the two.
"""

import errno
from collections.abc import Callable, Mapping

from mxprobe.lab.content import story_addresses
from mxprobe.scenario.model import Scenario
from mxprobe.scenario.zone import read_zone
from mxprobe.wire.exchange import split_server
from mxprobe.wire.resolver import Exchange


async def ask_nobody(_query: bytes, server: str, _over_tcp: bool, _deadline: float) -> bytes:
    """Where no name server can be reached. Raises OSError."""
    raise OSError(errno.ENETUNREACH, f"no way to {server}")


def reach_each(told: Mapping[str, int], ask: Exchange, servers: Callable[[], tuple[str, ...]]) -> Exchange:
    """Reaches the servers at the addresses that the zone says, each with its number in `told`; nobody else is asked.

    `servers` gives where they stand, once they do, by their numbers.
    """

    async def exchange(query: bytes, server: str, over_tcp: bool, deadline: float) -> bytes:
        number = told.get(split_server(server)[0])
        if number is None:
            return await ask_nobody(query, server, over_tcp, deadline)
        return await ask(query, servers()[number], over_tcp, deadline)

    return exchange


def told_addresses(scenario: Scenario) -> dict[str, int]:
    """The number of each of a story's servers, by the addresses that its zone says."""
    if not scenario.zone:
        return {address: number for number, address in enumerate(story_addresses(scenario))}
    homes = dict(read_zone(scenario.zone, scenario.domain, scenario.path).nameservers)
    return {address: number for number, name in enumerate(scenario.nameservers) for address in homes.get(name, ())}
