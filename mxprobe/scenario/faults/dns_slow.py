"""The domain's name servers take their time, `by` so long for every answer.

Example.
    {at: 0m, break: dns, with: {dns-slow: 2s}, for: 20m}
"""

from mxprobe.facts.smtp import Phase
from mxprobe.scenario.faults.fault import About, Fault
from mxprobe.scenario.reaction import Delay, Moment, Reaction


class DnsSlow(Fault, frozen=True, kw_only=True):
    """Answer, but later."""

    by: float

    NAME = "dns-slow"
    ABOUT = About.NAMES
    HINDERS = False
    SHORT = "by"

    def react(self, moment: Moment) -> tuple[Reaction, ...]:
        """Wait first."""
        return (Delay(seconds=self.by),)

    def cell(self, phase: Phase | None) -> str | None:
        """The names are found in the end."""
        return "D1"
