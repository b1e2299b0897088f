"""The host says 250 to the final dot and stores nothing: a full disk, a crash, a filter that drops in silence.

Every sender believes it; the mail is gone.
Example.
    {at: 0m, break: mx1, with: message-loss, for: 10m}
"""

from mxprobe.facts.smtp import Phase
from mxprobe.scenario.faults.fault import Fault
from mxprobe.scenario.reaction import Moment, Reaction, Reply


class MessageLoss(Fault, frozen=True, kw_only=True):
    """Accept and drop."""

    NAME = "message-loss"
    PHASE = Phase.DOT
    HINDERS = False

    def react(self, moment: Moment) -> tuple[Reaction, ...]:
        """250, and nothing is stored."""
        return (Reply(code=250, text="2.0.0 Ok"),)

    def cell(self, phase: Phase | None) -> str | None:
        """The message is accepted."""
        return "Z1" if phase is Phase.DOT else None
