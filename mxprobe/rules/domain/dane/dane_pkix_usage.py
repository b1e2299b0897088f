"""A TLSA record of an MX host has a usage that mail does not know.

What it sees. Secure TLSA records of a host, some with usage 0 or 1, which lean on public authorities.
Why it matters. Mail has no list of authorities that all share: senders pass over such records.
Example. A record for a public authority beside the right one:
    example.test MX 10 mx1.example.test
    mx1.example.test A 192.0.2.1
    192.0.2.1 "220 mx1.example.test ESMTP" "250-mx1.example.test" "250 STARTTLS"
    192.0.2.1 certificate valid
    _25._tcp.mx1.example.test TLSA 3 1 1 of 192.0.2.1
    _25._tcp.mx1.example.test TLSA 0 1 1 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff
    validated mx1.example.test A
    validated _25._tcp.mx1.example.test TLSA
What to do. Replace usage 1 by 3 and usage 0 by 2, the latter with the authority's certificate in the chain.
Standards. RFC 7672 §3.1.3.
"""

from msgspec.structs import replace

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.dane import TlsaRecord
from mxprobe.rules.domain.dane.reading import if_signed, left_open, name_of, promises_of, record_lines
from mxprobe.rules.pasting import tlsa_records
from mxprobe.rules.rule import Behind, Rule, Words, decide, finding

RULE = Rule(
    code="MX755",
    name="dane-pkix-usage",
    severity=Severity.WARNING,
    references=("RFC 7672 §3.1.3",),
    behind=(Behind.TLSA,),
)


def find(snapshot: Snapshot) -> Judgement:
    """A finding for each host."""
    promises = promises_of(snapshot)
    found = []
    for promise in promises.values():
        if not promise.kind.owes_tls or not any(record.usage in (0, 1) for record in promise.records):
            continue
        words = Words(
            says=f"{promise.host} has TLSA records with a usage that mail does not know",
            seen=(*record_lines(promise), *if_signed(snapshot)),
            means="Senders pass over them.",
            do="Replace usage 1 by 3, and usage 0 by 2.",
            paste=tlsa_records(snapshot, name_of(promise), (str(_mended(record)) for record in promise.records)),
        )
        found.append(finding(RULE, promise.host, words))
    return decide(RULE, found, left_open(snapshot))


def _mended(record: TlsaRecord) -> TlsaRecord:
    """The record with the usage that mail knows."""
    return replace(record, usage={0: 2, 1: 3}.get(record.usage, record.usage))
