"""The host of the MTA-STS policy answers with a file that does not end. Senders stop reading it at 64 kilobytes.

A fetch ends in too-large.
Example.
    {at: 0m, break: mta-sts, with: policy-too-large, for: 1h}
"""

from mxprobe.facts.smtp import Phase
from mxprobe.scenario.faults.fault import About, Fault
from mxprobe.scenario.reaction import Moment, Page, Reaction

_LINE = b"mx: another.example.test\r\n"


class PolicyTooLarge(Fault, frozen=True, kw_only=True):
    """Answer without end."""

    NAME = "policy-too-large"
    ABOUT = About.POLICY
    HINDERS = False

    def react(self, moment: Moment) -> tuple[Reaction, ...]:
        """Begin a list of hosts that has no end."""
        return (Page(body=_LINE * 100, endless=True),)

    def cell(self, phase: Phase | None) -> str | None:
        """No policy can be fetched; T13 where one is kept."""
        return "T12" if phase is None else None
