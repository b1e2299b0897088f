"""There is no way to the host: routers say so, and every attempt fails at once.

Example.
    {at: 0m, break: mx1, with: tcp-unreachable, for: 30m}
"""

from mxprobe.facts.smtp import Phase
from mxprobe.scenario.faults.fault import Fault
from mxprobe.scenario.reaction import Connection, Moment, Reaction, Syn


class TcpUnreachable(Fault, frozen=True, kw_only=True):
    """No route to the host."""

    NAME = "tcp-unreachable"
    PHASE = Phase.CONNECT

    def react(self, moment: Moment) -> tuple[Reaction, ...]:
        """No route."""
        return (Connection(syn=Syn.UNREACHABLE),)

    def cell(self, phase: Phase | None) -> str | None:
        """The connection fails."""
        return "C3" if phase is Phase.CONNECT else None
