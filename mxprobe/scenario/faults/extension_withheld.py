"""The host does not offer the extensions you name, STARTTLS for one: switched off, or removed on the way.

Example.
    {at: 0m, break: mx1, with: {extension-withheld: STARTTLS}, for: 1h}
"""

from mxprobe.facts.smtp import Phase
from mxprobe.scenario.faults.fault import Fault
from mxprobe.scenario.reaction import Moment, Reaction, Withhold


class ExtensionWithheld(Fault, frozen=True, kw_only=True):
    """Leave `keywords`, one or several with blanks between them, out of the EHLO reply."""

    keywords: str

    NAME = "extension-withheld"
    PHASE = Phase.EHLO
    HINDERS = False
    SHORT = "keywords"

    @property
    def hinders(self) -> bool:
        """Whether senders that insist on TLS go elsewhere."""
        return "STARTTLS" in self.keywords.upper().split()

    def react(self, moment: Moment) -> tuple[Reaction, ...]:
        """Leave them out."""
        return (Withhold(keywords=tuple(self.keywords.split())),)

    def cell(self, phase: Phase | None) -> str | None:
        """STARTTLS is not offered; without other extensions mail goes on."""
        if phase is not Phase.EHLO:
            return None
        return "T1" if self.hinders else "Z1"
