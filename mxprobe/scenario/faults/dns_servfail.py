"""The domain's name servers answer SERVFAIL, for every question or for the `query` you name.

Example.
    {at: 0m, break: dns, with: dns-servfail, query: MX, for: 20m}
"""

from mxprobe.facts.dns import AnswerStatus
from mxprobe.facts.smtp import Phase
from mxprobe.scenario.faults.fault import About, Fault
from mxprobe.scenario.reaction import Moment, Names, Reaction


class DnsServfail(Fault, frozen=True, kw_only=True):
    """Answer SERVFAIL."""

    NAME = "dns-servfail"
    ABOUT = About.NAMES

    def react(self, moment: Moment) -> tuple[Reaction, ...]:
        """SERVFAIL."""
        return (Names(status=AnswerStatus.SERVFAIL),)

    def cell(self, phase: Phase | None) -> str | None:
        """The MX lookup fails."""
        return "D4"
