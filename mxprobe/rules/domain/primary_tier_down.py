"""The best preference is down, and a worse one answers.

What it sees. Every address of the best preference fails at connection or greeting, in every attempt, and a host of a
worse one answers.
Why it matters. All mail takes the way over the backup; if that fails too, it waits.
Example. mx1 refuses connections, mx2 greets:
    example.test MX 10 mx1.example.test
    example.test MX 20 mx2.example.test
    mx1.example.test A 192.0.2.1
    mx2.example.test A 192.0.2.2
    192.0.2.1 refuses connections
    192.0.2.2 "220 mx2.example.test ESMTP" "250-mx2.example.test" "250 STARTTLS"
What to do. Restore the best preference.
Standards. RFC 5321 §5.1, §4.5.4.2.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.rules.domain.reading import (
    WAYS_OF_BEING_DOWN,
    Reach,
    attempts_at,
    chain_of,
    reach_of,
    repeated,
    was_dialled,
    ways_of_failing,
)
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive

RULE = Rule(
    code="MX308",
    name="primary-tier-down",
    severity=Severity.ERROR,
    covers=WAYS_OF_BEING_DOWN,
    references=(
        "RFC 5321 §5.1",
        "RFC 5321 §4.5.4.2",
    ),
)


def find(snapshot: Snapshot) -> Judgement:
    """A finding that states attempts and span; one attempt alone is never an error."""
    plan = chain_of(snapshot)
    if not plan.tiers or not was_dialled(snapshot):
        return inconclusive(RULE, "no address was dialled")
    best = plan.tiers[0]
    others = [reach_of(snapshot, tier.preference) for tier in plan.tiers[1:]]
    reach = reach_of(snapshot, best.preference)
    if reach is Reach.UNKNOWN:
        return inconclusive(RULE, "not every address of the best preference could be judged")
    if reach is Reach.UP or all(other is Reach.DOWN for other in others):
        return conclude(RULE, [])
    names = ", ".join(host.name for host in best.hosts)
    taken = "Mail takes the way over the next preference, from mailers that go on. If that fails too, it waits."
    words = Words(
        says=f"every address of the best preference ({names}) fails: {ways_of_failing(snapshot, best.preference)}",
        about=tuple(host.name for host in best.hosts),
        seen=attempts_at(snapshot, best.preference),
        means=taken if Reach.UP in others else "Whether the next preference takes over is not known.",
        do=f"Restore {names}.",
    )
    return conclude(RULE, [finding(RULE, names, words, repeated(snapshot, best.preference))])
