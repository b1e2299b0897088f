"""The host has at most so many sessions at a time, and greets whoever comes beside them with 421 4.7.0.

Nothing is down: senders that open few connections are served.
Example.
    {at: 0m, break: mx1, with: {connection-limit: 0}, for: 1h}
"""

from mxprobe.facts.smtp import Phase
from mxprobe.scenario.faults.fault import Fault
from mxprobe.scenario.reaction import Moment, Reaction, Reply


class ConnectionLimit(Fault, frozen=True, kw_only=True):
    """At most `most` sessions at a time."""

    most: int

    NAME = "connection-limit"
    PHASE = Phase.BANNER
    HINDERS = False
    SHORT = "most"

    @property
    def hinders(self) -> bool:
        """Whether nobody is served at all."""
        return self.most == 0

    def react(self, moment: Moment) -> tuple[Reaction, ...]:
        """421 above the limit; what is refused is open until it ends."""
        if moment.open_sessions <= self.most:
            return ()
        return (Reply(code=421, text="4.7.0 Too many connections at a time"),)

    def cell(self, phase: Phase | None) -> str | None:
        """The greeting is 421."""
        return "B2" if phase is Phase.BANNER else None
