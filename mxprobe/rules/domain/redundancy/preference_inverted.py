"""A host that is called a backup has the best preference.

What it sees. All hosts of the best preference are called backups, by a label of their names (backup, fallback, fb,
secondary, mxbak) or by their provider's pages, and a worse preference has a host that is not.
Why it matters. The lower number is tried first: all mail takes the way that was meant for an outage.
Example. The numbers were taken for marks, the higher the better:
    example.test MX 10 backup.example.test
    example.test MX 20 mx1.example.test
    backup.example.test A 192.0.2.2
    mx1.example.test A 192.0.2.1
What to do. Exchange the numbers, or the name where the order is meant.
Standards. RFC 5321 §5.1; RFC 1035 §3.3.9.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.providers import has_order, is_named_fallback
from mxprobe.rules.domain.chain.reading import NO_ANSWER, line_of, named_hosts, records_of
from mxprobe.rules.pasting import mx_now, mx_records
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive

RULE = Rule(
    code="MX311",
    name="preference-inverted",
    severity=Severity.WARNING,
    covers=("MX902",),
    references=("RFC 5321 §5.1", "RFC 1035 §3.3.9"),
)


def find(snapshot: Snapshot) -> Judgement:
    """One finding for the set: names are all that it goes by, whether the hosts answer or not."""
    records = records_of(snapshot)
    if records is None:
        return inconclusive(RULE, NO_ANSWER)
    hosts = named_hosts(records)
    best = min((record.preference for record in hosts.values()), default=0)
    first = [name for name, record in hosts.items() if record.preference == best]
    main = [name for name in hosts if name not in first and not is_named_fallback(name, snapshot.domain)]
    if not main or not all(is_named_fallback(name, snapshot.domain) for name in first):
        return conclude(RULE, [])
    if not all(has_order(name) for name in hosts):
        return conclude(RULE, [])
    words = Words(
        says=f"{', '.join(first)} is called a backup, and is tried before {', '.join(main)}",
        about=tuple(first),
        seen=tuple(line_of(record) for record in hosts.values()),
        means="All mail takes the way that was meant for an outage.",
        do="Exchange the preference numbers: the lower one is tried first.",
        paste=_exchanged(snapshot),
    )
    return conclude(RULE, [finding(RULE, snapshot.domain, words)])


def _exchanged(snapshot: Snapshot) -> tuple[str, ...]:
    """The records with their numbers exchanged, where there are two; of more nobody knows how they are meant."""
    numbers = sorted({number for number, _ in mx_now(snapshot)})
    if len(numbers) != 2:
        return ()
    return mx_records(snapshot, ((numbers[number == numbers[0]], host) for number, host in mx_now(snapshot)))
