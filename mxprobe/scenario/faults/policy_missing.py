"""The host of the domain's MTA-STS policy answers 404: nobody put the file there, or a move of the web site lost it.

Senders that keep a policy go by it until it is too old; to all others it is as if there were none (cells T12 and T13).
Strike this host with tcp-refuse, tcp-black-hole or certificate for the other ways to fail.

A fetch ends in http-status.
Example.
    {at: 0m, break: mta-sts, with: policy-missing, for: 1h}
"""

from mxprobe.facts.smtp import Phase
from mxprobe.scenario.faults.fault import About, Fault
from mxprobe.scenario.reaction import Moment, Page, Reaction


class PolicyMissing(Fault, frozen=True, kw_only=True):
    """Answer 404."""

    NAME = "policy-missing"
    ABOUT = About.POLICY
    HINDERS = False

    def react(self, moment: Moment) -> tuple[Reaction, ...]:
        """Answer 404."""
        return (Page(code=404, body=b"There is nothing here.\n"),)

    def cell(self, phase: Phase | None) -> str | None:
        """No policy can be fetched; T13 where one is kept."""
        return "T12" if phase is None else None
