"""The host is slow to accept: every attempt to connect is answered `by` so long later, whatever the answer is.

Slower than a sender's patience for a connection (30 s to 5 min, by mailer), it is as good as not there. In a world that
is held up (`mxprobe lab`) the system itself accepts, at once: there the fault does not show.
Example.
    {at: 0m, break: mx1, with: {tcp-slow: 20s}, for: 1h}
"""

from mxprobe.facts.smtp import Phase
from mxprobe.scenario.faults.fault import Fault
from mxprobe.scenario.reaction import Delay, Moment, Reaction

_LEAST_PATIENCE = 30.0
"""What Postfix and Haraka wait for a connection; RFC 5321 §4.5.3.2 has no figure for it."""
_MOST_PATIENCE = 300.0
"""What Exim waits, the most patient of the modelled mailers."""


class TcpSlow(Fault, frozen=True, kw_only=True):
    """Answer late."""

    by: float

    NAME = "tcp-slow"
    PHASE = Phase.CONNECT
    HINDERS = False
    SHORT = "by"

    @property
    def hinders(self) -> bool:
        """Whether some sender's patience may end before."""
        return self.by >= _LEAST_PATIENCE

    def react(self, moment: Moment) -> tuple[Reaction, ...]:
        """Wait."""
        return (Delay(seconds=self.by),)

    def cell(self, phase: Phase | None) -> str | None:
        """The mail is taken in the end, by whoever waits for it; nobody waits longer than the longest."""
        if phase is not Phase.CONNECT:
            return None
        return "C2" if self.by > _MOST_PATIENCE else "Z1"
