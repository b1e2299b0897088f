"""The host ends the connection with a reset (RST) in the phase you name; at `banner`: it accepts and resets at once.

At `dot` it has stored the message before (`kept: true`): the sender cannot know, and tries again. At `body` a small
message is out as a whole when the connection breaks, and the sender cannot tell that from a break at `dot`, except that
no second copy comes of it (cell Z6).
Example.
    {at: 0m, break: mx1, with: reset, phase: mail, for: 10m}
"""

from mxprobe.facts.smtp import Phase
from mxprobe.scenario.faults.close import CELLS
from mxprobe.scenario.faults.fault import Fault
from mxprobe.scenario.reaction import Moment, Reaction
from mxprobe.scenario.reaction import Reset as Break


class Reset(Fault, frozen=True, kw_only=True):
    """Break the connection; `kept` counts at the final dot alone."""

    kept: bool = True

    NAME = "reset"

    def react(self, moment: Moment) -> tuple[Reaction, ...]:
        """Break it."""
        return (Break(kept=self.kept),)

    def cell(self, phase: Phase | None) -> str | None:
        """The connection ends."""
        return CELLS.get(phase) if phase else None
