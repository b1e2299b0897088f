"""The host takes at most so many recipients of one message, and says 452 4.5.3 to the others (RFC 5321 §4.5.3.1.10).

Senders give it the others in a message of their own. Nothing is down.
Example.
    {at: 0m, break: mx1, with: {recipient-limit: 0}, for: 1h}
"""

from mxprobe.facts.smtp import Phase
from mxprobe.scenario.faults.fault import Fault
from mxprobe.scenario.reaction import Moment, Reaction, Reply


class RecipientLimit(Fault, frozen=True, kw_only=True):
    """At most `most` recipients of one message."""

    most: int

    NAME = "recipient-limit"
    PHASE = Phase.RCPT
    HINDERS = False
    SHORT = "most"

    def react(self, moment: Moment) -> tuple[Reaction, ...]:
        """452 above the limit."""
        if len(moment.recipients) < self.most:
            return ()
        return (Reply(code=452, text="4.5.3 Too many recipients"),)

    def cell(self, phase: Phase | None) -> str | None:
        """Too many recipients."""
        return "R3" if phase is Phase.RCPT else None
