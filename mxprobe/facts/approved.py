"""What stands beside a look: what the operator approves, the migration that is planned, and an earlier look.

Without these nobody can tell a change that was wanted from one that was not. Names are lower-case A-labels without a
final dot; times are seconds since 1970 UTC.
"""

from msgspec import Struct

from mxprobe.facts.snapshot import Snapshot


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


class Approved(Struct, frozen=True, kw_only=True):
    """What the operator of `domain` approves; `path` is the file that says so. None: it does not say.

    `operators` are domains whose hosts may all be named by MX records, `nameservers` is the whole NS RRset.
    """

    path: str
    domain: str
    mx: tuple[ApprovedMx, ...] | None = None
    operators: tuple[str, ...] | None = None
    nameservers: tuple[str, ...] | None = None
    migration: Migration | None = None


class Beside(Struct, frozen=True, kw_only=True):
    """All that a look is compared with: an earlier look at the same domain, and what is approved."""

    before: Snapshot | None = None
    approved: Approved | None = None

    @property
    def migration(self) -> Migration | None:
        """The migration that is planned."""
        return self.approved.migration if self.approved is not None else None

    @property
    def further(self) -> tuple[ApprovedMx, ...]:
        """What is looked at whether the MX records name it or not: hosts that come, and hosts that leave."""
        plan = self.migration
        if plan is None:
            return ()
        moving = (*plan.coming, *plan.leaving)
        return tuple(record for record in (*plan.new, *plan.old) if record.host in moving)
