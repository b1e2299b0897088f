"""The host presents another certificate than its usual one. Opportunistic senders do not mind.

A strict client refuses it where it is expired, not-yet-valid, of a wrong-name, self-signed, of an unknown-authority,
where it comes with a missing-intermediate (the certificate of the authority that issued it is not sent), and where it
has a weak-key (RSA of 1024 bits). Valid are a new-key, which nobody minds but senders that do DANE and find the old key
in the TLSA record, and by-sni: clients that name the host get its certificate, all others that of another name.
Example.
    {at: 0m, break: mx1, with: {certificate: expired}}
"""

from mxprobe.facts.smtp import Phase
from mxprobe.scenario.faults.fault import Fault
from mxprobe.scenario.reaction import CertificateKind, Moment, Present, Reaction

_VALID = (CertificateKind.VALID, CertificateKind.NEW_KEY, CertificateKind.BY_SNI)


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
        if phase is not Phase.TLS:
            return None
        return "Z1" if self.kind in _VALID else "T5"
