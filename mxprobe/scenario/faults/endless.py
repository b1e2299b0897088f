"""The host never comes to the end of a reply: one more line of it `every` so often.

Senders must not wait for ever: their patience for the phase ends it.
Example.
    {at: 0m, break: mx1, with: endless, phase: banner, for: 1h}
"""

from mxprobe.facts.smtp import Phase
from mxprobe.scenario.faults.fault import Fault
from mxprobe.scenario.faults.silence import CELLS
from mxprobe.scenario.reaction import Moment, Raw, Reaction

_LINES = {Phase.BANNER: b"220-please hold the line\r\n", Phase.DATA: b"354-please hold the line\r\n"}
_PHASES = (Phase.BANNER, Phase.EHLO, Phase.MAIL, Phase.RCPT, Phase.DATA, Phase.DOT)


class Endless(Fault, frozen=True, kw_only=True):
    """A line of the reply, again and again."""

    every: float = 5.0

    NAME = "endless"
    SHORT = "every"

    def react(self, moment: Moment) -> tuple[Reaction, ...]:
        """Begin, and do not end."""
        line = _LINES.get(moment.phase or Phase.MAIL, b"250-please hold the line\r\n")
        return (Raw(data=line, every=self.every),)

    def cell(self, phase: Phase | None) -> str | None:
        """No reply in time."""
        return CELLS.get(phase) if phase in _PHASES else None
