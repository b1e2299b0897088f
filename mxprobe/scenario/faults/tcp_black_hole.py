"""The host does not answer: attempts to connect vanish, and every sender waits for its own timeout.

Example.
    {at: 0m, break: mx1, with: tcp-black-hole, for: 30m}
"""

from mxprobe.facts.smtp import Phase
from mxprobe.scenario.faults.fault import Fault
from mxprobe.scenario.reaction import Connection, Moment, Reaction, Syn


class TcpBlackHole(Fault, frozen=True, kw_only=True):
    """Drop every attempt to connect."""

    NAME = "tcp-black-hole"
    PHASE = Phase.CONNECT

    def react(self, moment: Moment) -> tuple[Reaction, ...]:
        """Drop."""
        return (Connection(syn=Syn.DROP),)

    def cell(self, phase: Phase | None) -> str | None:
        """The host does not answer."""
        return "C2"
