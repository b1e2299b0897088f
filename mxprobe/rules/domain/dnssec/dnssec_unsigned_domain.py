"""The domain is not signed.

What it sees. The MX answer is proven to be insecure: on the way to the domain a zone has no DS record, or one that
nobody can follow.
Why it matters. Whoever can forge answers on the way to a sender's resolver leads mail astray, and DANE cannot protect
the hosts.
Example. A domain without signatures, asked through a resolver that validates:
    example.test MX 10 mx1.example.test
    insecure example.test MX not-signed: the zone above proves that it has none
What to do. Sign the zone, and have its DS record published. That stops forged answers; it does not stop those who can
edit the zone.
Standards. RFC 4033 §3, §4.
"""

from mxprobe.facts.dns import Security
from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.rules.domain.dnssec.reading import goes_with, why_unknown, words_of
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive

RULE = Rule(
    code="MX502",
    name="dnssec-unsigned-domain",
    severity=Severity.INFO,
    covers=("MX504",),
    references=("RFC 4033 §3", "RFC 4033 §4"),
)


def find(snapshot: Snapshot) -> Judgement:
    """One finding; hosts that are unsigned for the same reason belong to it."""
    words = words_of(snapshot)
    mx = words.mx
    if mx.security is Security.UNKNOWN:
        return inconclusive(RULE, why_unknown(snapshot, mx))
    if mx.security is not Security.INSECURE:
        return conclude(RULE, [])
    hosts = [
        host
        for host, said in words.hosts.items()
        if any(one.security is Security.INSECURE and goes_with(mx, one, snapshot.domain) for one in said)
    ]
    told = Words(
        says=f"{snapshot.domain} is not signed (DNSSEC)",
        about=tuple(hosts),
        seen=(mx.evidence,),
        means="A forged MX answer is not noticed, and DANE protects nobody.",
        do="Sign the zone, and have its DS record published.",
    )
    return conclude(RULE, [finding(RULE, snapshot.domain, told)])
