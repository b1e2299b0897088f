"""The host takes the connection and says nothing, unless told otherwise from the greeting on.

Example.
    {at: 0m, break: mx1, with: silence, for: 1h}
"""

from mxprobe.facts.smtp import Phase
from mxprobe.scenario.faults.fault import Fault
from mxprobe.scenario.reaction import Moment, Reaction
from mxprobe.scenario.reaction import Silence as SayNothing

CELLS = {
    Phase.BANNER: "B5",
    Phase.EHLO: "H6",
    Phase.STARTTLS: "H6",
    Phase.TLS: "T17",
    Phase.MAIL: "M5",
    Phase.RCPT: "R7",
    Phase.DATA: "X4",
    Phase.BODY: "Z5",
    Phase.DOT: "Z5",
}


class Silence(Fault, frozen=True, kw_only=True):
    """Answer nothing and keep the connection."""

    NAME = "silence"
    PHASE = Phase.BANNER

    def react(self, moment: Moment) -> tuple[Reaction, ...]:
        """Say nothing."""
        return (SayNothing(),)

    def cell(self, phase: Phase | None) -> str | None:
        """No reply in time."""
        return CELLS.get(phase or Phase.BANNER)
