"""A certificate is for another name.

What it sees. No DNS name of the certificate matches the MX host's name, and no secure TLSA record is of that
certificate (3 x x: then its names do not count).
Why it matters. Opportunistic senders do not mind; senders that enforce MTA-STS skip the host, and their mail waits.
Example. mx1 shows a certificate for relay.isp.example:
    example.test MX 10 mx1.example.test
    mx1.example.test A 192.0.2.1
    192.0.2.1 "220 mx1.example.test ESMTP" "250-mx1.example.test" "250 STARTTLS"
    192.0.2.1 certificate another name
What to do. Have a certificate issued for the host's own name by a public authority, and renew it in time.
Standards. RFC 8461 §4.2; RFC 9525 §6.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.facts.tls import TlsFacts
from mxprobe.mx.dane import DaneMatch
from mxprobe.rules.domain.certificate import judge_certificates, proved_by_itself
from mxprobe.rules.rule import Rule

RULE = Rule(
    code="MX707",
    name="cert-name-mismatch",
    severity=Severity.WARNING,
    covers=("MX715",),
    references=("RFC 8461 §4.2", "RFC 9525 §6"),
)


def find(snapshot: Snapshot) -> Judgement:
    """A finding for each host, by the one handshake of its session."""
    return judge_certificates(RULE, snapshot, "for another name", _fault, _excuse)


def _fault(tls: TlsFacts) -> str | None:
    if tls.verdict.name_matches is not False:
        return None
    names = ", ".join(tls.chain[0].names) if tls.chain else ""
    return f"for {names or 'no name at all'}"


def _excuse(match: DaneMatch) -> Severity | None:
    return None if proved_by_itself(match) else RULE.severity
