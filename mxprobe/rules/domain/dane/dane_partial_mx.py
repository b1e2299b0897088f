"""Some MX hosts have TLSA records, others have none.

What it sees. Secure and usable TLSA records of one MX host, and none, or none that is secure, of another.
Why it matters. Whoever blocks the host with records steers the mail to the one without, where TLS can be stripped.
Example. The backup was forgotten:
    example.test MX 10 mx1.example.test
    example.test MX 20 mx2.example.test
    mx1.example.test A 192.0.2.1
    mx2.example.test A 192.0.2.2
    _25._tcp.mx1.example.test TLSA 3 1 1 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff
    _25._tcp.mx2.example.test TLSA NXDOMAIN
    validated mx1.example.test A
    validated _25._tcp.mx1.example.test TLSA
    validated mx2.example.test A
What to do. Publish TLSA records for every MX host, the backup included.
Standards. RFC 7672 §2.2.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.once import once
from mxprobe.mx.promise import Promise, PromiseKind
from mxprobe.rules.domain.dane.reading import if_signed, left_open, promises_of, shown_at
from mxprobe.rules.pasting import tlsa_records
from mxprobe.rules.rule import Behind, Rule, Words, decide, finding

RULE = Rule(
    code="MX757",
    name="dane-partial-mx",
    severity=Severity.WARNING,
    references=("RFC 7672 §2.2",),
    behind=(Behind.MX, Behind.TLSA),
)

_LACKS = (PromiseKind.NONE, PromiseKind.INSECURE)


@once
def find(snapshot: Snapshot) -> Judgement:
    """One finding for all hosts without records, where another has them."""
    promises = promises_of(snapshot)
    having = [promise.host for promise in promises.values() if promise.kind is PromiseKind.USABLE]
    lacking = [promise.host for promise in promises.values() if promise.kind in _LACKS]
    unnamed = [promise.host for promise in promises.values() if promise.kind is PromiseKind.NONE]
    found = []
    if having and lacking:
        words = Words(
            says=f"MX hosts with TLSA records that count stand beside others without: {', '.join(lacking)}",
            about=tuple(lacking[1:]),
            seen=(*(_line(promise) for promise in promises.values()), *if_signed(snapshot)),
            means=f"Whoever blocks {', '.join(having)} steers mail to the others, where TLS can be stripped.",
            do=f"Publish TLSA records for {', '.join(lacking)}.",
            paste=tuple(line for host in unnamed for line in _promised(snapshot, host)),
        )
        found.append(finding(RULE, lacking[0], words))
    return decide(RULE, found, left_open(snapshot))


_WORDS = {
    PromiseKind.NONE: "none",
    PromiseKind.INSECURE: "not secure",
    PromiseKind.USABLE: "secure and usable",
    PromiseKind.UNUSABLE: "secure, none usable",
    PromiseKind.FAILED: "the lookup fails",
    PromiseKind.UNKNOWN: "not known",
}


def _line(promise: Promise) -> str:
    return f"TLSA of {promise.host}: {_WORDS[promise.kind]}"


def _promised(snapshot: Snapshot, host: str) -> tuple[str, ...]:
    """The records of what a host shows; they count where its zone is signed."""
    return tlsa_records(snapshot, f"_25._tcp.{host}", shown_at(snapshot, host))
