"""Whether hosts of one preference get equal shares, as far as chance lets anybody tell.

Standards: RFC 5321 §5.1 (equal preferences are put in random order).
"""

from collections.abc import Sequence

from msgspec import Struct

LEAST = 100
"""So many messages are needed to tell."""

_BOUNDS = (10.83, 13.82, 16.27, 18.47, 20.52, 22.46, 24.32, 26.12, 27.88)
"""The value of chi-square that chance exceeds once in a thousand times, by degrees of freedom from 1."""

MOST_HOSTS = len(_BOUNDS) + 1


class Shares(Struct, frozen=True, kw_only=True):
    """How far shares are from equal: chi-square, and the `bound` that chance exceeds once in a thousand times."""

    chi_square: float
    bound: float

    @property
    def equal(self) -> bool:
        """Chance explains the difference."""
        return self.chi_square <= self.bound


def compare_shares(counts: Sequence[int]) -> Shares | None:
    """How often each of two or more hosts was chosen, against equal shares; None where nobody can tell."""
    total = sum(counts)
    if total < LEAST or not 2 <= len(counts) <= MOST_HOSTS:
        return None
    share = total / len(counts)
    return Shares(chi_square=sum((count - share) ** 2 / share for count in counts), bound=_BOUNDS[len(counts) - 2])
