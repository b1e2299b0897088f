"""The host presents a certificate that a strict client refuses.

It is expired, not-yet-valid, wrong-name, self-signed, or of an unknown-authority.

Opportunistic senders do not mind.
Example.
    {at: 0m, break: mx1, with: {certificate: expired}}
"""

from mxprobe.facts.smtp import Phase
from mxprobe.scenario.faults.fault import Fault
from mxprobe.scenario.reaction import CertificateKind, Moment, Present, Reaction


class Certificate(Fault, frozen=True, kw_only=True):
    """Present a certificate of this `kind`."""

    kind: CertificateKind

    NAME = "certificate"
    PHASE = Phase.TLS
    HINDERS = False
    SHORT = "kind"

    def react(self, moment: Moment) -> tuple[Reaction, ...]:
        """Present it."""
        return (Present(kind=self.kind),)

    def cell(self, phase: Phase | None) -> str | None:
        """The certificate is not valid."""
        return "T5"
