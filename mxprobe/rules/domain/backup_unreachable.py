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
from mxprobe.mx.once import once
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
    ways_of_failing,
)
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive

RULE = Rule(
    code="MX306",
    name="backup-unreachable",
    severity=Severity.ERROR,
    covers=WAYS_OF_BEING_DOWN,
    references=(
        "RFC 5321 §5.1",
        "RFC 5321 §4.5.4.2",
    ),
)


@once
def find(snapshot: Snapshot) -> Judgement:
    """A finding that states attempts and span; one attempt alone is never an error."""
    plan = chain_of(snapshot)
    if not plan.tiers or not was_dialled(snapshot):
        return inconclusive(RULE, "no address was dialled")
    found, doubts = [], []
    for tier in plan.tiers[1:]:
        names = ", ".join(host.name for host in tier.hosts)
        reach = reach_of(snapshot, tier.preference)
        if reach is Reach.UP:
            continue
        if reach is Reach.UNKNOWN:
            doubts.append(f"not every address of {names} could be judged")
        elif reach_of(snapshot, plan.tiers[0].preference) is not Reach.UP:
            doubts.append("the best preference was not seen to answer")
        elif Standing.GREETS_LATER in standings(snapshot, tier.preference):
            doubts.append(f"{names} says later while the best preference is up; only an outage tells what it does then")
        else:
            words = Words(
                says=f"every address of the backup ({names}) fails: {ways_of_failing(snapshot, tier.preference)}",
                about=tuple(host.name for host in tier.hosts),
                seen=attempts_at(snapshot, tier.preference),
                means="While the best preference fails, there is no other way.",
                do="Repair it, or remove the record.",
            )
            found.append(finding(RULE, names, words, repeated(snapshot, tier.preference)))
    return inconclusive(RULE, doubts[0]) if doubts and not found else conclude(RULE, found)
