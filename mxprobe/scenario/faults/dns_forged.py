"""Somebody answers the domain's MX questions in its place, and names hosts of their own: `mx` says which.

So it is with a poisoned cache, or a DNS account in the wrong hands. Mail goes where the forged records lead, unless the
zone is signed and the sender's resolver validates.

Example.
    {at: 0m, break: dns, with: {dns-forged: {mx: [mx2]}}, for: 20m}
"""

from mxprobe.facts.dns import RecordType
from mxprobe.facts.smtp import Phase
from mxprobe.scenario.faults.fault import About, Fault
from mxprobe.scenario.reaction import Forge, Moment, Reaction


class DnsForged(Fault, frozen=True, kw_only=True):
    """Name other hosts."""

    mx: tuple[str, ...]

    NAME = "dns-forged"
    ABOUT = About.NAMES
    HINDERS = False
    SHORT = "mx"

    def react(self, moment: Moment) -> tuple[Reaction, ...]:
        """Other MX records; every other question is answered as usual."""
        if moment.question is None or moment.question.rrtype is not RecordType.MX:
            return ()
        return (Forge(mx=self.mx),)

    def cell(self, phase: Phase | None) -> str | None:
        """The names are found."""
        return "D1"
