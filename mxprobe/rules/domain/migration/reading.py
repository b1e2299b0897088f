"""What the rules about a migration ask of a look: the plan, and how a host fares that it names."""

from mxprobe.facts.beside import Beside
from mxprobe.facts.migration import Migration
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.movers import Seen
from mxprobe.mx.standing import Standing
from mxprobe.rules.domain.asked import line_of
from mxprobe.rules.domain.reading import WAYS_OF_BEING_DOWN, attempts_of

TOLD_BY_PLAN = (*WAYS_OF_BEING_DOWN, "MX201", "MX202", "MX306", "MX801")
"""What other rules say of a host that is gone or not ready yet, where MX records name it."""


NO_PLAN = "nobody said what is planned: --migration FILE"


def no_plan(beside: Beside) -> str:
    """Why there is no migration to judge by."""
    return NO_PLAN if beside.approved is None else f"{beside.approved.path} plans no `migration`"


def file_of(beside: Beside) -> str:
    """The file that has the plan."""
    plan = beside.migration
    if plan is not None and plan.path:
        return plan.path
    return beside.approved.path if beside.approved is not None else "the file of --migration"


def trouble_of(seen: Seen, without_address: str) -> tuple[str, tuple[str, ...]]:
    """How a host takes no mail, and the evidence; no evidence where it does, or nobody knows."""
    if seen.absent:
        return without_address, (seen.absent,)
    if seen.is_down(Standing.GREETS_LATER):
        return "is down", tuple(f"{visit.endpoint.id}: {attempts_of(visit)}" for visit in seen.visits)
    return f"refuses mail for {seen.snapshot.domain}", tuple(map(line_of, seen.refusals))


def is_over(plan: Migration, snapshot: Snapshot) -> bool:
    """Whether the cut-over was before the look."""
    return snapshot.started_at >= plan.cut_over
