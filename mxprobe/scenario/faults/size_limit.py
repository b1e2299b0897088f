"""The host takes no message larger than this: it says so behind EHLO (RFC 1870 §4), and 552 5.3.4 to what is larger.

It says 552 to MAIL where the sender declares the size (RFC 1870 §6.1), and else to the final dot, when all was sent.
The lab's mailers declare it and let the host refuse; Postfix compares before it begins (RFC 1870 §7), and bounces with
5.3.4 as well.
Example.
    steps:
      - {at: 0m, break: mx1, with: {size-limit: 100B}, for: 1h}
"""

from mxprobe.facts.smtp import Phase
from mxprobe.scenario.faults.fault import Fault, Octets
from mxprobe.scenario.reaction import Moment, Offer, Reaction, Reply


class SizeLimit(Fault, frozen=True, kw_only=True):
    """At most `most` octets."""

    most: Octets

    NAME = "size-limit"
    PHASE = Phase.MAIL
    ALSO = (Phase.EHLO, Phase.DOT)
    HINDERS = False
    SHORT = "most"

    def react(self, moment: Moment) -> tuple[Reaction, ...]:
        """Announce the limit, and refuse what is larger as soon as its size is known."""
        if moment.phase is Phase.EHLO:
            return (Offer(line=f"SIZE {self.most}"),)
        if moment.size is None or moment.size <= self.most:
            return ()
        return (Reply(code=552, text="5.3.4 Message too big for this host"),)

    def cell(self, phase: Phase | None) -> str | None:
        """MAIL is refused for the size, of what is larger."""
        return "M4" if phase is Phase.MAIL else None
