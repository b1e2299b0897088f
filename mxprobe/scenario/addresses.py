"""Where the hosts of a story are: at the addresses that its zone has for them, and else at some of the lab's."""

from collections.abc import Iterator, Mapping

from mxprobe.scenario.model import Scenario

_NETWORKS = ("192.0.2", "198.51.100", "203.0.113")
_FIRST, _LAST = 10, 254


def give_addresses(scenario: Scenario) -> dict[str, tuple[str, ...]]:
    """The addresses of every host, best preference first; none of the lab's own is one that the zone has."""
    homes = dict(scenario.homes)
    free = _free({address for found in homes.values() for address in found})
    return {name: homes.get(name) or (next(free),) for name in scenario.machines}


def tell_addresses(scenario: Scenario, staged: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """What the story calls the addresses at which its hosts are staged, which stand in the story's order."""
    story = give_addresses(scenario)
    return {address: told for name, found in staged.items() for address, told in zip(found, story[name], strict=False)}


def _free(taken: set[str]) -> Iterator[str]:
    """Documentation addresses that nobody has. Name servers have the first of the first network."""
    for network in _NETWORKS:
        for number in range(_FIRST, _LAST):
            if (address := f"{network}.{number}") not in taken:
                yield address
