"""The signatures over an MX host's records do not hold.

What it sees. The answer about the host's addresses, or about its TLSA records, fails validation.
Why it matters. Senders whose resolver validates pass over the host, or wait; those that do DANE always wait.
Example. The zone of a provider was signed with a key that it does not publish:
    example.test MX 10 mx1.provider.test
    mx1.provider.test A 192.0.2.1
    secure example.test MX
    bogus mx1.provider.test A wrong-key: the signature of provider.test/1 is of no key that the zone has
What to do. Have the operator of the host's zone sign it again.
Standards. RFC 4035 §5.5; RFC 7672 §2.1.2.
"""

from mxprobe.facts.dns import Security
from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.rules.domain.dnssec.reading import why_unknown, words_of
from mxprobe.rules.domain.reading import chain_of, not_resolved
from mxprobe.rules.rule import Rule, Words, conclude, decide, finding, inconclusive

RULE = Rule(
    code="MX503",
    name="dnssec-bogus-mx-target",
    severity=Severity.ERROR,
    covers=("MX203", "MX758"),
    references=("RFC 4035 §5.5", "RFC 7672 §2.1.2"),
)


def find(snapshot: Snapshot) -> Judgement:
    """A finding for each host with such an answer; an answer of which nothing is known leaves it open."""
    words = words_of(snapshot)
    if not words.hosts:
        reason = not_resolved(chain_of(snapshot))
        return inconclusive(RULE, reason) if reason else conclude(RULE, [])
    found, unknown = [], list[str]()
    for host, said in words.hosts.items():
        bogus = [one for one in said if one.security is Security.BOGUS]
        unknown += [why_unknown(snapshot, one) for one in said if one.security is Security.UNKNOWN]
        if bogus:
            told = Words(
                says=f"the DNSSEC signatures over the records of {host} do not hold",
                seen=tuple(dict.fromkeys(one.evidence for one in bogus)),
                means=f"Senders whose resolver validates pass over {host}, or wait.",
                do=f"Have the operator of the zone of {host} sign it again.",
            )
            found.append(finding(RULE, host, told))
    return decide(RULE, found, unknown[:4])
