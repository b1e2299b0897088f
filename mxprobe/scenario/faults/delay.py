"""The host is slow, `by` so long in the phase you name; it composes with whatever else is wrong.

Slower than a sender's patience for that phase, it is as good as silent.
Example.
    {at: 0m, break: mx1, with: {delay: 20s}, phase: banner, for: 1h}
"""

from mxprobe.facts.smtp import Phase
from mxprobe.scenario.faults.fault import Fault
from mxprobe.scenario.reaction import Delay as Wait
from mxprobe.scenario.reaction import Moment, Reaction

_PHASES = (Phase.BANNER, Phase.EHLO, Phase.STARTTLS, Phase.MAIL, Phase.RCPT, Phase.DATA, Phase.DOT)


class Delay(Fault, frozen=True, kw_only=True):
    """Wait before the reply."""

    by: float

    NAME = "delay"
    HINDERS = False
    SHORT = "by"

    def react(self, moment: Moment) -> tuple[Reaction, ...]:
        """Wait."""
        return (Wait(seconds=self.by),)

    def cell(self, phase: Phase | None) -> str | None:
        """The mail is taken in the end, by whoever waits for it."""
        return "Z1" if phase in _PHASES else None
