"""The host of the MTA-STS policy answers with a page of HTML: a web server that shows its start page for every path.

A fetch ends in wrong-type.
Example.
    {at: 0m, break: mta-sts, with: policy-wrong-type, for: 1h}
"""

from mxprobe.facts.smtp import Phase
from mxprobe.scenario.faults.fault import About, Fault
from mxprobe.scenario.reaction import Moment, Page, Reaction


class PolicyWrongType(Fault, frozen=True, kw_only=True):
    """Answer 200 with HTML."""

    NAME = "policy-wrong-type"
    ABOUT = About.POLICY
    HINDERS = False

    def react(self, moment: Moment) -> tuple[Reaction, ...]:
        """Show a web page."""
        return (Page(content_type="text/html; charset=utf-8", body=b"<!DOCTYPE html><title>Welcome</title>\n"),)

    def cell(self, phase: Phase | None) -> str | None:
        """No policy can be fetched; T13 where one is kept."""
        return "T12" if phase is None else None
