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
from mxprobe.rules.domain.reading import all_down, attempts_at, chain_of, repeated, states_by_preference, was_dialled
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive

RULE = Rule(code="MX309", name="all-mx-unreachable", severity=Severity.ERROR, references=("RFC 5321 §4.5.4.1",))


def find(snapshot: Snapshot) -> Judgement:
    """A finding that states attempts and span; one attempt alone is never an error."""
    plan = chain_of(snapshot)
    if not plan.tiers or not was_dialled(snapshot):
        return inconclusive(RULE, "no address was dialled")
    states = [state for found in states_by_preference(snapshot, plan).values() for state in found]
    if not all_down(states):
        known = any(state.is_known for state in states)
        return conclude(RULE, []) if known else inconclusive(RULE, "nothing is known of any host")
    words = Words(
        says="no MX host can be reached",
        seen=tuple(line for tier in plan.tiers for line in attempts_at(snapshot, tier.preference)),
        means="Senders keep their mail, and give it back after a day or some days.",
        do="Restore a host.",
    )
    severities = [repeated(snapshot, tier.preference) for tier in plan.tiers]
    return conclude(RULE, [finding(RULE, snapshot.domain, words, max(severities, key=lambda one: one.rank))])
