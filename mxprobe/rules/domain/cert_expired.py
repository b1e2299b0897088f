"""A certificate is expired, or not valid yet.

What it sees. A certificate whose dates do not hold at the moment of the handshake. Where a secure TLSA record is of
that certificate (3 x x) its dates do not count for DANE, and this is a note.
Why it matters. Opportunistic senders do not mind; senders that enforce MTA-STS skip the host, and their mail waits.
Example. A renewal failed:
    example.test MX 10 mx1.example.test
    mx1.example.test A 192.0.2.1
    192.0.2.1 "220 mx1.example.test ESMTP" "250-mx1.example.test" "250 STARTTLS"
    192.0.2.1 certificate expired
What to do. Have a certificate issued for the host's own name by a public authority, and renew it in time.
Standards. RFC 8461 §4.2; RFC 9525 §6.
"""

from datetime import UTC, datetime

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.facts.tls import TlsFacts
from mxprobe.mx.dane import DaneMatch
from mxprobe.rules.domain.certificate import judge_certificates, problems_of, proved_by_itself
from mxprobe.rules.rule import Rule

RULE = Rule(
    code="MX709",
    name="cert-expired",
    severity=Severity.ERROR,
    covers=("MX715", "MX710"),
    references=("RFC 8461 §4.2", "RFC 9525 §6"),
)


def find(snapshot: Snapshot) -> Judgement:
    """A finding for each host, by the one handshake of its session."""
    return judge_certificates(RULE, snapshot, "that is expired or not valid yet", _fault, _excuse)


def _fault(tls: TlsFacts) -> str | None:
    if tls.verdict.dates_valid is not False:
        return None
    first, last = (datetime.fromtimestamp(at, UTC).date() for at in (tls.chain[0].not_before, tls.chain[0].not_after))
    return f"{problems_of(tls)}; its own dates are {first} to {last}"


def _excuse(match: DaneMatch) -> Severity | None:
    return Severity.INFO if proved_by_itself(match) else RULE.severity
