"""The domain's name servers do not answer.

Example.
    {at: 0m, break: dns, with: dns-timeout, for: 20m}
"""

from mxprobe.facts.dns import AnswerStatus
from mxprobe.facts.smtp import Phase
from mxprobe.scenario.faults.fault import About, Fault
from mxprobe.scenario.reaction import Moment, Names, Reaction


class DnsTimeout(Fault, frozen=True, kw_only=True):
    """Say nothing."""

    NAME = "dns-timeout"
    ABOUT = About.NAMES

    def react(self, moment: Moment) -> tuple[Reaction, ...]:
        """Say nothing."""
        return (Names(status=AnswerStatus.TIMEOUT),)

    def cell(self, phase: Phase | None) -> str | None:
        """The MX lookup fails."""
        return "D4"
