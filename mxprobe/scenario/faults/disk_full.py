"""The host has no room for messages and says 452 4.3.1 to MAIL.

Example.
    {at: 0m, break: mx1, with: disk-full, for: 2h}
"""

from mxprobe.facts.smtp import Phase
from mxprobe.scenario.faults.fault import Fault
from mxprobe.scenario.reaction import Moment, Reaction, Reply


class DiskFull(Fault, frozen=True, kw_only=True):
    """No room."""

    NAME = "disk-full"
    PHASE = Phase.MAIL

    def react(self, moment: Moment) -> tuple[Reaction, ...]:
        """452 4.3.1."""
        return (Reply(code=452, text="4.3.1 Insufficient system storage"),)

    def cell(self, phase: Phase | None) -> str | None:
        """MAIL is answered 4yz."""
        return "M2" if phase is Phase.MAIL else None
