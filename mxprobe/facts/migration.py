"""A planned move of a domain from old MX records to new ones.

Names are lower-case A-labels without a final dot; times are seconds since 1970 UTC.
"""

from msgspec import Struct

LOW_TTL = 300
"""A TTL that nobody has to lower before a change (seconds)."""


class ApprovedMx(Struct, frozen=True, kw_only=True, order=True):
    """One MX record as it is wanted; the host "." is the null MX."""

    preference: int
    host: str


class NewAddresses(Struct, frozen=True, kw_only=True, order=True):
    """A host that keeps its name and gets other addresses at the cut-over, in their canonical text."""

    host: str
    addresses: tuple[str, ...]


class Migration(Struct, frozen=True, kw_only=True):
    """A move from the `old` MX records to the `new` ones, at `cut_over`.

    `old_ttl` is that of the old records before anybody lowered it, `ttl` the one that they are to have at the cut-over,
    in seconds; `ttl_lowered` when it was lowered (None: not said). `keep_old_until`: so long old hosts may stay
    published as a backup of the transition. `sts_published`: since when the MTA-STS policy allows both sets, under a
    new id (None: not said). `path` is the file that says so where it says nothing else, and `domain` whom it is about.
    """

    old: tuple[ApprovedMx, ...]
    new: tuple[ApprovedMx, ...]
    cut_over: float
    old_ttl: int
    ttl_lowered: float | None = None
    keep_old_until: float | None = None
    ttl: int = LOW_TTL
    sts_published: float | None = None
    addresses: tuple[NewAddresses, ...] = ()
    path: str = ""
    domain: str = ""

    @property
    def leaving(self) -> tuple[str, ...]:
        """Hosts that are given up."""
        return _only(self.old, self.new)

    @property
    def coming(self) -> tuple[str, ...]:
        """Hosts that take over."""
        return _only(self.new, self.old)


def _only(these: tuple[ApprovedMx, ...], others: tuple[ApprovedMx, ...]) -> tuple[str, ...]:
    known = {record.host for record in others} | {"."}
    return tuple(dict.fromkeys(record.host for record in sorted(these) if record.host not in known))
