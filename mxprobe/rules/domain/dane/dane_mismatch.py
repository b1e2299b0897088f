"""An MX host shows another certificate than its TLSA records promise.

What it sees. Secure and usable TLSA records, of which none matches the chain shown at an address of the host.
Why it matters. Senders that use DANE do not deliver here: they go to another host, or their mail waits.
Example. The key was changed, the record was not:
    example.test MX 10 mx1.example.test
    mx1.example.test A 192.0.2.1
    192.0.2.1 "220 mx1.example.test ESMTP" "250-mx1.example.test" "250 STARTTLS"
    192.0.2.1 certificate valid
    _25._tcp.mx1.example.test TLSA 3 1 1 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff
    validated mx1.example.test A
    validated _25._tcp.mx1.example.test TLSA
What to do. Publish the digest of the key in use; next time publish that of the new key first, and wait for the TTL.
Standards. RFC 7672 §2.2, §3.1; RFC 7671 §8.1.
"""

from msgspec.structs import replace

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.session import Session
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.dane import CANNOT_READ, DaneOutcome, tlsa_record
from mxprobe.mx.policies import NOT_COMPARED
from mxprobe.mx.promise import PromiseKind
from mxprobe.rules.domain.dane.reading import doubt_by, match_of, name_of, promises_of, shown_at, with_records
from mxprobe.rules.domain.transport.address import Address, Trait, judge_addresses
from mxprobe.rules.domain.transport.handshake import always, not_shaken
from mxprobe.rules.pasting import tlsa_records, under
from mxprobe.rules.rule import Rule, Words

RULE = Rule(
    code="MX751",
    name="dane-mismatch",
    severity=Severity.ERROR,
    references=("RFC 7672 §2.2", "RFC 7672 §3.1", "RFC 7671 §8.1"),
)


def find(snapshot: Snapshot) -> Judgement:
    """A finding for each host with an address that shows what no record promises."""
    promises = promises_of(snapshot)

    def proof(address: Address) -> str | None:
        promise, session = promises.get(address.host), address.session
        match = None if promise is None else match_of(snapshot, promise, session)
        if session is None or match is None or match.outcome is not DaneOutcome.NO_MATCH:
            return None
        return f"{match.why}; {_shown(session)}"

    def unseen(address: Address) -> str | None:
        if address.session is None or address.session.tls is None:
            return not_shaken(address)
        known = match_of(snapshot, promises[address.host], address.session) is not None
        return None if known else NOT_COMPARED

    doubt = doubt_by(promises, lambda kind: kind is PromiseKind.USABLE, unseen)

    def words(host: str) -> Words:
        old, new = (str(record) for record in promises[host].records), shown_at(snapshot, host)
        lines = tlsa_records(snapshot, name_of(promises[host]), (*new, *old)) if new else ()
        return replace(_words(host), paste=under(f"if the certificate of {host} is yours", lines))

    trait = Trait(proof=proof, doubt=doubt, words=words, severity=always)
    return with_records(judge_addresses(RULE, snapshot, trait), promises)


def _shown(session: Session) -> str:
    """What was shown, as the records that would promise it."""
    der = bytes(session.tls.chain[0].der) if session.tls is not None and session.tls.chain else b""
    try:
        return f"shown: {tlsa_record(der)} (or {tlsa_record(der, selector=0)})"
    except CANNOT_READ:
        return "the certificate that is shown cannot be read"


def _words(host: str) -> Words:
    return Words(
        says=f"{host} shows another certificate than its TLSA records promise",
        means=f"Senders that use DANE do not deliver to {host}.",
        do="Publish the digest of the key in use, or go back to the old certificate.",
    )
