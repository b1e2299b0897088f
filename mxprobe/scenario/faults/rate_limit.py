"""The host takes so many connections `per` span and greets the next ones with 421.

Example.
    {at: 0m, break: mx1, with: {rate-limit: {connections: 0, per: 1m}}, for: 1h}
"""

from mxprobe.facts.smtp import Phase
from mxprobe.scenario.faults.fault import Fault
from mxprobe.scenario.reaction import Moment, Reaction, Reply


class RateLimit(Fault, frozen=True, kw_only=True):
    """At most `connections` in any span of `per`."""

    connections: int
    per: float = 60.0

    NAME = "rate-limit"
    PHASE = Phase.BANNER
    HINDERS = False

    def react(self, moment: Moment) -> tuple[Reaction, ...]:
        """421 above the limit; refused connections count as well."""
        recent = sum(1 for time in moment.times if moment.now - time < self.per)
        if recent < self.connections:
            return ()
        return (Reply(code=421, text="4.7.0 Too many connections, come back later"),)

    def cell(self, phase: Phase | None) -> str | None:
        """The greeting is 421."""
        return "B2" if phase is Phase.BANNER else None
