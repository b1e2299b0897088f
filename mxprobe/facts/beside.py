"""What stands beside a look: what the operator approves, the migration that is planned, earlier looks.

Without these nobody can tell a change that was wanted from one that was not.
"""

from msgspec import Struct

from mxprobe.facts.approved import Approved
from mxprobe.facts.migration import ApprovedMx, Migration
from mxprobe.facts.snapshot import Snapshot


class Beside(Struct, frozen=True, kw_only=True):
    """All that a look is compared with: an earlier look at the same domain, what is approved, a plan of its own file.

    `history` are the looks before this one as they were kept, oldest first.
    """

    before: Snapshot | None = None
    approved: Approved | None = None
    plan: Migration | None = None
    history: tuple[Snapshot, ...] = ()

    @property
    def migration(self) -> Migration | None:
        """The migration that is planned, by its own file or by that of what is approved."""
        if self.plan is not None:
            return self.plan
        return self.approved.migration if self.approved is not None else None

    @property
    def further(self) -> tuple[ApprovedMx, ...]:
        """What is looked at whether the MX records name it or not: hosts that come, and hosts that leave."""
        plan = self.migration
        if plan is None:
            return ()
        moving = (*plan.coming, *plan.leaving)
        return tuple(record for record in (*plan.new, *plan.old) if record.host in moving)
