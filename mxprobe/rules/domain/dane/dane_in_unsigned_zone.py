"""An MX host has TLSA records that no sender may trust.

What it sees. TLSA records of a host, where they or the host's addresses are not secure: a zone is not signed, or the
one above it does not say so.
Why it matters. Senders ignore them: the host is as one without DANE.
Example. The zone of the host lost its DS record:
    example.test MX 10 mx1.example.test
    mx1.example.test A 192.0.2.1
    192.0.2.1 "220 mx1.example.test ESMTP" "250-mx1.example.test" "250 STARTTLS"
    192.0.2.1 certificate valid
    _25._tcp.mx1.example.test TLSA 3 1 1 of 192.0.2.1
    insecure mx1.example.test A
    insecure _25._tcp.mx1.example.test TLSA
What to do. Sign the zone, and have its DS record published; or take the TLSA records away.
Standards. RFC 7672 §2.2, §1.3.2.
"""

from mxprobe.facts.dns import Security
from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.policies import security_of_chain
from mxprobe.mx.promise import PromiseKind
from mxprobe.rules.domain.dane.reading import left_open, promises_of, record_lines
from mxprobe.rules.rule import Behind, Rule, Words, decide, finding

RULE = Rule(
    code="MX753",
    name="dane-in-unsigned-zone",
    severity=Severity.WARNING,
    covers=("MX757", "MX504", "MX502"),
    references=("RFC 7672 §2.2", "RFC 7672 §1.3.2"),
    behind=(Behind.TLSA,),
)


def find(snapshot: Snapshot) -> Judgement:
    """A finding for each host."""
    promises = promises_of(snapshot)
    is_unsigned = security_of_chain(snapshot) is Security.INSECURE
    found = []
    for promise in promises.values():
        if promise.kind is not PromiseKind.INSECURE:
            continue
        words = Words(
            says=f"the TLSA records of {promise.host} are not secure",
            about=(snapshot.domain,) if is_unsigned and f".{promise.host}".endswith(f".{snapshot.domain}") else (),
            seen=record_lines(promise),
            means=f"No sender uses them: {promise.host} is as one without DANE.",
            do="Sign the zone and have its DS record published, or take the TLSA records away.",
        )
        found.append(finding(RULE, promise.host, words))
    unknown = left_open(snapshot)
    if snapshot.zone is not None and any(promise.kind.owes_tls for promise in promises.values()):
        unknown.append("whether the zone will be signed its file does not tell")
    return decide(RULE, found, unknown)
