"""An MX record has an address where a host's name belongs.

What it sees. The name in an MX record is an IPv4 or IPv6 address, bare or in brackets.
Why it matters. It is looked up as a name, and no such name exists: senders pass over the record. Where no other host is
left, mail bounces (MX204).
Example. An address was typed into the field for the host:
    example.test MX 10 mx1.example.test
    mx1.example.test A 192.0.2.1
    example.test MX 20 192.0.2.2
What to do. Give the host a name with an address record, and let the MX record name it.
Standards. RFC 1035 §3.3.9; RFC 5321 §5.1.
"""

import ipaddress

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.names import is_address
from mxprobe.facts.snapshot import Snapshot
from mxprobe.rules.domain.chain.reading import NO_ANSWER, line_of, records_of
from mxprobe.rules.domain.reading import unique
from mxprobe.rules.pasting import mx_now, mx_records
from mxprobe.rules.pasting import record as line
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive

RULE = Rule(
    code="MX110",
    name="mx-target-is-ip-address",
    severity=Severity.ERROR,
    references=("RFC 1035 §3.3.9", "RFC 5321 §5.1"),
)


def find(snapshot: Snapshot) -> Judgement:
    """A finding for each such record."""
    records = records_of(snapshot)
    if records is None:
        return inconclusive(RULE, NO_ANSWER)
    addresses = [record for record in records if is_address(record.exchange)]
    found = []
    for record in addresses:
        named = f"mx{record.preference}.{snapshot.domain}"
        others = (one for one in mx_now(snapshot) if one[1] != record.exchange)
        words = Words(
            says=f"an MX record of {snapshot.domain} has the address {record.exchange} in place of a host's name",
            seen=(line_of(record),),
            means="Senders pass over it.",
            do=f"Give the host a name, and publish: {snapshot.domain}. 3600 IN MX {record.preference} NAME.",
            paste=(*mx_records(snapshot, (*others, (record.preference, named))), *_address(named, record.exchange)),
        )
        found.append(finding(RULE, record.exchange, words))
    return conclude(RULE, unique(found))


def _address(name: str, text: str) -> tuple[str, ...]:
    """The address record of the host that is to be named; any name that is free will do."""
    address = ipaddress.ip_address(text.strip("[]").removeprefix("IPv6:").removeprefix("ipv6:"))
    return (
        f"; {name} stands for any name that is free",
        line(name, "A" if address.version == 4 else "AAAA", str(address)),
    )
