"""The host speaks one version of TLS and no other: 1.0, 1.1, 1.2 or 1.3. Present senders refuse the first two.

An opportunistic sender then goes on in clear, as after any handshake that fails (RFC 3207 §4.1).
Example.
    {at: 0m, break: mx1, with: {tls-version: 1.0}, for: 1h}
"""

from mxprobe.facts.smtp import Phase
from mxprobe.scenario.faults.fault import Fault
from mxprobe.scenario.reaction import Moment, Reaction, SpeakTls
from mxprobe.scenario.reaction import TlsVersion as Version

_OLD = (Version.TLS_1_0, Version.TLS_1_1)


class TlsVersion(Fault, frozen=True, kw_only=True):
    """Speak this `version`."""

    version: Version

    NAME = "tls-version"
    PHASE = Phase.TLS
    SHORT = "version"

    @property
    def hinders(self) -> bool:
        """Whether senders that insist on TLS go elsewhere."""
        return self.version in _OLD

    def react(self, moment: Moment) -> tuple[Reaction, ...]:
        """Speak it."""
        return (SpeakTls(version=self.version),)

    def cell(self, phase: Phase | None) -> str | None:
        """The handshake fails for old versions."""
        if phase is not Phase.TLS:
            return None
        return "T4" if self.version in _OLD else "Z1"
