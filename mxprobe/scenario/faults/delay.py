"""The host is slow, `by` so long in the phase you name; it composes with whatever else is wrong.

Slower than a sender's patience for that phase, it is as good as silent.
Example.
    {at: 0m, break: mx1, with: {delay: 20s}, phase: banner, for: 1h}
"""

from mxprobe.facts.smtp import Phase
from mxprobe.scenario.faults.fault import Fault
from mxprobe.scenario.faults.silence import CELLS
from mxprobe.scenario.reaction import Delay as Wait
from mxprobe.scenario.reaction import Moment, Reaction

_PHASES = (Phase.BANNER, Phase.EHLO, Phase.STARTTLS, Phase.MAIL, Phase.RCPT, Phase.DATA, Phase.DOT)

_LEAST_PATIENCE = 120.0
"""The shortest wait that RFC 5321 §4.5.3.2 asks for, that for the reply to DATA."""
_MOST_PATIENCE = 600.0
"""The longest that it asks for, that for the final dot."""


class Delay(Fault, frozen=True, kw_only=True):
    """Wait before the reply."""

    by: float

    NAME = "delay"
    HINDERS = False
    SHORT = "by"

    @property
    def hinders(self) -> bool:
        """Whether some sender's patience may end before."""
        return self.by >= _LEAST_PATIENCE

    def react(self, moment: Moment) -> tuple[Reaction, ...]:
        """Wait."""
        return (Wait(seconds=self.by),)

    def cell(self, phase: Phase | None) -> str | None:
        """The mail is taken in the end, by whoever waits for it; nobody waits longer than for a final dot."""
        if phase not in _PHASES:
            return None
        return CELLS.get(phase) if self.by > _MOST_PATIENCE else "Z1"
