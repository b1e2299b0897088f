"""The domain's name servers say that there is no such record: zone data lost or half published.

Without MX records the domain's own address is the host; where it has none, mail bounces.

Example.
    {at: 0m, break: dns, with: dns-nodata, query: MX, for: 20m}
"""

from mxprobe.facts.dns import AnswerStatus
from mxprobe.facts.smtp import Phase
from mxprobe.scenario.faults.fault import About, Fault
from mxprobe.scenario.reaction import Moment, Names, Reaction


class DnsNodata(Fault, frozen=True, kw_only=True):
    """Answer that the name has no record of this type."""

    NAME = "dns-nodata"
    ABOUT = About.NAMES

    def react(self, moment: Moment) -> tuple[Reaction, ...]:
        """No such record."""
        return (Names(status=AnswerStatus.NODATA),)

    def cell(self, phase: Phase | None) -> str | None:
        """Neither an MX record nor an address."""
        return "D13"
