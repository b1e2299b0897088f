"""The domain's name servers cut every answer short over UDP, and do not answer over TCP.

So it is behind a firewall that lets only one of them through.

Example.
    {at: 0m, break: dns, with: dns-truncated, for: 20m}
"""

from mxprobe.facts.smtp import Phase
from mxprobe.scenario.faults.fault import About, Fault
from mxprobe.scenario.reaction import Moment, Reaction, Truncate


class DnsTruncated(Fault, frozen=True, kw_only=True):
    """Cut short over UDP, be silent over TCP."""

    NAME = "dns-truncated"
    ABOUT = About.NAMES

    def react(self, moment: Moment) -> tuple[Reaction, ...]:
        """Cut short."""
        return (Truncate(),)

    def cell(self, phase: Phase | None) -> str | None:
        """The MX lookup fails."""
        return "D4"
