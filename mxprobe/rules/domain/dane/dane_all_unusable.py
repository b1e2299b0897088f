"""An MX host has TLSA records, none of which mail can use.

What it sees. Secure TLSA records of a host, none with usage 2 or 3, selector 0 or 1, matching type 0, 1 or 2 and data
of the right length.
Why it matters. Senders that use DANE demand TLS here, and cannot know whom they speak with.
Example. A record was written as for a web server:
    example.test MX 10 mx1.example.test
    mx1.example.test A 192.0.2.1
    192.0.2.1 "220 mx1.example.test ESMTP" "250-mx1.example.test" "250 STARTTLS"
    192.0.2.1 certificate valid
    _25._tcp.mx1.example.test TLSA 1 1 1 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff
    validated mx1.example.test A
    validated _25._tcp.mx1.example.test TLSA
What to do. Publish a record 3 1 1, the SHA-256 of the host's key.
Standards. RFC 7672 §2.2, §3.1.3.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.promise import PromiseKind
from mxprobe.rules.domain.dane.reading import if_signed, left_open, name_of, promises_of, record_lines, shown_at
from mxprobe.rules.pasting import tlsa_records
from mxprobe.rules.rule import Behind, Rule, Words, decide, finding

RULE = Rule(
    code="MX754",
    name="dane-all-unusable",
    severity=Severity.WARNING,
    covers=("MX755",),
    references=("RFC 7672 §2.2", "RFC 7672 §3.1.3"),
    behind=(Behind.TLSA,),
)


def find(snapshot: Snapshot) -> Judgement:
    """A finding for each host."""
    promises = promises_of(snapshot)
    found = []
    for promise in promises.values():
        if promise.kind is not PromiseKind.UNUSABLE:
            continue
        words = Words(
            says=f"no TLSA record of {promise.host} is one that mail can use",
            seen=(*record_lines(promise), *if_signed(snapshot)),
            means="Senders that use DANE demand TLS of it, and cannot know whom they speak with.",
            do="Publish a record 3 1 1, the SHA-256 of the host's key.",
            paste=tlsa_records(snapshot, name_of(promise), shown_at(snapshot, promise.host)),
        )
        found.append(finding(RULE, promise.host, words))
    return decide(RULE, found, left_open(snapshot))
