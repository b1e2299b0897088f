"""The host ends the connection in the phase you name, without a word; at `banner`: it accepts and hangs up at once.

At `dot` it has stored the message before it hangs up (`kept: true`): the sender cannot know, and tries again. At `body`
it hangs up in the middle of the message and has stored nothing; a sender whose message is small has it out already, and
cannot tell that from the other (cell Z6).
Example.
    {at: 0m, break: mx1, with: close, phase: dot, for: 10m}
"""

from mxprobe.facts.smtp import Phase
from mxprobe.scenario.faults.fault import Fault
from mxprobe.scenario.reaction import Close as HangUp
from mxprobe.scenario.reaction import Moment, Reaction

CELLS = {
    Phase.BANNER: "B6",
    Phase.EHLO: "H6",
    Phase.STARTTLS: "H6",
    Phase.TLS: "T4",
    Phase.MAIL: "M5",
    Phase.RCPT: "R6",
    Phase.DATA: "X4",
    Phase.BODY: "Z6",
    Phase.DOT: "Z6",
}


class Close(Fault, frozen=True, kw_only=True):
    """Hang up; `kept` counts at the final dot alone."""

    kept: bool = True

    NAME = "close"

    def react(self, moment: Moment) -> tuple[Reaction, ...]:
        """Hang up."""
        return (HangUp(kept=self.kept),)

    def cell(self, phase: Phase | None) -> str | None:
        """The connection ends."""
        return CELLS.get(phase) if phase else None
