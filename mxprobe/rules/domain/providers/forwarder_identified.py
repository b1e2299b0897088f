"""Mail is forwarded by a service that we know.

What it sees. The hosts of the best preference are a forwarder's: it has no mailboxes for the domain, and hands mail on.
Why it matters. It is no fault. What a forwarder hands on comes from its own addresses: SPF of the writer fails at the
destination unless the forwarder writes the sender anew, and DKIM holds only where nothing was changed.
Example. A forwarder alone:
    example.test MX 10 mx1.improvmx.com
    example.test MX 20 mx2.improvmx.com
    mx1.improvmx.com A 192.0.2.1
    mx2.improvmx.com A 192.0.2.2
What to do. Nothing.
Standards. RFC 5321 §3.9.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.providers import Role
from mxprobe.mx.providers.published import best_of
from mxprobe.rules.domain.chain.reading import NO_ANSWER
from mxprobe.rules.domain.providers.reading import line_of, of_role, providers_in, published
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive

RULE = Rule(
    code="MX920",
    name="forwarder-identified",
    severity=Severity.INFO,
    covers=("MX900",),
    references=("RFC 5321 §3.9",),
)


def find(snapshot: Snapshot) -> Judgement:
    """One finding for the domain."""
    parties = published(snapshot)
    if parties is None:
        return inconclusive(RULE, NO_ANSWER)
    best = best_of(parties) if parties else ()
    forwarders = of_role(best, Role.FORWARDER)
    if not forwarders or len(forwarders) < len(best):
        return conclude(RULE, [])
    operators = {party.operator for party in forwarders}
    hosts = tuple(party for party in of_role(parties, Role.FORWARDER) if party.operator in operators)
    words = Words(
        says=f"mail of {snapshot.domain} is forwarded by {providers_in(hosts)}",
        seen=tuple(map(line_of, hosts)),
        means="Where it goes, no MX record says.",
    )
    return conclude(RULE, [finding(RULE, snapshot.domain, words)])
