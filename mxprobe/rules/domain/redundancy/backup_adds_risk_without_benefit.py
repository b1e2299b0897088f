"""The backup does harm where it should help.

What it sees. A backup about which another rule has found that it is down, protects mail less, knows other recipients
than the primary, or lets pass what the primary filters. Recipients have to be asked about for it (`--to`).
Why it matters. Senders keep mail for days by themselves. A backup that loses, bounces or exposes mail is worse than
none.
Example. mx2 refuses people who are there:
    example.test MX 10 mx1.example.test
    example.test MX 20 mx2.example.test
    mx1.example.test A 192.0.2.1
    mx2.example.test A 192.0.2.2
    192.0.2.1 "220 mx1.example.test ESMTP" "250 mx1.example.test"
    192.0.2.2 "220 mx2.example.test ESMTP" "250 mx2.example.test"
    192.0.2.1 good "250 2.1.5 ok"
    192.0.2.2 good "550 5.1.1 no such user"
What to do. Run the backup as the primary is run, or remove it and let senders wait.
Standards. RFC 5321 §4.5.4.1.
"""

from types import ModuleType

from mxprobe.facts.finding import Finding, Judgement, Severity, Status
from mxprobe.facts.matrix import Role
from mxprobe.facts.snapshot import Snapshot
from mxprobe.rules.domain import (
    backup_accepts_unknown,
    backup_unreachable,
    filter_parity,
    recipient_divergence,
    tls_parity_gap,
)
from mxprobe.rules.domain.asked import not_asked
from mxprobe.rules.domain.dane import dane_partial_mx
from mxprobe.rules.domain.reading import chain_of
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive

RULE = Rule(
    code="MX317",
    name="backup-adds-risk-without-benefit",
    severity=Severity.INFO,
    references=("RFC 5321 §4.5.4.1",),
)

HARMS: tuple[ModuleType, ...] = (
    backup_unreachable,
    tls_parity_gap,
    dane_partial_mx,
    recipient_divergence,
    backup_accepts_unknown,
    filter_parity,
)
"""The rules whose findings about a backup count."""


def find(snapshot: Snapshot) -> Judgement:
    """A finding for each backup with such a finding, which names them."""
    plan = chain_of(snapshot)
    backups = {host.name: host for tier in plan.tiers[1:] for host in tier.hosts}
    reason = not_asked(snapshot, Role.GOOD)
    if reason:
        return inconclusive(RULE, reason)
    if not backups:
        return conclude(RULE, [])
    judged = [module.find(snapshot) for module in HARMS]
    harms = [one for judgement in judged for one in judgement.findings]
    found = []
    for name, host in backups.items():
        own = [one for one in harms if _is_about(one, name)]
        if not own:
            continue
        words = Words(
            says=f"the backup {name} does harm: {', '.join(f'{one.code} {one.name}' for one in own)}",
            seen=(f"MX {host.preference} {name}", *(one.says for one in own)),
            means="Senders wait for days by themselves; this backup adds more risk than it takes away.",
            do="Run it as the primary is run, or remove its record.",
        )
        found.append(finding(RULE, name, words))
    open_one = next((one.reason for one in judged if one.status is Status.INCONCLUSIVE), None)
    return inconclusive(RULE, open_one) if open_one and not found else conclude(RULE, found)


def _is_about(harm: Finding, host: str) -> bool:
    """Whether a finding is about a host, or one of its addresses."""
    return any(subject == host or subject.startswith(f"{host}/") for subject in (harm.subject, *harm.about))
