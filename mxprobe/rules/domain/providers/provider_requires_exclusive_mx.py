"""A provider wants to be the only MX, and somebody else's host stands beside it.

What it sees. A provider that documents that its records must stand alone, and a host that is not its own: an error
where that is tried first or as an equal, else a warning. What another rule tells of the pair is left to it: two
providers of mailboxes (MX304, MX305), a filter and the mailboxes behind it (MX906), a forwarder beside mailboxes
(MX921). Hosts that a migration of --expect or --migration names are left out while it goes on.
Why it matters. Mail that takes the other way does not reach the mailboxes, or the provider stops serving the domain.
Example. The old server was kept beside the forwarder:
    example.test MX 10 route1.mx.cloudflare.net
    example.test MX 20 route2.mx.cloudflare.net
    example.test MX 30 route3.mx.cloudflare.net
    example.test MX 5 mail.example.test
    route1.mx.cloudflare.net A 192.0.2.1
    route2.mx.cloudflare.net A 192.0.2.2
    route3.mx.cloudflare.net A 192.0.2.3
    mail.example.test A 192.0.2.4
What to do. Remove the records that are not the provider's.
Standards. RFC 5321 §5.1.
"""

from mxprobe.facts.beside import Beside
from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.providers import Grade, Role
from mxprobe.mx.providers.published import Party, best_of
from mxprobe.rules.domain.chain.reading import NO_ANSWER
from mxprobe.rules.domain.providers.reading import is_on_plan, is_remembered, line_of, names_of, providers_in, published
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive

RULE = Rule(
    code="MX904",
    name="provider-requires-exclusive-mx",
    severity=Severity.ERROR,
    covers=("MX900", "MX907", "MX304", "MX305"),
    references=("RFC 5321 §5.1",),
)

_TOLD: dict[Role, tuple[Role, ...]] = {
    Role.MAILBOX: (Role.MAILBOX, Role.FORWARDER),
    Role.GATEWAY: (),
    Role.FORWARDER: (Role.MAILBOX,),
}
"""Beside a provider of the first role, hosts of these are told by other rules."""


def find_beside(snapshot: Snapshot, beside: Beside) -> Judgement:
    """One finding, with every provider that wants to be alone, and everybody else."""
    parties = published(snapshot)
    if parties is None:
        return inconclusive(RULE, NO_ANSWER)
    alone = tuple(party for party in parties if _wants_to_be_alone(party, parties))
    others = tuple(dict.fromkeys(other for party in alone for other in parties if _is_foreign(other, party, parties)))
    if not others or is_on_plan((party.host for party in others), snapshot, beside):
        return conclude(RULE, [])
    own = tuple(party for party in alone if any(_is_foreign(other, party, parties) for other in others))
    words = Words(
        says=f"{providers_in(own)} wants to be the only MX, and {names_of(others)} stands beside it",
        about=tuple(party.host for party in others if party.is_remembered),
        seen=tuple(line_of(party) for party in parties if party in own or party in others),
        means="Mail that goes to the other host does not reach what the provider keeps or hands on.",
        do=f"Remove the MX record of {names_of(others)}, or leave {providers_in(own)}.",
    )
    return conclude(RULE, [finding(RULE, snapshot.domain, words, _severity(own, others))])


def _wants_to_be_alone(party: Party, parties: tuple[Party, ...]) -> bool:
    """Whether a host is one of a provider that wants that; mailboxes behind somebody else's host may have a filter in
    front of them."""
    if party.known is None or party.known.provider.exclusive is None:
        return False
    return party.role is not Role.MAILBOX or party.operator in {one.operator for one in best_of(parties)}


def _is_foreign(other: Party, party: Party, parties: tuple[Party, ...]) -> bool:
    """Whether a host is somebody else's, and no other rule tells it."""
    if other.host.endswith(".invalid") or (other.operator == party.operator and other.role is party.role):
        return False
    if other.role is None or party.role is None or other.is_remembered:
        return True
    pair = {other.role, party.role}
    if pair == {Role.GATEWAY, Role.MAILBOX}:
        return Role.GATEWAY not in {one.role for one in best_of(parties)}
    return other.role not in _TOLD.get(party.role, ())


def _severity(own: tuple[Party, ...], others: tuple[Party, ...]) -> Severity | None:
    """A note where all is remembered; a warning where the others are tried behind the provider's best host."""
    graded = [party.known.provider.exclusive for party in own if party.known is not None]
    if is_remembered(own) or all(grade is Grade.REMEMBERED for grade in graded):
        return Severity.INFO
    first = min(party.preference for party in own)
    return None if any(party.preference <= first for party in others) else Severity.WARNING
