"""The host loses its queue, at the moment of the step: a disk dies. What it had accepted and not handed on is gone.

Nobody is told, and the senders have no copy any more. The host itself goes on; break it with `stopped` as well where
it shall not.
Example.
    {at: 30m, break: mx2, with: queue-lost}
"""

from mxprobe.facts.smtp import Phase
from mxprobe.scenario.faults.fault import Fault
from mxprobe.scenario.reaction import Moment, Reaction


class QueueLost(Fault, frozen=True, kw_only=True):
    """Empty the queue."""

    NAME = "queue-lost"
    EMPTIES = True
    HINDERS = False

    def react(self, moment: Moment) -> tuple[Reaction, ...]:
        """Nothing more."""
        return ()

    def cell(self, phase: Phase | None) -> str | None:
        """Mail is taken as ever."""
        return "Z1" if phase is None else None
