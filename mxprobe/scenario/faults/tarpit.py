"""The host sends its replies byte by byte, `per` so long for each, from the phase you name on.

Example.
    {at: 0m, break: mx1, with: {tarpit: 1s}, for: 1h}
"""

from mxprobe.facts.smtp import Phase
from mxprobe.scenario.faults.fault import Fault
from mxprobe.scenario.reaction import Moment, Reaction, Slowly

_PHASES = (Phase.BANNER, Phase.EHLO, Phase.MAIL, Phase.RCPT, Phase.DATA, Phase.DOT)


class Tarpit(Fault, frozen=True, kw_only=True):
    """One byte at a time."""

    per: float

    NAME = "tarpit"
    PHASE = Phase.BANNER
    HINDERS = False
    SHORT = "per"

    def react(self, moment: Moment) -> tuple[Reaction, ...]:
        """Slow down."""
        return (Slowly(seconds=self.per),)

    def cell(self, phase: Phase | None) -> str | None:
        """The mail is taken in the end, by whoever waits for it."""
        return "Z1" if phase in _PHASES else None
