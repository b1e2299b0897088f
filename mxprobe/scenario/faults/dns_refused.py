"""The domain's name servers refuse every question, or those for the `query` you name.

Example.
    {at: 0m, break: dns, with: dns-refused, query: MX, for: 20m}
"""

from mxprobe.facts.dns import AnswerStatus
from mxprobe.facts.smtp import Phase
from mxprobe.scenario.faults.fault import About, Fault
from mxprobe.scenario.reaction import Moment, Names, Reaction


class DnsRefused(Fault, frozen=True, kw_only=True):
    """Answer REFUSED."""

    NAME = "dns-refused"
    ABOUT = About.NAMES

    def react(self, moment: Moment) -> tuple[Reaction, ...]:
        """Answer REFUSED."""
        return (Names(status=AnswerStatus.REFUSED),)

    def cell(self, phase: Phase | None) -> str | None:
        """The MX lookup fails."""
        return "D4"
