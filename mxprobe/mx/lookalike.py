"""Whether the domain of an MX host is written almost like the owner's own, or like that of a known provider.

One or two letters more, less, other or exchanged (Damerau's distance, each pair of letters exchanged once at the most).
Short names are near each other by chance, and are left out; what a careful owner registers beside the own name (with
and without a hyphen, another number, another top-level domain) is no likeness of it.
Standards: RFC 1035 §2.3.3 (names compare without case).
"""

from collections.abc import Iterable
from functools import cache

from msgspec import Struct

from mxprobe.mx.providers import PROVIDERS
from mxprobe.mx.providers.patterns import forms_of
from mxprobe.mx.registered import registered_part

_LEAST = {1: 6, 2: 10}
"""So many letters has the first label at least, by the distance that counts as near."""

_DIGITS = str.maketrans("", "", "0123456789-")


class Likeness(Struct, frozen=True, kw_only=True):
    """The domain of a host, the one that it is written almost like, and by how many letters they differ."""

    domain: str
    like: str
    distance: int


def likeness_of(host: str, owner: str) -> Likeness | None:
    """What the domain of an MX host of the domain `owner` is written almost like; None for what is like nothing."""
    domain, own, known = registered_part(host), registered_part(owner), _known_domains()
    if domain == own or domain in known:
        return None
    if _first(domain).translate(_DIGITS) != _first(own).translate(_DIGITS):
        distance = _near(domain, own)
        if distance:
            return Likeness(domain=domain, like=own, distance=distance)
    near = ((_near(domain, one), one) for one in known)
    return min(
        (
            Likeness(domain=domain, like=one, distance=distance)
            for distance, one in near
            if distance == 1 or (distance and _first(domain) != _first(one))
        ),
        key=lambda one: (one.distance, one.like),
        default=None,
    )


@cache
def _known_domains() -> tuple[str, ...]:
    """The domains of the table, as they are registered."""
    patterns = (record.name for provider in PROVIDERS for one in provider.sets for record in one.records)
    others = (one.name for provider in PROVIDERS for one in provider.further)
    tails = (form.tail for pattern in (*patterns, *others) for form in forms_of(pattern))
    return tuple(sorted({registered_part(tail) for tail in tails}))


def _first(domain: str) -> str:
    return domain.partition(".")[0]


def _near(one: str, other: str) -> int:
    """The distance where it is near for names of that length, else 0."""
    length = min(len(_first(one)), len(_first(other)))
    if length < min(_LEAST.values()) or abs(len(one) - len(other)) > max(_LEAST):
        return 0
    if len(set(one) ^ set(other)) > 2 * max(_LEAST):  # a letter changed is one less and one more
        return 0
    distance = distance_of(one, other)
    return distance if distance in _LEAST and length >= _LEAST[distance] else 0


def distance_of(one: Iterable[str], other: str) -> int:
    """How many letters have to be put in, left out, changed or exchanged with their neighbour."""
    before, row, left = list[int](), list(range(len(other) + 1)), ""
    for place, letter in enumerate(one, start=1):
        current = [place]
        for at, there in enumerate(other, start=1):
            cost = min(row[at] + 1, current[at - 1] + 1, row[at - 1] + (letter != there))
            if at > 1 and before and letter == other[at - 2] and left == there:
                cost = min(cost, before[at - 2] + 1)
            current.append(cost)
        before, row, left = row, current, letter
    return row[-1]
