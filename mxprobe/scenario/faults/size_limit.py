"""The host takes no message larger than this, and says so behind EHLO (RFC 1870 §4): 552 5.3.4 (RFC 1870 §6.1).

It says it to MAIL where the sender declares the size, and else to the final dot, when all of it was sent. Postfix and
Exim do not even begin where the announced limit is too small, which RFC 1870 §6.1 allows; the lab's mailers declare the
size and leave the refusing to the host.
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
