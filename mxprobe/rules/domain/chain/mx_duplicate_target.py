"""One host stands in several MX records.

What it sees. The same name in two or more records.
Why it matters. Only its best preference counts: the other records are no further way, though they look like one, and a
relay that looks for itself in the list to avoid loops may take the wrong one.
Example. The backup is the primary once more:
    example.test MX 10 mx1.example.test
    example.test MX 20 mx1.example.test
    mx1.example.test A 192.0.2.1
What to do. Keep one record for each host.
Standards. RFC 5321 §5.1.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.rules.domain.chain.reading import NO_ANSWER, line_of, named_hosts, records_of
from mxprobe.rules.pasting import mx_now, mx_records
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive

RULE = Rule(code="MX113", name="mx-duplicate-target", severity=Severity.WARNING, references=("RFC 5321 §5.1",))


def find(snapshot: Snapshot) -> Judgement:
    """A finding for each host with several records."""
    records = records_of(snapshot)
    if records is None:
        return inconclusive(RULE, NO_ANSWER)
    found = []
    for name in named_hosts(records):
        own = [record for record in records if record.exchange == name]
        if len(own) < 2:
            continue
        best = (own[0].preference, name)
        words = Words(
            says=f"{name} stands in {len(own)} MX records",
            seen=tuple(line_of(record) for record in own),
            means=f"Senders use it at preference {own[0].preference}; the other records add no way.",
            do=f"Keep {snapshot.domain}. MX {own[0].preference} {name}. alone.",
            paste=mx_records(snapshot, (one for one in mx_now(snapshot) if one[1] != name or one == best)),
        )
        found.append(finding(RULE, name, words))
    return conclude(RULE, found)
