"""The name servers of an MX host do not answer for its TLSA records.

What it sees. The host's addresses are secure, and the question for its TLSA records ends in SERVFAIL, a bogus answer,
or none.
Why it matters. Senders that use DANE may not deliver to the host until they get an answer: records may be hidden.
Example. A name server that does not know the type:
    example.test MX 10 mx1.example.test
    mx1.example.test A 192.0.2.1
    _25._tcp.mx1.example.test TLSA SERVFAIL
    validated mx1.example.test A
What to do. Mend the name server, or the firewall before it: also where there are no records it has to say so.
Standards. RFC 7672 §2.1.2, §2.2.
"""

from mxprobe.facts.dns import AnswerStatus
from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.promise import PromiseKind
from mxprobe.rules.domain.dane.reading import left_open, promises_of
from mxprobe.rules.rule import Rule, Words, decide, finding, inconclusive

RULE = Rule(
    code="MX758",
    name="dane-lookup-fails",
    severity=Severity.ERROR,
    references=("RFC 7672 §2.1.2", "RFC 7672 §2.2"),
)

_PERHAPS_HERE = (AnswerStatus.TIMEOUT, AnswerStatus.MALFORMED)
"""What may lie with the way to our resolver: a warning."""


def find(snapshot: Snapshot) -> Judgement:
    """A finding for each host."""
    promises = promises_of(snapshot)
    if snapshot.zone is not None and promises:
        return inconclusive(RULE, "a zone file was read; how its servers answer shows when it is published")
    found = []
    for promise in promises.values():
        if promise.kind is not PromiseKind.FAILED or promise.question is None:
            continue
        words = Words(
            says=f"the lookup of the TLSA records of {promise.host} fails",
            seen=(f"{promise.question.name} TLSA: {promise.why}",),
            means=f"Senders that use DANE do not deliver to {promise.host} while that lasts.",
            do="Mend the name server or the firewall before it; where there are no records it has to say so.",
        )
        severity = Severity.WARNING if promise.status in _PERHAPS_HERE else None
        found.append(finding(RULE, promise.host, words, severity))
    return decide(RULE, found, left_open(snapshot))
