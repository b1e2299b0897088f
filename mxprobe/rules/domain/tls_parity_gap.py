"""A backup has weaker TLS than the primary.

What it sees. STARTTLS, or a valid certificate, at the best preference and not at a worse one.
Why it matters. Whoever blocks the primary steers the mail to the weak host.
Example. mx1 offers STARTTLS, mx2 does not:
    example.test MX 10 mx1.example.test
    example.test MX 20 mx2.example.test
    mx1.example.test A 192.0.2.1
    mx2.example.test A 192.0.2.2
    192.0.2.1 "220 mx1.example.test ESMTP" "250-mx1.example.test" "250 STARTTLS"
    192.0.2.1 certificate valid
    192.0.2.2 "220 mx2.example.test ESMTP" "250-mx2.example.test" "250 SIZE"
What to do. Raise the weaker host.
Standards. RFC 8461 §2; RFC 3207 §6.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.rules.domain.reading import answering, chain_of, strength, weaker
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive

RULE = Rule(
    code="MX715",
    name="tls-parity-gap",
    severity=Severity.WARNING,
    covers=("MX701",),
    references=("RFC 8461 §2", "RFC 3207 §6"),
)


def find(snapshot: Snapshot) -> Judgement:
    """A finding for each backup that is weaker than the best preference."""
    plan = chain_of(snapshot)
    if len(plan.tiers) < 2:
        return conclude(RULE, []) if plan.tiers else inconclusive(RULE, "there is no chain")
    by_host = {session.endpoint.host: session for session in answering(snapshot)}
    best = [by_host[host.name] for host in plan.tiers[0].hosts if host.name in by_host]
    if not best:
        return inconclusive(RULE, "no host of the best preference answered EHLO")
    found = []
    for tier in plan.tiers[1:]:
        for host in tier.hosts:
            session = by_host.get(host.name)
            if session is None:
                continue
            gap = weaker(best, session)
            if gap is None:
                continue
            words = Words(
                says=f"{host.name} has weaker TLS than {best[0].endpoint.host}: {gap}",
                seen=(f"{best[0].endpoint.id}: {strength(best[0])}", f"{session.endpoint.id}: {strength(session)}"),
                means="Whoever blocks the primary steers the mail to the weak host.",
                do=f"Raise {host.name}.",
            )
            found.append(finding(RULE, host.name, words))
    return conclude(RULE, found)
