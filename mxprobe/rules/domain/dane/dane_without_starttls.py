"""An MX host has TLSA records, and no TLS.

What it sees. Secure TLSA records of a host, and at one of its addresses no STARTTLS, a refusal of it, or a handshake
that fails by the host's doing.
Why it matters. The records are a promise of TLS: senders that use DANE never deliver in clear here.
Example. STARTTLS was switched off:
    example.test MX 10 mx1.example.test
    mx1.example.test A 192.0.2.1
    192.0.2.1 "220 mx1.example.test ESMTP" "250-mx1.example.test" "250 SIZE"
    _25._tcp.mx1.example.test TLSA 3 1 1 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff
    validated mx1.example.test A
    validated _25._tcp.mx1.example.test TLSA
What to do. Switch TLS on again; where that cannot be done soon, take the records away first.
Standards. RFC 7672 §2.2.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.session import Session
from mxprobe.facts.smtp import Phase
from mxprobe.facts.snapshot import Snapshot
from mxprobe.rules.domain.dane.reading import doubt_by, promises_of, with_records
from mxprobe.rules.domain.reading import offers_starttls
from mxprobe.rules.domain.transport.address import Address, Trait, judge_addresses
from mxprobe.rules.domain.transport.handshake import always, failure_of_handshake, not_shaken, refusal_of_starttls
from mxprobe.rules.rule import Rule, Words

RULE = Rule(
    code="MX752",
    name="dane-without-starttls",
    severity=Severity.ERROR,
    covers=("MX701", "MX702", "MX703", "MX704", "MX715", "MX777"),
    references=("RFC 7672 §2.2",),
)


def find(snapshot: Snapshot) -> Judgement:
    """A finding for each host with an address that has no TLS to offer."""
    promises = promises_of(snapshot)

    def proof(address: Address) -> str | None:
        promise = promises.get(address.host)
        return _lack(address) if promise is not None and promise.kind.owes_tls else None

    doubt = doubt_by(promises, lambda kind: kind.owes_tls, not_shaken)
    trait = Trait(proof=proof, doubt=doubt, words=_words, severity=always)
    return with_records(judge_addresses(RULE, snapshot, trait), promises)


def _lack(address: Address) -> str | None:
    """How an address lacks TLS; None where it does not, or nobody knows."""
    session = address.session
    if session is None or not _said_hello(session):
        return None
    if not offers_starttls(session):
        return f"offers no STARTTLS, but {', '.join(session.extensions) or 'nothing'}"
    refusal, failure = refusal_of_starttls(address), failure_of_handshake(address)
    if refusal is not None:
        return f'answers STARTTLS by "{refusal.text}"'
    return None if failure is None else f"the handshake fails: {failure.detail or failure.kind}"


def _said_hello(session: Session) -> bool:
    turns = (turn for turn in session.turns if turn.phase is Phase.EHLO)
    return any(turn.reply is not None and turn.reply.is_positive for turn in turns)


def _words(host: str) -> Words:
    return Words(
        says=f"{host} promises TLS by its TLSA records, and has none",
        means=f"Senders that use DANE do not deliver to {host}.",
        do=f"Switch TLS on at {host}; until then take its TLSA records away.",
    )
