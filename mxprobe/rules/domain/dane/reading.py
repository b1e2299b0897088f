"""What the rules about DANE ask of a saved probe: what each MX host promises, and what each of its addresses shows.

Records that are not secure are used by no sender: they are no promise, and no pass either.
"""

from collections.abc import Callable, Mapping

from msgspec.structs import replace

from mxprobe.facts.dns import Answer, Security
from mxprobe.facts.finding import Judgement
from mxprobe.facts.session import Session
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.dane import CANNOT_READ, DaneMatch, DaneOutcome, TlsaRecord, tlsa_record
from mxprobe.mx.once import once
from mxprobe.mx.promise import (
    Promise,
    PromiseKind,
    known_promises,
    match_session,
    names_that_count,
    promise_of,
    seen_of,
)
from mxprobe.rules.domain.reading import chain_of, not_resolved
from mxprobe.rules.domain.transport.address import Address

NOT_USED = "its TLSA records are not secure, and no sender uses them"
_MOST_DIGITS = 64


@once
def promises_of(snapshot: Snapshot) -> Mapping[str, Promise]:
    """What each MX host promises, by its name, in the order of the chain.

    Whether a zone will be signed its file does not tell: the records are read as if it were, which findings say.
    """
    if snapshot.zone is None:
        return known_promises(snapshot)
    read = seen_of(snapshot)
    seen = replace(read, security=lambda question: _if_signed(read.answers.get(question)))
    return {host.name: promise_of(host.name, seen) for host in chain_of(snapshot).hosts}


def _if_signed(answer: Answer | None) -> Security:
    return Security.UNKNOWN if answer is None or answer.status.is_temporary else Security.SECURE


def if_signed(snapshot: Snapshot) -> tuple[str, ...]:
    """What a finding from a zone file has to add."""
    return () if snapshot.zone is None else ("records of a zone file: they count if the zone is signed",)


def left_open(snapshot: Snapshot) -> list[str]:
    """Why nothing is known of some hosts' records, a line for each reason."""
    return list(_left_open(snapshot))


@once
def _left_open(snapshot: Snapshot) -> tuple[str, ...]:
    hosts: dict[str, list[str]] = {}
    for promise in promises_of(snapshot).values():
        if promise.kind is PromiseKind.UNKNOWN:
            hosts.setdefault(promise.why, []).append(promise.host)
    doubt = not_resolved(chain_of(snapshot))
    told = tuple(f"{', '.join(names)}: {why}" for why, names in hosts.items())
    return (*told, doubt) if doubt else told


def match_of(snapshot: Snapshot, promise: Promise, session: Session | None) -> DaneMatch | None:
    """Whether a session keeps the promise; None where that is not known."""
    return None if session is None else match_session(promise, names_that_count(promise, snapshot), session)


def is_covered(snapshot: Snapshot, session: Session) -> DaneMatch | None:
    """How DANE proves the host that a session is with; None where it does not."""
    promise = known_promises(snapshot).get(session.endpoint.host)
    if promise is None:
        promise = promise_of(session.endpoint.host, seen_of(snapshot))
    match = match_of(snapshot, promise, session)
    return match if match is not None and match.outcome is DaneOutcome.MATCHED else None


def doubt_by(
    promises: Mapping[str, Promise], wanted: Callable[[PromiseKind], bool], otherwise: Callable[[Address], str | None]
) -> Callable[[Address], str | None]:
    """Why an address cannot be judged: by what is known of its host's records, and then by itself."""

    def doubt(address: Address) -> str | None:
        promise = promises.get(address.host)
        if promise is None:
            return None
        if wanted(promise.kind):
            return otherwise(address)
        reasons = {
            PromiseKind.UNKNOWN: promise.why,
            PromiseKind.INSECURE: NOT_USED,
            PromiseKind.FAILED: f"its TLSA lookup fails ({promise.why})",
        }
        return reasons.get(promise.kind)

    return doubt


def with_records(judgement: Judgement, promises: Mapping[str, Promise]) -> Judgement:
    """The judgement, whose findings about hosts show the records as well."""
    findings = tuple(
        replace(found, seen=(*found.seen, *record_lines(promises[found.subject])))
        if found.subject in promises
        else found
        for found in judgement.findings
    )
    return replace(judgement, findings=findings)


def record_lines(promise: Promise) -> tuple[str, ...]:
    """The records as evidence, a line each."""
    where = promise.question.name if promise.question is not None else promise.base
    return tuple(f"{where} TLSA {_short(record)}" for record in promise.records[:8])


def name_of(promise: Promise) -> str:
    """The name at which a host's records stand."""
    return promise.question.name if promise.question is not None else f"_25._tcp.{promise.base}"


def shown_at(snapshot: Snapshot, host: str) -> tuple[str, ...]:
    """The records that promise the keys which the host shows at its addresses today."""
    found: dict[str, None] = {}
    for visit in snapshot.visits:
        tls = visit.sessions[-1].tls if visit.sessions else None
        if visit.endpoint.host == host and tls is not None and tls.chain:
            try:
                found[tlsa_record(bytes(tls.chain[0].der))] = None
            except CANNOT_READ:
                return ()
    return tuple(found)


def _short(record: TlsaRecord) -> str:
    text = str(record)
    return text if len(text) <= _MOST_DIGITS + 6 else f"{text[: _MOST_DIGITS + 6]}…"
