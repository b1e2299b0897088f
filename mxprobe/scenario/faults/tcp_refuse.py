"""The host refuses connections: a reset answers the attempt at once.

Senders go to the next host without delay.
Example.
    {at: 5m, break: mx1, with: tcp-refuse, for: 30m}
"""

from mxprobe.facts.smtp import Phase
from mxprobe.scenario.faults.fault import Fault
from mxprobe.scenario.reaction import Connection, Moment, Reaction, Syn


class TcpRefuse(Fault, frozen=True, kw_only=True):
    """Refuse every connection."""

    NAME = "tcp-refuse"
    PHASE = Phase.CONNECT

    def react(self, moment: Moment) -> tuple[Reaction, ...]:
        """Refuse."""
        return (Connection(syn=Syn.REFUSE),)

    def cell(self, phase: Phase | None) -> str | None:
        """The host refuses the connection."""
        return "C1"
