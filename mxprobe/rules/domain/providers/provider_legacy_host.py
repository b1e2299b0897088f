"""An MX host has a name that its provider calls outdated.

What it sees. A name of a provider's former setup, which it still serves.
Why it matters. It works today. Names of former setups are switched off first, and seldom with much notice.
Example. Records from an old guide:
    example.test MX 1 aspmx.l.google.com
    example.test MX 10 aspmx2.googlemail.com
    aspmx.l.google.com A 192.0.2.1
    aspmx2.googlemail.com A 192.0.2.2
What to do. Publish the names that the provider prescribes today.
Standards. RFC 5321 §5.1.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.rules.domain.chain.reading import NO_ANSWER
from mxprobe.rules.domain.providers.reading import line_of, names_of, providers_in, published
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive

RULE = Rule(
    code="MX903",
    name="provider-legacy-host",
    severity=Severity.INFO,
    covers=("MX900", "MX901"),
    references=("RFC 5321 §5.1",),
)


def find(snapshot: Snapshot) -> Judgement:
    """One finding, with every such host."""
    parties = published(snapshot)
    if parties is None:
        return inconclusive(RULE, NO_ANSWER)
    old = tuple(party for party in parties if party.known is not None and party.known.legacy)
    if not old:
        return conclude(RULE, [])
    words = Words(
        says=f"{names_of(old)} is an outdated name of {providers_in(old)}",
        about=tuple(party.host for party in old),
        seen=tuple(map(line_of, old)),
        means="It works as long as the provider keeps it.",
        do="Publish the names that the provider prescribes today.",
    )
    return conclude(RULE, [finding(RULE, snapshot.domain, words)])
