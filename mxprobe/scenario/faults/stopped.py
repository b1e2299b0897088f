"""The host has no power: it refuses connections and hands nothing on. Its queue is there again when it is back.

A name server without power is silent.

Example.
    {at: 0m, break: mx1, with: stopped, for: 30m}
"""

from mxprobe.facts.dns import AnswerStatus
from mxprobe.facts.smtp import Phase
from mxprobe.scenario.faults.fault import Fault
from mxprobe.scenario.reaction import Connection, Moment, Names, Reaction, Syn


class Stopped(Fault, frozen=True, kw_only=True):
    """Take nothing, send nothing."""

    NAME = "stopped"
    PHASE = Phase.CONNECT
    STOPS = True

    def react(self, moment: Moment) -> tuple[Reaction, ...]:
        """Refuse, and answer no question."""
        if moment.question is not None:
            return (Names(status=AnswerStatus.TIMEOUT),)
        return (Connection(syn=Syn.REFUSE),)

    def cell(self, phase: Phase | None) -> str | None:
        """The connection is refused."""
        return "C1" if phase is Phase.CONNECT else None
