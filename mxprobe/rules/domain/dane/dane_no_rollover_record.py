"""An MX host has one TLSA record, so that its next key comes with a gap.

What it sees. Exactly one usable record among a host's secure TLSA records, and that is of the host itself (usage 3).
Why it matters. Whoever changes the key has to change the record at the same moment, and caches keep the old one.
Example. One record:
    example.test MX 10 mx1.example.test
    mx1.example.test A 192.0.2.1
    192.0.2.1 "220 mx1.example.test ESMTP" "250-mx1.example.test" "250 STARTTLS"
    192.0.2.1 certificate valid
    _25._tcp.mx1.example.test TLSA 3 1 1 of 192.0.2.1
    validated mx1.example.test A
    validated _25._tcp.mx1.example.test TLSA
What to do. Publish the digest of the next key beside it, or a record 2 1 1 of the authority.
Standards. RFC 7671 §8.1, §8.4.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.dane import DANE_EE
from mxprobe.rules.domain.dane.reading import if_signed, left_open, promises_of, record_lines
from mxprobe.rules.rule import Behind, Rule, Words, decide, finding

RULE = Rule(
    code="MX756",
    name="dane-no-rollover-record",
    severity=Severity.INFO,
    references=("RFC 7671 §8.1", "RFC 7671 §8.4"),
    behind=(Behind.TLSA,),
)


def find(snapshot: Snapshot) -> Judgement:
    """A finding for each host."""
    promises = promises_of(snapshot)
    found = []
    for promise in promises.values():
        usable = [record for record in promise.records if record.is_usable]
        if not promise.kind.owes_tls or len(usable) != 1 or usable[0].usage != DANE_EE:
            continue
        words = Words(
            says=f"{promise.host} has one TLSA record, and none for its next key",
            seen=(*record_lines(promise), *if_signed(snapshot)),
            means="A change of the key keeps the mail of DANE senders waiting until caches have the new record.",
            do="Publish the digest of the next key beside it, or a record 2 1 1 of the authority.",
        )
        found.append(finding(RULE, promise.host, words))
    return decide(RULE, found, left_open(snapshot))
