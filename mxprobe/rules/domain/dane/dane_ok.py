"""An MX host shows the certificate that its TLSA records promise.

What it sees. The MX records, the host's addresses and its TLSA records are secure, one of the records is usable, and
the chain shown at every address of the host matches one.
Why it matters. Senders that use DANE know the host by it: nobody on the way can strip TLS or take the host's place.
Example. One host, and a record of its key:
    example.test MX 10 mx1.example.test
    mx1.example.test A 192.0.2.1
    192.0.2.1 "220 mx1.example.test ESMTP" "250-mx1.example.test" "250 STARTTLS"
    192.0.2.1 certificate valid
    _25._tcp.mx1.example.test TLSA 3 1 1 of 192.0.2.1
    validated example.test MX
    validated mx1.example.test A
    validated _25._tcp.mx1.example.test TLSA
What to do. Nothing.
Standards. RFC 7672 §2.2, §3.1.
"""

from mxprobe.facts.dns import Security
from mxprobe.facts.finding import Finding, Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.dane import DaneMatch, DaneOutcome
from mxprobe.mx.policies import security_of_chain
from mxprobe.mx.promise import Promise, PromiseKind
from mxprobe.rules.domain.dane.reading import NOT_USED, left_open, match_of, promises_of
from mxprobe.rules.domain.reading import was_dialled
from mxprobe.rules.domain.transport.address import Address, addresses_of
from mxprobe.rules.rule import Rule, Words, decide, finding, inconclusive

RULE = Rule(
    code="MX750",
    name="dane-ok",
    severity=Severity.OK,
    references=("RFC 7672 §2.2", "RFC 7672 §3.1"),
)


def find(snapshot: Snapshot) -> Judgement:
    """A finding for each host all of whose addresses keep the promise; one that was not seen leaves it open."""
    promises = promises_of(snapshot)
    usable = [promise for promise in promises.values() if promise.kind is PromiseKind.USABLE]
    unknown = left_open(snapshot)
    unknown += [f"{one.host}: {NOT_USED}" for one in promises.values() if one.kind is PromiseKind.INSECURE]
    if usable and security_of_chain(snapshot) is Security.UNKNOWN:
        unknown.append("whether the MX records are secure is not known")
    if not usable or security_of_chain(snapshot) is not Security.SECURE:
        return decide(RULE, [], unknown)
    if not was_dialled(snapshot):
        return inconclusive(RULE, "no address was dialled")
    addresses = addresses_of(snapshot)
    found: list[Finding] = []
    for promise in usable:
        matches = {one: match_of(snapshot, promise, one.session) for one in addresses if one.host == promise.host}
        if any(match is not None and match.outcome is not DaneOutcome.MATCHED for match in matches.values()):
            continue
        if not matches or None in matches.values():
            unknown.append(f"no handshake that tells was seen at every address of {promise.host}")
            continue
        found.append(_found(promise, {one: match for one, match in matches.items() if match is not None}))
    return decide(RULE, found, unknown)


def _found(promise: Promise, matches: dict[Address, DaneMatch]) -> Finding:
    shown = tuple(f"{address.visit.endpoint.id}: {_say(match)}" for address, match in matches.items())
    words = Words(says=f"{promise.host} shows what its TLSA records promise", seen=shown)
    return finding(RULE, promise.host, words)


_DIGITS = 16
"""So many of a record's are enough to know it by."""


def _say(match: DaneMatch) -> str:
    """Which certificate fits which record; a trust anchor that stands in the record itself is not sent."""
    text = str(match.record)
    record = text if len(text) <= _DIGITS + 6 else f"{text[: _DIGITS + 6]}…"
    if match.place is None:
        return f"the chain leads to the authority in TLSA {record}"
    return f"certificate {match.place + 1} of the chain matches TLSA {record}"
