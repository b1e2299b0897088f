"""The host of the MTA-STS policy sends its visitors elsewhere with 301, as web sites do. Senders must not follow.

A fetch ends in redirect.
Example.
    {at: 0m, break: mta-sts, with: policy-redirect, for: 1h}
"""

from mxprobe.facts.smtp import Phase
from mxprobe.scenario.faults.fault import About, Fault
from mxprobe.scenario.reaction import Moment, Page, Reaction


class PolicyRedirect(Fault, frozen=True, kw_only=True):
    """Answer 301."""

    NAME = "policy-redirect"
    ABOUT = About.POLICY
    HINDERS = False

    def react(self, moment: Moment) -> tuple[Reaction, ...]:
        """Point elsewhere."""
        return (Page(code=301, location="https://www.elsewhere.test/mta-sts.txt"),)

    def cell(self, phase: Phase | None) -> str | None:
        """No policy can be fetched; T13 where one is kept."""
        return "T12" if phase is None else None
