"""What a planned migration asks for now: its steps in their order, each done, allowed, or to wait until a moment.

Times are seconds since 1970 UTC. The form is a promise: it stands in the JSON of a look.
"""

from enum import StrEnum

from msgspec import Struct


class StepState(StrEnum):
    """How a step stands. `WRONG`: it was done too early, and mail can wait or be lost; `OVERDUE`: its time is over, and
    what hangs on it has to be put off; `UNKNOWN`: what was seen does not tell."""

    DONE = "done"
    NOW = "now"
    WAIT = "wait"
    OVERDUE = "overdue"
    WRONG = "wrong"
    UNKNOWN = "unknown"


class MigrationStep(Struct, frozen=True, kw_only=True):
    """One step: `name` for programs, `what` is to be done, `reason` the evidence or why.

    `until` is the moment before which it must wait, or until which what went wrong does harm (None: no moment is known,
    and `reason` says what it waits for); `by` the last moment at which it leaves the planned cut-over where it is.
    """

    name: str
    what: str
    state: StepState
    reason: str = ""
    until: float | None = None
    by: float | None = None


class Advice(Struct, frozen=True, kw_only=True):
    """What may be done at `at`. `earliest` is the first moment at which the new MX records can be published without
    harm, as far as that is known; `steps` are those that this migration has, in their order. `file` is the zone file
    that was read where nobody was asked what is published."""

    at: float
    cut_over: float
    earliest: float | None = None
    steps: tuple[MigrationStep, ...] = ()
    file: str = ""
