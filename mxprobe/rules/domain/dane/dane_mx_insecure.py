"""MX hosts have TLSA records, and the domain's MX records are not secure.

What it sees. Secure and usable TLSA records of an MX host, and MX records of the domain that are not secure.
Why it matters. Whoever forges the MX records leads senders to another host; some senders use the records all the same.
Example. The provider signs its zone, the domain does not:
    example.test MX 10 mx1.example.test
    mx1.example.test A 192.0.2.1
    _25._tcp.mx1.example.test TLSA 3 1 1 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff
    insecure example.test MX
    secure mx1.example.test A
    secure _25._tcp.mx1.example.test TLSA
What to do. Sign the domain's zone, and have its DS record published.
Standards. RFC 7672 §2.2.1.
"""

from mxprobe.facts.dns import Security
from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.policies import security_of_chain
from mxprobe.mx.promise import PromiseKind
from mxprobe.rules.domain.dane.reading import left_open, promises_of
from mxprobe.rules.rule import Rule, Words, conclude, decide, finding

RULE = Rule(
    code="MX759",
    name="dane-mx-insecure",
    severity=Severity.INFO,
    covers=("MX502",),
    references=("RFC 7672 §2.2.1",),
)


def find(snapshot: Snapshot) -> Judgement:
    """One finding for the domain."""
    promises = promises_of(snapshot)
    having = [promise.host for promise in promises.values() if promise.kind is PromiseKind.USABLE]
    security = security_of_chain(snapshot)
    unknown = left_open(snapshot)
    if having and security is Security.UNKNOWN:
        unknown.append("whether the MX records are secure is not known")
    if not having or security is not Security.INSECURE:
        return decide(RULE, [], unknown)
    words = Words(
        says=f"the MX records of {snapshot.domain} are not secure, and the TLSA records of its hosts are",
        seen=(f"secure TLSA records: {', '.join(having)}",),
        means="Whoever forges the MX records leads senders to another host.",
        do=f"Sign the zone of {snapshot.domain}, and have its DS record published.",
    )
    return conclude(RULE, [finding(RULE, snapshot.domain, words)])
