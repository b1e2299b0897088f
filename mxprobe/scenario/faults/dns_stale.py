"""The domain's name servers go on with what they had when the fault began, whatever is published later.

So a secondary does that cannot reach its primary any more. Mail goes where it went before.

Example.
    {at: 0m, break: dns, with: dns-stale, for: 20m}
"""

from mxprobe.facts.smtp import Phase
from mxprobe.scenario.faults.fault import About, Fault
from mxprobe.scenario.reaction import Moment, Reaction, Stale


class DnsStale(Fault, frozen=True, kw_only=True):
    """Serve the old content."""

    NAME = "dns-stale"
    ABOUT = About.NAMES
    HINDERS = False

    def react(self, moment: Moment) -> tuple[Reaction, ...]:
        """What was served when the fault began."""
        return (Stale(since=moment.began),)

    def cell(self, phase: Phase | None) -> str | None:
        """The names are found."""
        return "D1"
