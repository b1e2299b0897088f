"""An MX record has an address where a host's name belongs.

What it sees. The name in an MX record is an IPv4 or IPv6 address, bare or in brackets.
Why it matters. It is looked up as a name, and no such name exists: senders pass over the record. Where it is the only
one, mail bounces.
Example. An address was typed into the field for the host:
    example.test MX 10 192.0.2.1
What to do. Give the host a name with an address record, and let the MX record name it.
Standards. RFC 1035 §3.3.9; RFC 5321 §5.1.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.names import is_address
from mxprobe.facts.snapshot import Snapshot
from mxprobe.rules.domain.chain.reading import NO_ANSWER, line_of, records_of
from mxprobe.rules.domain.reading import unique
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive

RULE = Rule(
    code="MX110",
    name="mx-target-is-ip-address",
    severity=Severity.ERROR,
    covers=("MX204",),
    references=("RFC 1035 §3.3.9", "RFC 5321 §5.1"),
)


def find(snapshot: Snapshot) -> Judgement:
    """A finding for each such record; where there is no other, that the domain takes no mail follows from it."""
    records = records_of(snapshot)
    if records is None:
        return inconclusive(RULE, NO_ANSWER)
    addresses = [record for record in records if is_address(record.exchange)]
    alone = len(addresses) == len(records)
    found = []
    for record in addresses:
        words = Words(
            says=f"an MX record of {snapshot.domain} has the address {record.exchange} in place of a host's name",
            about=(snapshot.domain,) if alone else (),
            seen=(line_of(record),),
            means="No MX host can be used: mail bounces." if alone else "Senders pass over it.",
            do=f"Give the host a name, and publish: {snapshot.domain}. 3600 IN MX {record.preference} NAME.",
        )
        found.append(finding(RULE, record.exchange, words))
    return conclude(RULE, unique(found))
