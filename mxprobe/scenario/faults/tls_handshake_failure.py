"""The host offers STARTTLS, and then answers the handshake with bytes that are no TLS.

Example.
    {at: 0m, break: mx1, with: tls-handshake-failure, for: 1h}
"""

from mxprobe.facts.smtp import Phase
from mxprobe.scenario.faults.fault import Fault
from mxprobe.scenario.reaction import BreakHandshake, Moment, Reaction


class TlsHandshakeFailure(Fault, frozen=True, kw_only=True):
    """Break the handshake."""

    NAME = "tls-handshake-failure"
    PHASE = Phase.TLS

    def react(self, moment: Moment) -> tuple[Reaction, ...]:
        """Break it."""
        return (BreakHandshake(),)

    def cell(self, phase: Phase | None) -> str | None:
        """The TLS handshake fails."""
        return "T4"
