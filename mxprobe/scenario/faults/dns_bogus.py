"""The signatures of the domain's zone do not verify: a key was changed and the zone not signed again.

A resolver that validates says SERVFAIL for every name of the zone, and mail waits. Whoever does not validate notices
nothing, nor does anybody where the story's zones are not signed.

Example.
    signed: true
    steps:
      - {at: 0m, break: dns, with: dns-bogus, for: 20m}
"""

from mxprobe.facts.smtp import Phase
from mxprobe.scenario.faults.fault import About, Fault
from mxprobe.scenario.reaction import Moment, Reaction, SignatureKind, Signatures


class DnsBogus(Fault, frozen=True, kw_only=True):
    """Give signatures that do not verify."""

    NAME = "dns-bogus"
    ABOUT = About.NAMES

    def react(self, moment: Moment) -> tuple[Reaction, ...]:
        """Altered signatures."""
        return (Signatures(kind=SignatureKind.BOGUS),)

    def cell(self, phase: Phase | None) -> str | None:
        """The MX lookup fails."""
        return "D4"
