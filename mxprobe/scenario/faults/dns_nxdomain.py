"""The domain's name servers deny that the name exists: an expired registration, or a broken delegation. Mail bounces.

Example.
    {at: 0m, break: dns, with: dns-nxdomain, query: MX, for: 20m}
"""

from mxprobe.facts.dns import AnswerStatus
from mxprobe.facts.smtp import Phase
from mxprobe.scenario.faults.fault import About, Fault
from mxprobe.scenario.reaction import Moment, Names, Reaction


class DnsNxdomain(Fault, frozen=True, kw_only=True):
    """Answer NXDOMAIN."""

    NAME = "dns-nxdomain"
    ABOUT = About.NAMES

    def react(self, moment: Moment) -> tuple[Reaction, ...]:
        """Answer NXDOMAIN."""
        return (Names(status=AnswerStatus.NXDOMAIN),)

    def cell(self, phase: Phase | None) -> str | None:
        """The domain does not exist."""
        return "D3"
