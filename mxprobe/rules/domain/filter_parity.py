"""A backup accepts at once what the filter of the primary puts off or refuses.

What it sees. For the same client, sender and recipient, an address of the best preference greylists, limits or
refuses the probe, and one of a worse preference accepts at once.
Why it matters. Who sends unwanted mail aims at the worst preference: the filter of the primary is gone round.
Example. The primary greylists, the backup does not:
    example.test MX 10 mx1.example.test
    example.test MX 20 mx2.example.test
    mx1.example.test A 192.0.2.1
    mx2.example.test A 192.0.2.2
    192.0.2.1 "220 mx1.example.test ESMTP" "250 mx1.example.test"
    192.0.2.2 "220 mx2.example.test ESMTP" "250 mx2.example.test"
    192.0.2.1 good "451 4.7.1 Greylisted, try again later"
    192.0.2.2 good "250 2.1.5 ok"
What to do. Filter on the backup as on the primary.
Standards. RFC 5321 §7.8; RFC 6647 §4.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.matrix import Role
from mxprobe.facts.proof import Answer
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.matrix import Why
from mxprobe.mx.once import once
from mxprobe.rules.domain.asked import (
    answers_about,
    best_preference,
    is_known,
    line_of,
    not_asked,
    still_open,
)
from mxprobe.rules.domain.reading import unique
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive

RULE = Rule(
    code="MX808",
    name="filter-parity",
    severity=Severity.WARNING,
    references=("RFC 5321 §7.8", "RFC 6647 §4"),
)

_BY_FILTER = (Why.GREYLISTED, Why.THROTTLED, Why.POLICY)


@once
def find(snapshot: Snapshot) -> Judgement:
    """A finding for each backup that accepts at once."""
    reason = not_asked(snapshot, Role.GOOD)
    if reason:
        return inconclusive(RULE, reason)
    givens = [given.first for given in answers_about(snapshot, Role.GOOD)]
    best = best_preference(snapshot)
    filtered = [given for given in givens if given.preference == best and given.why in _BY_FILTER]
    backups = [given for given in givens if given.preference != best]
    found = []
    for given in backups:
        stricter = next((one for one in filtered if one.number == given.number), None)
        if stricter is None or given.answer is not Answer.ACCEPTED:
            continue
        words = Words(
            says=f"{given.endpoint.host} accepts at once what {stricter.endpoint.host} does not: {stricter.why}",
            seen=(line_of(stricter), line_of(given)),
            means="Unwanted mail that aims at the worst preference goes round the filter of the primary.",
            do=f"Filter on {given.endpoint.host} as on {stricter.endpoint.host}.",
        )
        found.append(finding(RULE, given.endpoint.host, words))
    if found or not backups:
        return conclude(RULE, unique(found))
    doubtful = [given for given in givens if not is_known(given) and given not in filtered]
    silent = still_open(doubtful) or (still_open(backups) if filtered else "")
    return inconclusive(RULE, silent) if silent else conclude(RULE, [])
