"""The domain's name servers do not have the zone: they answer without authority and send whoever asks to the root.

So it is after a move of the DNS where the delegation names the old servers. A resolver asks the next server; where
all are lame it says SERVFAIL, and mail waits.

Example.
    {at: 0m, break: dns, with: dns-lame, query: MX, for: 20m}
"""

from mxprobe.facts.smtp import Phase
from mxprobe.scenario.faults.fault import About, Fault
from mxprobe.scenario.reaction import Lame, Moment, Reaction


class DnsLame(Fault, frozen=True, kw_only=True):
    """Refer to the root."""

    NAME = "dns-lame"
    ABOUT = About.NAMES

    def react(self, moment: Moment) -> tuple[Reaction, ...]:
        """Refer to the root."""
        return (Lame(),)

    def cell(self, phase: Phase | None) -> str | None:
        """The MX lookup fails."""
        return "D4"
