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
from mxprobe.mx.standing import Standing
from mxprobe.rules.domain.reading import all_down, attempts_at, chain_of, repeated, states_by_preference, was_dialled
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive

RULE = Rule(
    code="MX308", name="primary-tier-down", severity=Severity.ERROR, references=("RFC 5321 §5.1", "RFC 5321 §4.5.4.2")
)


def find(snapshot: Snapshot) -> Judgement:
    """A finding that states attempts and span; one attempt alone is never an error."""
    plan = chain_of(snapshot)
    if not plan.tiers or not was_dialled(snapshot):
        return inconclusive(RULE, "no address was dialled")
    states = states_by_preference(snapshot, plan)
    best = plan.tiers[0]
    others = [state for tier in plan.tiers[1:] for state in states[tier.preference]]
    if not all_down(states[best.preference]) or Standing.ANSWERS not in others:
        known = any(state.is_known for state in states[best.preference])
        return conclude(RULE, []) if known else inconclusive(RULE, "nothing is known of the best preference")
    names = ", ".join(host.name for host in best.hosts)
    how = ", ".join(sorted({state.value for state in states[best.preference]}))
    words = Words(
        says=f"every address of the best preference ({names}) fails: {how}",
        seen=attempts_at(snapshot, best.preference),
        means="All mail takes the way over the next preference. If that fails too, it waits.",
        do=f"Restore {names}.",
    )
    return conclude(RULE, [finding(RULE, names, words, repeated(snapshot, best.preference))])
