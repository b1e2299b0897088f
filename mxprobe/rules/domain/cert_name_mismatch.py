"""A certificate is for another name.

What it sees. No DNS name of the certificate matches the MX host's name.
Why it matters. Opportunistic senders do not mind; senders that enforce MTA-STS skip the host, and their mail waits.
Example. mx2.example.com shows a certificate for relay.isp.example.
What to do. Have a certificate issued for the host's own name by a public authority, and renew it in time.
Standards. RFC 8461 §4.2; RFC 9525 §6.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.rules.domain.reading import answering, unique
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive

RULE = Rule(
    code="MX707", name="cert-name-mismatch", severity=Severity.WARNING, references=("RFC 8461 §4.2", "RFC 9525 §6")
)


def find(snapshot: Snapshot) -> Judgement:
    """A finding for each host, by the one handshake of its session."""
    sessions = [session for session in answering(snapshot) if session.tls is not None]
    if not sessions:
        return inconclusive(RULE, "no handshake was completed")
    found = []
    for session in sessions:
        tls = session.tls
        if tls is None:
            continue
        verdict = tls.verdict
        if verdict.name_matches is not False:
            continue
        words = Words(
            says=f"{session.endpoint.host} has a certificate for another name",
            seen=(f"{session.endpoint.id}: {', '.join(tls.chain[0].names) if tls.chain else 'no names'}",),
            means="Senders that enforce MTA-STS skip this host.",
            do=f"Have a certificate issued for {session.endpoint.host} by a public authority.",
        )
        found.append(finding(RULE, session.endpoint.host, words))
    return conclude(RULE, unique(found))
