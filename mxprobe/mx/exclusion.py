"""Whom a survey leaves alone: names, each with all below it, addresses and networks, as whoever asked for it said them.

Matching takes as long for a hundred thousand of them as for one: a name is looked up by its ends, an address by its
beginnings.
"""

import ipaddress
from functools import lru_cache

from mxprobe.facts.names import NameRefused, is_address, to_ascii


class Exclusion:
    """What is left alone, made of the texts that `normal_exclusion` gives."""

    def __init__(self, texts: tuple[str, ...]) -> None:
        self._names = frozenset(text for text in texts if "/" not in text)
        networks = [ipaddress.ip_network(text) for text in texts if "/" in text]
        self._networks = frozenset((one.version, one.prefixlen, int(one.network_address)) for one in networks)
        self._lengths = {
            version: sorted({one.prefixlen for one in networks if one.version == version}) for version in (4, 6)
        }

    def has_name(self, name: str) -> bool:
        """Whether the name, in A-labels, or one that it lies below, is left alone."""
        while name and self._names:
            if name in self._names:
                return True
            name = name.partition(".")[2]
        return False

    def has_address(self, address: str) -> bool:
        """Whether the address is one, or lies in a network, that is left alone; an IPv4 address also within IPv6."""
        if not self._networks:
            return False
        one = ipaddress.ip_address(address)
        mapped = one.ipv4_mapped if isinstance(one, ipaddress.IPv6Address) else None
        return self._holds(one) or (mapped is not None and self._holds(mapped))

    def _holds(self, one: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
        number, size = int(one), one.max_prefixlen
        return any(
            (one.version, length, number >> (size - length) << (size - length)) in self._networks
            for length in self._lengths[one.version]
        )


@lru_cache(maxsize=4)
def exclusion(texts: tuple[str, ...]) -> Exclusion:
    """The same for the same texts, made once."""
    return Exclusion(texts)


def normal_exclusion(text: str) -> str:
    """The one way to write what is left alone: a name in A-labels without `*.`, or a network. Raises NameRefused."""
    text = text.strip()
    bare = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    if "/" not in bare and not is_address(bare):
        return to_ascii(text.removeprefix("*.").removeprefix("."))
    try:
        return str(ipaddress.ip_network(bare))
    except ValueError as error:
        raise NameRefused(f"not a network: {error}") from error
