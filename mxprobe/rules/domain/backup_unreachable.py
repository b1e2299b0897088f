"""The backup cannot be reached.

What it sees. Every address of a worse preference fails at connection or greeting, in every attempt, while the best
preference answers.
Why it matters. Nobody notices until the primary fails; then there is no way left.
Example. mx2 was switched off a year ago:
    example.test MX 10 mx1.example.test
    example.test MX 20 mx2.example.test
    mx1.example.test A 192.0.2.1
    mx2.example.test A 192.0.2.2
    192.0.2.1 "220 mx1.example.test ESMTP" "250-mx1.example.test" "250 STARTTLS"
    192.0.2.2 does not answer
What to do. Repair the backup, or remove its record: senders queue for days without one.
Standards. RFC 5321 §5.1, §4.5.4.2.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.standing import Standing
from mxprobe.rules.domain.reading import all_down, attempts_at, chain_of, repeated, states_by_preference, was_dialled
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive

RULE = Rule(
    code="MX306", name="backup-unreachable", severity=Severity.ERROR, references=("RFC 5321 §5.1", "RFC 5321 §4.5.4.2")
)


def find(snapshot: Snapshot) -> Judgement:
    """A finding that states attempts and span; one attempt alone is never an error."""
    plan = chain_of(snapshot)
    if not plan.tiers or not was_dialled(snapshot):
        return inconclusive(RULE, "no address was dialled")
    states = states_by_preference(snapshot, plan)
    best = plan.tiers[0].preference
    if not any(state is Standing.ANSWERS for state in states[best]):
        return inconclusive(RULE, "the best preference does not answer either")
    found = []
    for tier in plan.tiers[1:]:
        if not all_down(states[tier.preference]):
            continue
        names = ", ".join(host.name for host in tier.hosts)
        words = Words(
            says=f"the backup {names} cannot be reached",
            seen=attempts_at(snapshot, tier.preference),
            means="While the best preference fails, there is no other way.",
            do="Repair it, or remove the record.",
        )
        found.append(finding(RULE, names, words, repeated(snapshot, tier.preference)))
    return conclude(RULE, found)
