"""A planned move of a domain from old MX records to new ones.

Names are lower-case A-labels without a final dot; times are seconds since 1970 UTC.
"""

from msgspec import Struct


class ApprovedMx(Struct, frozen=True, kw_only=True, order=True):
    """One MX record as it is wanted; the host "." is the null MX."""

    preference: int
    host: str


class Migration(Struct, frozen=True, kw_only=True):
    """A move from the `old` MX records to the `new` ones, at `cut_over`.

    `old_ttl` is that of the old records before anybody lowered it, in seconds; `ttl_lowered` when that was done (None:
    not said). `keep_old_until`: so long old hosts may stay published as a backup of the transition.
    """

    old: tuple[ApprovedMx, ...]
    new: tuple[ApprovedMx, ...]
    cut_over: float
    old_ttl: int
    ttl_lowered: float | None = None
    keep_old_until: float | None = None

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
