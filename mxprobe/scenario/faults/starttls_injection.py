"""Somebody on the way adds a reply in clear behind the 220 to STARTTLS: it must not count inside TLS (RFC 3207 §6).

A sound sender throws it away and delivers; a probe finds it.
Example.
    {at: 0m, break: mx1, with: starttls-injection, for: 1h}
"""

from mxprobe.facts.smtp import Phase
from mxprobe.scenario.faults.fault import Fault
from mxprobe.scenario.reaction import Moment, Raw, Reaction


class StarttlsInjection(Fault, frozen=True, kw_only=True):
    """A reply too early."""

    NAME = "starttls-injection"
    PHASE = Phase.TLS
    HINDERS = False

    def react(self, moment: Moment) -> tuple[Reaction, ...]:
        """Say it in clear, where the handshake begins."""
        return (Raw(data=b"250 2.0.0 injected\r\n"),)

    def cell(self, phase: Phase | None) -> str | None:
        """The mail is taken, by senders that throw the reply away."""
        return "Z1" if phase is Phase.TLS else None
