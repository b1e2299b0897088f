"""An MX host's zone is not signed.

What it sees. The answer about the host's addresses is proven to be insecure, while the domain itself is signed.
Why it matters. DANE cannot protect the host: senders look at TLSA records only where addresses and records are signed.
Example. A signed domain whose host is a provider's:
    example.test MX 10 mx1.provider.test
    mx1.provider.test A 192.0.2.1
    secure example.test MX
    insecure mx1.provider.test A not-signed: the zone above proves that it has none
What to do. Ask the host's operator for names in a signed zone.
Standards. RFC 7672 §2.2.
"""

from mxprobe.facts.dns import RecordType, Security
from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.rules.domain.dnssec.reading import why_unknown, words_of
from mxprobe.rules.domain.reading import chain_of, not_resolved
from mxprobe.rules.rule import Rule, Words, conclude, decide, finding, inconclusive

RULE = Rule(code="MX504", name="dnssec-unsigned-mx-target", severity=Severity.INFO, references=("RFC 7672 §2.2",))


def find(snapshot: Snapshot) -> Judgement:
    """A finding for each host whose addresses are not signed."""
    words = words_of(snapshot)
    if not words.hosts:
        reason = not_resolved(chain_of(snapshot))
        return inconclusive(RULE, reason) if reason else conclude(RULE, [])
    found, unknown = [], list[str]()
    for host, said in words.hosts.items():
        addresses = [one for one in said if one.is_found and one.question.rrtype is not RecordType.TLSA]
        insecure = [one for one in addresses if one.security is Security.INSECURE]
        if not insecure:
            unknown += [why_unknown(snapshot, one) for one in addresses if one.security is Security.UNKNOWN]
            continue
        told = Words(
            says=f"the addresses of the MX host {host} are not signed (DNSSEC)",
            seen=tuple(dict.fromkeys(one.evidence for one in insecure)),
            means=f"DANE cannot protect {host}.",
            do=f"Ask the operator of {host} for a name in a signed zone.",
        )
        found.append(finding(RULE, host, told))
    return decide(RULE, found, unknown[:4])
