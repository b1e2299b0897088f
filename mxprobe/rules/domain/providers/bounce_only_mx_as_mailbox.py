"""An MX host takes nothing but bounces.

What it sees. A host that a provider documents for return paths, in the MX records of a domain that has a zone of its
own, or at which a recipient was asked for. At a sub-domain that nobody writes to, that is as it should be. Behind hosts
that take mail it is a warning.
Why it matters. Mail for people is refused there.
Example. The record of the return path was added to the domain itself:
    example.test MX 10 feedback-smtp.eu-west-1.amazonses.com
    feedback-smtp.eu-west-1.amazonses.com A 192.0.2.1
What to do. Publish the hosts of the provider that has the mailboxes; leave return paths to a sub-domain.
Standards. RFC 5321 §5.1.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.authorities import zone_of
from mxprobe.mx.once import known_answers
from mxprobe.mx.providers import Role
from mxprobe.mx.providers.published import best_of
from mxprobe.rules.domain.chain.reading import NO_ANSWER
from mxprobe.rules.domain.providers.reading import is_remembered, line_of, names_of, of_role, providers_in, published
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive

RULE = Rule(
    code="MX910",
    name="bounce-only-mx-as-mailbox",
    severity=Severity.ERROR,
    covers=("MX900",),
    references=("RFC 5321 §5.1",),
)


def find(snapshot: Snapshot) -> Judgement:
    """One finding, with every such host."""
    parties = published(snapshot)
    if parties is None:
        return inconclusive(RULE, NO_ANSWER)
    bounces = of_role(parties, Role.BOUNCE)
    if not bounces:
        return conclude(RULE, [])
    zone = zone_of(snapshot.domain, known_answers(snapshot))
    is_top = snapshot.domain.count(".") <= 1 or zone.name == snapshot.domain
    if not is_top and not snapshot.recipients:
        unknown = not zone.name and len(bounces) < len(parties)
        return inconclusive(RULE, f"whether people have mail at {snapshot.domain}") if unknown else conclude(RULE, [])
    best = best_of(parties)
    words = Words(
        says=f"{names_of(bounces)} takes bounces alone, and is an MX host of {snapshot.domain}",
        about=tuple(party.host for party in bounces),
        seen=tuple(map(line_of, bounces)),
        means=f"Mail for people at {snapshot.domain} is refused there.",
        do=f"Publish who has the mailboxes in place of {providers_in(bounces)}; give return paths a sub-domain.",
    )
    behind = not any(party in best for party in bounces)
    severity = Severity.INFO if is_remembered(bounces) else Severity.WARNING if behind else None
    return conclude(RULE, [finding(RULE, snapshot.domain, words, severity)])
