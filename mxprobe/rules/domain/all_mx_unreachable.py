"""No MX host can be reached.

What it sees. No address of any preference greets, in any attempt.
Why it matters. Senders keep their mail, and give it back after a day or some days.
Example. Both hosts stand in one room, and the room has no power:
    example.test MX 10 mx1.example.test
    example.test MX 20 mx2.example.test
    mx1.example.test A 192.0.2.1
    mx2.example.test A 192.0.2.2
    192.0.2.1 does not answer
    192.0.2.2 does not answer
What to do. Restore a host.
Standards. RFC 5321 §4.5.4.1.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.standing import Standing
from mxprobe.rules.domain.reading import (
    WAYS_OF_BEING_DOWN,
    Reach,
    attempts_at,
    chain_of,
    reach_of,
    repeated,
    standings,
    was_dialled,
)
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive

RULE = Rule(
    code="MX309",
    name="all-mx-unreachable",
    severity=Severity.ERROR,
    covers=WAYS_OF_BEING_DOWN,
    references=("RFC 5321 §4.5.4.1",),
)


def find(snapshot: Snapshot) -> Judgement:
    """A finding that states attempts and span; one attempt alone is never an error."""
    plan = chain_of(snapshot)
    if not plan.tiers or not was_dialled(snapshot):
        return inconclusive(RULE, "no address was dialled")
    reaches = [reach_of(snapshot, tier.preference) for tier in plan.tiers]
    if Reach.UP in reaches:
        return conclude(RULE, [])
    if Reach.UNKNOWN in reaches:
        return inconclusive(RULE, "no host answers, and not every address could be judged")
    states = {state for tier in plan.tiers for state in standings(snapshot, tier.preference)}
    refuse = states == {Standing.GREETS_NO}
    words = Words(
        says="every MX host refuses service" if refuse else "no MX host answers",
        about=tuple(host.name for host in plan.hosts),
        seen=tuple(line for tier in plan.tiers for line in attempts_at(snapshot, tier.preference)),
        means=(
            "Most senders give their mail back at once, some keep it for days."
            if refuse
            else "Senders keep their mail, and give it back after a day or some days."
        ),
        do="Restore a host.",
    )
    severities = [repeated(snapshot, tier.preference) for tier in plan.tiers]
    return conclude(RULE, [finding(RULE, snapshot.domain, words, max(severities, key=lambda one: one.rank))])
