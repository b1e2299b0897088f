"""A host has less TLS than the operator expects.

What it sees. With --expect FILE (`tls`, for all hosts or for one): at an address of the host no STARTTLS is offered, it
is refused, or the handshake fails; it ends in a version below `minimum`; or, under `verified: true`, the certificate is
not one that a client believes: by a trusted authority, in its dates, for the host's name, or else by secure TLSA
records (DANE). The version is the best that host and probe have in common; whether the host would still take an older
one from others is not asked.
Why it matters. The floor is what was agreed on. A sender is led to the weakest host.
Example. The backup has a certificate for another name:
    approved tls: {minimum: 1.2, verified: true}
    example.test MX 10 mx1.example.test
    example.test MX 20 mx2.example.test
    mx1.example.test A 192.0.2.1
    mx2.example.test A 192.0.2.2
    192.0.2.1 "220 mx1.example.test ESMTP" "250-mx1.example.test" "250 STARTTLS"
    192.0.2.1 certificate valid
    192.0.2.2 "220 mx2.example.test ESMTP" "250-mx2.example.test" "250 STARTTLS"
    192.0.2.2 certificate another name
What to do. Raise the host to the floor, or say in the file what is enough for this one (`hosts`).
Standards. RFC 8996 §4, §5; RFC 9325 §3.1.1; RFC 9525 §6.
"""

from collections.abc import Iterator

from msgspec import Struct

from mxprobe.facts.approved import Approved, TlsFloor, WantedTls
from mxprobe.facts.beside import Beside
from mxprobe.facts.finding import Finding, Judgement, Severity
from mxprobe.facts.session import Session
from mxprobe.facts.snapshot import Snapshot
from mxprobe.facts.tls import TlsFacts
from mxprobe.rules.domain.certificate import problems_of, proved_by_itself
from mxprobe.rules.domain.dane.reading import is_covered
from mxprobe.rules.domain.expected.reading import Broken, or_change, silent, some, tell_broken
from mxprobe.rules.domain.reading import chain_of, not_resolved, was_dialled
from mxprobe.rules.domain.transport.address import Address, addresses_of
from mxprobe.rules.domain.transport.handshake import (
    failure_of_handshake,
    not_offered_or_asked,
    not_shaken,
    refusal_of_starttls,
    speaks_old_only,
)
from mxprobe.rules.rule import Rule, decide, inconclusive

RULE = Rule(
    code="MX533",
    name="tls-below-expected",
    severity=Severity.ERROR,
    covers=("MX701", "MX702", "MX703", "MX707", "MX708", "MX715"),  # warnings alone: a waiver of this hides no error
    references=("RFC 8996 §4", "RFC 8996 §5", "RFC 9325 §3.1.1", "RFC 9525 §6"),
)

_VERSIONS = {
    "TLSv1": TlsFloor.V10,
    "TLSv1.0": TlsFloor.V10,
    "TLSv1.1": TlsFloor.V11,
    "TLSv1.2": TlsFloor.V12,
    "TLSv1.3": TlsFloor.V13,
}
_OLDER = ("SSLv2", "SSLv3")


class _Shown(Struct, frozen=True, kw_only=True):
    """What is wrong at an address, in words; or the `doubt`, why that is not known. Neither: all is well."""

    fault: str = ""
    doubt: str = ""


def find_beside(snapshot: Snapshot, beside: Beside) -> Judgement:
    """A finding for each host that is below the floor at one of its addresses."""
    approved = beside.approved
    if approved is None or not approved.tls:
        return inconclusive(RULE, silent(beside))
    if not was_dialled(snapshot):
        return inconclusive(RULE, "no address was dialled")
    broken, unknown = dict[str, list[Broken]](), list[str]()
    for address in addresses_of(snapshot):
        wanted = approved.tls_at(address.host)
        for key, shown in _shown(snapshot, address, wanted):
            if shown.doubt:
                unknown.append(f"{address.visit.endpoint.id}: {shown.doubt}")
            elif shown.fault:
                expected = f"TLS {wanted.minimum}" if key == "minimum" else "a verified certificate"
                place = approved.place(f"tls {address.host} {key}", f"tls {key}", "tls")
                one = Broken(seen=f"{address.visit.endpoint.id}: {shown.fault}", expected=expected, place=place)
                broken.setdefault(address.host, []).append(one)
    unresolved = not_resolved(chain_of(snapshot))
    found = [_found(host, parts, approved) for host, parts in broken.items()]
    return decide(RULE, found, some([*unknown, *([unresolved] if unresolved else [])]))


def _found(host: str, broken: list[Broken], approved: Approved) -> Finding:
    do = f"Raise {host} to the floor; {or_change(approved)}."
    return tell_broken(RULE, host, f"{host} has less TLS than expected", broken, do)


def _shown(snapshot: Snapshot, address: Address, wanted: WantedTls) -> Iterator[tuple[str, _Shown]]:
    """What an address shows of each key that is expected of it; without TLS, of the first alone."""
    floor = wanted.minimum if wanted.minimum is not TlsFloor.NONE else None
    if floor is None and not wanted.verified:
        return
    session = address.session
    if session is None or session.tls is None:
        yield "minimum" if floor is not None else "verified", _without_tls(address, floor)
        return
    if floor is not None:
        yield "minimum", _version(session.tls, floor)
    if wanted.verified:
        yield "verified", _verified(snapshot, session, session.tls)


def _without_tls(address: Address, floor: TlsFloor | None) -> _Shown:
    """Why there is no TLS at an address, by the host's own doing."""
    refusal, doubt = refusal_of_starttls(address), not_offered_or_asked(address)
    if doubt is None and refusal is not None:
        return _Shown(fault=f'STARTTLS is refused: "{refusal.text}"')
    doubt = doubt or not_shaken(address)
    if doubt is not None:
        return _Shown(doubt=doubt)
    failure = failure_of_handshake(address)
    if failure is None:
        return _Shown(fault="no STARTTLS is offered")
    if speaks_old_only(failure) and floor in (TlsFloor.V10, TlsFloor.V11):
        return _Shown(doubt=f"it has no TLS from 1.2 on, and which it has was not learnt: {failure.detail}")
    return _Shown(fault=f"the handshake fails: {failure.detail or failure.kind.value}")


def _version(tls: TlsFacts, floor: TlsFloor) -> _Shown:
    """Whether a handshake is at the floor or above."""
    version = _VERSIONS.get(tls.version)
    if version is None and tls.version not in _OLDER:
        return _Shown(doubt=f"how {tls.version} compares with TLS {floor} is not known")
    is_below = version is None or version.rank < floor.rank
    return _Shown(fault=f"the handshake ends in {tls.version}") if is_below else _Shown()


def _verified(snapshot: Snapshot, session: Session, tls: TlsFacts) -> _Shown:
    """What a client that verifies objects to."""
    verdict = tls.verdict
    if verdict.is_valid:
        return _Shown()
    match = is_covered(snapshot, session)
    if match is not None and (proved_by_itself(match) or (verdict.dates_valid and verdict.name_matches)):
        return _Shown()
    if verdict.is_valid is None:
        return _Shown(doubt="its certificate was not judged")
    if verdict.trusted is False:
        return _Shown(fault=f"the certificate is not trusted: {problems_of(tls)}")
    if verdict.dates_valid is False:
        return _Shown(fault="the certificate is not in its dates")
    names = ", ".join(tls.chain[0].names[:4]) if tls.chain else ""
    return _Shown(fault=f"the certificate is for {names or 'another name'}")
