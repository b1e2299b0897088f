"""A certificate is expired, or not valid yet.

What it sees. A certificate whose dates do not hold at the moment of the handshake.
Why it matters. Opportunistic senders do not mind; senders that enforce MTA-STS skip the host, and their mail waits.
Example. A renewal that failed.
What to do. Have a certificate issued for the host's own name by a public authority, and renew it in time.
Standards. RFC 8461 §4.2; RFC 9525 §6.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.rules.domain.reading import answering, unique
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive

RULE = Rule(code="MX709", name="cert-expired", severity=Severity.ERROR, references=("RFC 8461 §4.2", "RFC 9525 §6"))


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
        if verdict.dates_valid is not False:
            continue
        words = Words(
            says=f"{session.endpoint.host} has a certificate that is expired or not valid yet",
            seen=(f"{session.endpoint.id}: {'; '.join(problem.text for problem in verdict.problems) or 'dates'}",),
            means="Senders that enforce MTA-STS skip this host.",
            do=f"Have a certificate issued for {session.endpoint.host} by a public authority.",
        )
        found.append(finding(RULE, session.endpoint.host, words))
    return conclude(RULE, unique(found))
