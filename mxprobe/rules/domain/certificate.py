"""What the rules about certificates share: the handshakes that were completed, and the words of a finding."""

from collections.abc import Callable

from mxprobe.facts.finding import Judgement
from mxprobe.facts.snapshot import Snapshot
from mxprobe.facts.tls import TlsFacts
from mxprobe.rules.domain.reading import answering, unique
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive


def judge_certificates(rule: Rule, snapshot: Snapshot, says: str, fault: Callable[[TlsFacts], str | None]) -> Judgement:
    """A finding for each host whose handshake shows the fault; `fault` gives the evidence, None where all is well."""
    shaken = [(session, session.tls) for session in answering(snapshot) if session.tls is not None]
    if not shaken:
        return inconclusive(rule, "no handshake was completed")
    found = []
    for session, tls in shaken:
        seen = fault(tls)
        if seen is None:
            continue
        host = session.endpoint.host
        words = Words(
            says=f"{host} has a certificate {says}",
            seen=(f"{session.endpoint.id}: {seen}",),
            means="Senders that enforce MTA-STS skip this host; while it is the only one left, their mail waits.",
            do=f"Have a certificate issued for {host} by a public authority, and renew it in time.",
        )
        found.append(finding(rule, host, words))
    if not found and any(tls.verdict.is_valid is None for _, tls in shaken):
        return inconclusive(rule, "a certificate was not judged")
    return conclude(rule, unique(found))


def problems_of(tls: TlsFacts) -> str:
    """What a strict client says of the chain."""
    return "; ".join(problem.text for problem in tls.verdict.problems) or "no reason was given"
