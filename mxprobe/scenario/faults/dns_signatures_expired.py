"""The signatures of the domain's zone have run out: the job that signs it again stands still.

A resolver that validates says SERVFAIL for every name of the zone, and mail waits. Whoever does not validate notices
nothing, nor does anybody where the story's zones are not signed.

Example.
    signed: true
    steps:
      - {at: 0m, break: dns, with: dns-signatures-expired, for: 20m}
"""

from mxprobe.facts.smtp import Phase
from mxprobe.scenario.faults.fault import About, Fault
from mxprobe.scenario.reaction import Moment, Reaction, SignatureKind, Signatures


class DnsSignaturesExpired(Fault, frozen=True, kw_only=True):
    """Give signatures whose time is over."""

    NAME = "dns-signatures-expired"
    ABOUT = About.NAMES

    def react(self, moment: Moment) -> tuple[Reaction, ...]:
        """Signatures of long ago."""
        return (Signatures(kind=SignatureKind.EXPIRED),)

    def cell(self, phase: Phase | None) -> str | None:
        """The MX lookup fails."""
        return "D4"
