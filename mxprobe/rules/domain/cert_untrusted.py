"""A certificate does not lead to a trusted authority.

What it sees. The chain does not reach an authority of the trust store, and no secure TLSA record matches it.
Why it matters. Opportunistic senders do not mind; senders that enforce MTA-STS skip the host, and their mail waits.
Example. A self-signed certificate:
    example.test MX 10 mx1.example.test
    mx1.example.test A 192.0.2.1
    192.0.2.1 "220 mx1.example.test ESMTP" "250-mx1.example.test" "250 STARTTLS"
    192.0.2.1 certificate self-signed
What to do. Have a certificate issued for the host's own name by a public authority, and renew it in time.
Standards. RFC 8461 §4.2; RFC 9525 §6.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.facts.tls import TlsFacts
from mxprobe.rules.domain.certificate import excuses_all, judge_certificates, problems_of
from mxprobe.rules.rule import Rule

RULE = Rule(
    code="MX708",
    name="cert-untrusted",
    severity=Severity.WARNING,
    covers=("MX715",),
    references=("RFC 8461 §4.2", "RFC 9525 §6"),
)


def find(snapshot: Snapshot) -> Judgement:
    """A finding for each host, by the one handshake of its session."""
    return judge_certificates(RULE, snapshot, "that is not trusted", _fault, excuses_all)


def _fault(tls: TlsFacts) -> str | None:
    return problems_of(tls) if tls.verdict.trusted is False else None
