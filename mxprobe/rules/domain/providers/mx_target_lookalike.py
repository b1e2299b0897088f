"""The domain of an MX host is written almost like the domain itself, or like a provider's.

What it sees. The registered part of a host's name is one letter away from the domain's own or from that of a provider
whose hosts we know; two letters, where the name is long. Short names, hyphens, numbers and other top-level domains are
no likeness, and what --expect approves is none either.
Why it matters. It is a typing error, and mail goes to whoever registers the name; or it was done on purpose.
Example. Two letters were exchanged:
    example.test MX 10 mx1.example.test
    example.test MX 20 in2-smtp.messagingegnine.com
    mx1.example.test A 192.0.2.1
    in2-smtp.messagingegnine.com A 192.0.2.2
What to do. Compare the record with what was meant. If nobody of yours wrote it, change the keys of the DNS account.
Standards. RFC 5321 §5.1.
"""

from mxprobe.facts.beside import Beside
from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.expected import is_expected_host
from mxprobe.mx.lookalike import likeness_of
from mxprobe.rules.domain.chain.reading import NO_ANSWER, line_of, named_hosts, records_of
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive

RULE = Rule(code="MX524", name="mx-target-lookalike", severity=Severity.WARNING, references=("RFC 5321 §5.1",))

_MOST = 50
"""So many hosts are compared: nobody has more, and a hostile zone could."""


def find_beside(snapshot: Snapshot, beside: Beside) -> Judgement:
    """A finding for each such host that nobody approved."""
    records = records_of(snapshot)
    if records is None:
        return inconclusive(RULE, NO_ANSWER)
    found = []
    for host, record in list(named_hosts(records).items())[:_MOST]:
        like = likeness_of(host, snapshot.domain)
        if like is None or (beside.approved is not None and is_expected_host(host, beside.approved)):
            continue
        words = Words(
            says=f"the MX host {host} is in {like.domain}, which is written almost like {like.like}",
            seen=(line_of(record), f"letters that differ: {like.distance}"),
            means=f"If {like.like} was meant, mail goes to whoever has {like.domain}.",
            do="Compare the record with what was meant; if nobody of you wrote it, change the keys of the DNS account.",
        )
        found.append(finding(RULE, host, words))
    return conclude(RULE, found)
