"""What a survey leaves alone: names with all that is below them, addresses and networks. Pure, and fast for long lists.

A name is looked for by its ends, an address by its networks of each length that the list has: neither walks the list.
"""

import ipaddress
from collections.abc import Iterable, Mapping
from functools import lru_cache

from msgspec import Struct

from mxprobe.errors import InputError
from mxprobe.facts.survey import Manner

_BITS = {4: 32, 6: 128}


class Exclusions(Struct, frozen=True, kw_only=True):
    """The names, and for each family (4, 6) and length of a prefix the networks of that length, as their first bits."""

    names: frozenset[str] = frozenset()
    networks: Mapping[tuple[int, int], frozenset[int]] = {}


def read_exclusions(excluded: Iterable[str]) -> Exclusions:
    """The list as it is looked up. Raises InputError for a line that looks like a network and is none."""
    names: set[str] = set()
    networks: dict[tuple[int, int], set[int]] = {}
    for line in excluded:
        text = line.strip().lower()
        network = _network(text)
        if network is not None:
            family, length = network.version, network.prefixlen
            bits = int(network.network_address) >> (_BITS[family] - length)
            networks.setdefault((family, length), set()).add(bits)
        elif name := text.removeprefix("*").strip("."):
            names.add(name)
    return Exclusions(names=frozenset(names), networks={where: frozenset(found) for where, found in networks.items()})


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    """The network that a line names; None for a name."""
    bare = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    try:
        return ipaddress.ip_network(bare, strict=False)
    except ValueError as error:
        if "/" in text or ":" in text:
            hint = "A network is written 192.0.2.0/24 or 2001:db8::/32."
            raise InputError(f"what is to be left alone is no name and no network: {text[:60]!r}", hint=hint) from error
        return None


def excludes_name(exclusions: Exclusions, name: str) -> bool:
    """Whether a name, or one above it, is left alone."""
    rest = name.lower().rstrip(".")
    while rest and exclusions.names:
        if rest in exclusions.names:
            return True
        rest = rest.partition(".")[2]
    return False


def excludes_address(exclusions: Exclusions, address: str) -> bool:
    """Whether an address, or a network that it lies in, is left alone. What is no address is in no network."""
    if not exclusions.networks:
        return False
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    number, family = int(parsed), parsed.version
    return any(
        (number >> (_BITS[family] - length)) in networks
        for (of_family, length), networks in exclusions.networks.items()
        if of_family == family
    )


def exclusions_of(manner: Manner) -> Exclusions:
    """The exclusions of a manner: read once for each list, which may be long and is asked for at every address."""
    return _of_same(_Same(manner.excluded))


class _Same:
    """A tuple told from others by being the same object: comparing two long ones at every address would be dear."""

    def __init__(self, value: tuple[str, ...]) -> None:
        self.value = value

    def __hash__(self) -> int:
        return id(self.value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.value is other.value


@lru_cache(maxsize=8)
def _of_same(same: _Same) -> Exclusions:
    return _of_list(same.value)


@lru_cache(maxsize=2)
def _of_list(excluded: tuple[str, ...]) -> Exclusions:
    return read_exclusions(excluded)
