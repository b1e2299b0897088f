"""What the rules about certificates share: the handshakes that were completed, and the words of a finding."""

from collections.abc import Callable

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.facts.tls import TlsFacts
from mxprobe.mx.dane import DANE_EE, DaneMatch
from mxprobe.rules.domain.dane.reading import is_covered
from mxprobe.rules.domain.reading import answering, unique
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive

Excuse = Callable[[DaneMatch], Severity | None]
"""How bad a fault is at an address that DANE proves; None: it is none."""


def excuses_all(_match: DaneMatch) -> Severity | None:
    """Whoever is proved by DANE needs no public authority."""
    return None


def proved_by_itself(match: DaneMatch) -> bool:
    """Whether the record is of the host's own certificate: then its names and dates count nothing (RFC 7672 §3.1.1)."""
    return match.record is not None and match.record.usage == DANE_EE


def judge_certificates(
    rule: Rule, snapshot: Snapshot, says: str, fault: Callable[[TlsFacts], str | None], excuse: Excuse
) -> Judgement:
    """A finding for each host whose handshake shows the fault; `fault` gives the evidence, None where all is well."""
    shaken = [(session, session.tls) for session in answering(snapshot) if session.tls is not None]
    if not shaken:
        return inconclusive(rule, "no handshake was completed")
    found, hosts = [], [session.endpoint.host for session, _ in shaken]
    for session, tls in shaken:
        seen = fault(tls)
        if seen is None:
            continue
        match = is_covered(snapshot, session)
        severity = rule.severity if match is None else excuse(match)
        if severity is None:
            continue
        host = session.endpoint.host
        words = Words(
            says=f"{host} has a certificate {says}",
            seen=(f"{session.endpoint.id}: {seen}",),
            means="Senders that enforce MTA-STS skip this host; while it is the only one left, their mail waits.",
            do=f"Have a certificate issued for {host} by a public authority, and renew it in time.",
        )
        found.append(finding(rule, host, words, severity))
    if not found and any(tls.verdict.is_valid is None for _, tls in shaken):
        return inconclusive(rule, "a certificate was not judged")
    # Of a host's addresses the worst comes first, and its severity stays.
    return conclude(rule, unique(sorted(found, key=lambda one: (hosts.index(one.subject), one.severity.rank))))


def problems_of(tls: TlsFacts) -> str:
    """What a strict client says of the chain."""
    return "; ".join(problem.text for problem in tls.verdict.problems) or "no reason was given"
