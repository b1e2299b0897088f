"""The MX hosts are those of a provider that we know.

What it sees. All hosts of a preference are one operator's, by the names that it tells its customers to publish.
Why it matters. It is no fault. It says which table the other rules went by, and on what that rests: documented by the
provider, observed, or remembered.
Example. Mailboxes at a provider:
    example.test MX 10 in1-smtp.messagingengine.com
    example.test MX 20 in2-smtp.messagingengine.com
    in1-smtp.messagingengine.com A 192.0.2.1
    in2-smtp.messagingengine.com A 192.0.2.2
What to do. Nothing. `mxprobe explain fastmail` shows what is known of a provider.
Standards. RFC 5321 §5.1.
"""

from itertools import groupby

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.rules.domain.chain.reading import NO_ANSWER
from mxprobe.rules.domain.providers.reading import line_of, providers_in, published
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive

RULE = Rule(code="MX900", name="provider-identified", severity=Severity.INFO, references=("RFC 5321 §5.1",))


def find(snapshot: Snapshot) -> Judgement:
    """One finding, with every preference that is one operator's."""
    parties = published(snapshot)
    if parties is None:
        return inconclusive(RULE, NO_ANSWER)
    tiers = [tuple(group) for _, group in groupby(parties, key=lambda party: party.preference)]
    whole = [tier for tier in tiers if tier[0].operator is not None and len({party.operator for party in tier}) == 1]
    if not whole:
        return conclude(RULE, [])
    hosts = [party for tier in whole for party in tier]
    first = [party for party in hosts if party.preference == parties[0].preference]
    others = {party.operator for party in hosts} - {party.operator for party in first}
    behind = [party for party in hosts if party.operator in others]
    says = [f"mail of {snapshot.domain} comes in at {providers_in(first)}"] if first else []
    says += [f"worse preferences lead to {providers_in(behind)}"] if behind else []
    words = Words(says="; ".join(says), seen=tuple(map(line_of, hosts)))
    return conclude(RULE, [finding(RULE, snapshot.domain, words)])
