"""Domains for benchmarks: as skewed as those of the world, or each with a host of its own, written one by one.

Hosts are those of `tests.bench.sink`: a name for which it has a certificate, at a loopback address of their own. In a
skewed world five providers have 40 % of the domains, hosters with ever fewer customers 35 %, and the rest has a host of
its own: each distinct endpoint visited once makes some nine times fewer connections.
"""

from collections.abc import Iterator
from itertools import count
from random import Random

from msgspec import Struct

from tests.bench.sink import address_of, host_name

ZONE = "bench.test"
_PROVIDERS, _AT_PROVIDERS, _AT_HOSTERS = 5, 0.40, 0.35
_HOSTS_OF_A_PROVIDER, _HOSTS_OF_A_HOSTER = 4, 2
_CUSTOMERS = 100
"""Domains of hosters for each hoster, at the mean."""
_OWN = 1_000_000
"""Hosts from this number on belong to one domain alone."""


class Served(Struct, frozen=True, kw_only=True):
    """One domain of the world: its name, and the numbers of its hosts, the best preference first."""

    name: str
    hosts: tuple[int, ...]


def skewed(many: int, seed: int = 8) -> Iterator[Served]:
    """So many domains, distributed as said above; the same ones for the same seed."""
    random = Random(seed)
    hosters = max(many // _CUSTOMERS * 35 // 100, 1)
    first_hoster = _PROVIDERS * _HOSTS_OF_A_PROVIDER
    own = count(_OWN)
    for number in range(many):
        place = random.random()
        if place < _AT_PROVIDERS:
            first = random.randrange(_PROVIDERS) * _HOSTS_OF_A_PROVIDER
            hosts = tuple(range(first, first + _HOSTS_OF_A_PROVIDER))
        elif place < _AT_PROVIDERS + _AT_HOSTERS:
            hoster = min(int(random.paretovariate(1.0)) - 1, hosters - 1)
            first = first_hoster + hoster * _HOSTS_OF_A_HOSTER
            hosts = tuple(range(first, first + _HOSTS_OF_A_HOSTER))
        else:
            hosts = (next(own),)
        yield Served(name=_name(number), hosts=hosts)


def unique(many: int) -> Iterator[Served]:
    """So many domains with one host each that no other has."""
    return (Served(name=_name(number), hosts=(_OWN + number,)) for number in range(many))


def zone_lines(domains: Iterator[Served], certificates: int) -> Iterator[str]:
    """The lines of the zone `ZONE` that say so; the address of a shared host is written once."""
    written = set[int]()
    for domain in domains:
        label = domain.name.removesuffix(f".{ZONE}")
        for preference, number in enumerate(domain.hosts, 1):
            name = host_name(number, certificates)
            yield f"{label} MX {preference * 10} {name}."
            if number < _OWN and number in written:
                continue
            if number < _OWN:
                written.add(number)
            yield f"{name}. A {address_of(number)}"


def _name(number: int) -> str:
    return f"d{number:07d}.{ZONE}"
