"""What the TLSA records of an MX host oblige a DANE sender to, and whether a session with it kept that promise.

Records are looked for at the end of the host's aliases first, then at its own name. A host whose addresses are not
secure promises nothing, whatever records it has: senders do not even look for them.

Standards: RFC 7672 §2.1.2 (lookups that fail), §2.2 (what records oblige to), §2.2.2, §2.2.3 (where they are), §3.2.2
(which names count).
"""

from collections.abc import Callable, Mapping
from enum import StrEnum

from msgspec import Struct

from mxprobe.facts.dns import Alias, Answer, Answers, AnswerStatus, Question, RecordType, Security
from mxprobe.facts.session import Session
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.dane import DaneMatch, DaneOutcome, TlsaRecord, bears_name, match_chain, tlsa_question, tlsa_records
from mxprobe.mx.once import known_chain, once
from mxprobe.mx.security import trusting

_FAMILIES = (RecordType.A, RecordType.AAAA)
_BY_THE_ZONE = frozenset({AnswerStatus.SERVFAIL, AnswerStatus.TIMEOUT, AnswerStatus.MALFORMED, AnswerStatus.ALIAS_LOOP})
"""Failures that senders meet as well; the others are about our own way to a resolver."""


class PromiseKind(StrEnum):
    """What a DANE sender finds for a host.

    INSECURE: there are records, and no sender may trust them. UNUSABLE: secure ones, none that SMTP uses: TLS is owed,
    and no proof. FAILED: the lookup fails though the host is secure: the host is not used for now.
    """

    NONE = "none"
    INSECURE = "insecure"
    UNUSABLE = "unusable"
    USABLE = "usable"
    FAILED = "failed"
    UNKNOWN = "unknown"

    @property
    def owes_tls(self) -> bool:
        """Whether a DANE sender delivers here over TLS only."""
        return self in (PromiseKind.USABLE, PromiseKind.UNUSABLE)


class Promise(Struct, frozen=True, kw_only=True):
    """What is promised for `host`. `base` is the name that the records are for (the TLSA base domain).

    `question` is the one whose answer counts; `why` says what is not known, or how it failed.
    """

    host: str
    kind: PromiseKind
    base: str
    question: Question | None = None
    records: tuple[TlsaRecord, ...] = ()
    why: str = ""
    status: AnswerStatus | None = None


class Seen(Struct, frozen=True, kw_only=True):
    """What is known: answers, how secure each is, and the port that mail goes to."""

    answers: Answers
    security: Callable[[Question], Security]
    port: int = 25


def bases_of(host: str, aliases: tuple[Alias, ...]) -> tuple[str, ...]:
    """The names that may have the records of a host, in the order in which they are looked up (RFC 7672 §2.2.2)."""
    return (aliases[-1].points_to, host) if aliases else (host,)


def next_tlsa_questions(hosts: tuple[str, ...], answers: Answers, port: int = 25) -> tuple[Question, ...]:
    """What is still to be asked for `promise_of` to tell of every host; hosts without an address are left out.

    Asked of insecure hosts as well: records that nobody uses are worth telling.
    """
    wanted: dict[Question, None] = {}
    for host in hosts:
        found = _addresses(host, answers)
        if not found:
            continue
        for base in bases_of(host, _aliases(found)):
            question = tlsa_question(base, port)
            wanted[question] = None
            answer = answers.get(question)
            if answer is None or answer.status is AnswerStatus.FOUND or answer.status.is_temporary:
                break
        if _aliases(found):
            wanted[_alias_question(host)] = None
    return tuple(question for question in wanted if question not in answers)


def promise_of(host: str, seen: Seen) -> Promise:
    """What a DANE sender finds for a host of the chain."""
    found = _addresses(host, seen.answers)
    if not found:
        return _unknown(host, "its addresses are not known")
    aliases = _aliases(found)
    state = _together([seen.security(answer.question) for answer in found])
    if state is Security.BOGUS:
        return _unknown(host, "the answer for its addresses is bogus")
    bases = bases_of(host, aliases)
    if state is Security.SECURE:
        return _look(host, bases, seen)
    if aliases and seen.security(_alias_question(host)) is Security.SECURE:
        return _look(host, (host,), seen)  # the alias itself is secure, what it leads to is not
    return _without_security(host, bases, seen, state)


def _look(host: str, bases: tuple[str, ...], seen: Seen) -> Promise:
    """The first secure records of the names; a lookup that fails ends the search."""
    untrusted: Promise | None = None
    for base in bases:
        question = tlsa_question(base, seen.port)
        answer = seen.answers.get(question)
        if answer is None or answer.status is AnswerStatus.NOT_ASKED:
            return _unknown(host, "nobody asked for its TLSA records")
        security = seen.security(question)
        if answer.status.is_temporary or security is Security.BOGUS:
            return _failed(host, base, answer, bogus=security is Security.BOGUS)
        records = tlsa_records(answer)
        if answer.status is not AnswerStatus.FOUND:
            continue
        if security is Security.UNKNOWN:
            return _unknown(host, "whether its TLSA records are secure is not known")
        usable = any(record.is_usable for record in records)
        kind = PromiseKind.USABLE if usable else PromiseKind.UNUSABLE
        promise = Promise(host=host, kind=kind, base=base, question=question, records=records)
        if security is Security.SECURE:
            return promise
        untrusted = Promise(host=host, kind=PromiseKind.INSECURE, base=base, question=question, records=records)
    return untrusted or Promise(host=host, kind=PromiseKind.NONE, base=bases[0])


def _without_security(host: str, bases: tuple[str, ...], seen: Seen, state: Security) -> Promise:
    """A host that is insecure, or of which that is not known: its records, where it has any, tell the rest."""
    answers = [(base, seen.answers.get(tlsa_question(base, seen.port))) for base in bases]
    for base, answer in answers:
        if answer is not None and answer.status is AnswerStatus.FOUND:
            if state is not Security.INSECURE:
                return _unknown(host, "whether its TLSA records are secure is not known")
            return Promise(
                host=host,
                kind=PromiseKind.INSECURE,
                base=base,
                question=answer.question,
                records=tlsa_records(answer),
            )
    absent = all(answer is not None and answer.status.is_absence for _, answer in answers)
    if state is Security.INSECURE or absent:
        return Promise(host=host, kind=PromiseKind.NONE, base=bases[0])
    asked = any(answer is not None and answer.status is not AnswerStatus.NOT_ASKED for _, answer in answers)
    return _unknown(host, "its TLSA lookup failed" if asked else "nobody asked for its TLSA records")


def _failed(host: str, base: str, answer: Answer, *, bogus: bool) -> Promise:
    if not bogus and (answer.status not in _BY_THE_ZONE or not answer.tries):
        return _unknown(host, f"its TLSA lookup failed here: {answer.status}")
    return Promise(
        host=host,
        kind=PromiseKind.FAILED,
        base=base,
        question=answer.question,
        why="bogus" if bogus else answer.status.value,
        status=answer.status,
    )


def _unknown(host: str, why: str) -> Promise:
    return Promise(host=host, kind=PromiseKind.UNKNOWN, base=host, why=why)


def _addresses(host: str, answers: Answers) -> list[Answer]:
    """The answers that give the host an address."""
    found = (answers.get(Question(name=host, rrtype=family)) for family in _FAMILIES)
    return [answer for answer in found if answer is not None and answer.addresses]


def _aliases(found: list[Answer]) -> tuple[Alias, ...]:
    return next((answer.aliases for answer in found if answer.aliases), ())


def _alias_question(host: str) -> Question:
    return Question(name=host, rrtype=RecordType.CNAME)


def _together(states: list[Security]) -> Security:
    """The security of several answers about one host: the worst that is known."""
    for state in (Security.BOGUS, Security.INSECURE, Security.UNKNOWN):
        if state in states:
            return state
    return Security.SECURE


def names_that_count(promise: Promise, snapshot: Snapshot) -> tuple[str, ...]:
    """The names of which a certificate under a trust anchor has to bear one (RFC 7672 §3.2.2)."""
    aliases = snapshot.mx.aliases if snapshot.mx is not None else ()
    return tuple(dict.fromkeys((promise.base, snapshot.domain, *(alias.points_to for alias in aliases[-1:]))))


def match_session(promise: Promise, names: tuple[str, ...], session: Session) -> DaneMatch | None:
    """Whether the certificates shown in a session are those that are promised; None where that cannot be told.

    It cannot without a handshake whose certificates were kept; nor where they do not match and were shown to another
    name (SNI) than the one that senders ask for.
    """
    tls = session.tls
    if tls is None or promise.kind is not PromiseKind.USABLE:
        return None
    chain = tuple(bytes(certificate.der) for certificate in tls.chain)
    if not all(chain):
        return None
    match = match_chain(promise.records, chain, session.started_at, lambda leaf: bears_name(leaf, names))
    asked_for = (tls.server_name or "").lower()
    return None if match.outcome is not DaneOutcome.MATCHED and asked_for != promise.base.lower() else match


def seen_of(snapshot: Snapshot) -> Seen:
    """What a saved probe knows of promises."""
    known = trusting(snapshot)
    return Seen(answers=known.answers, security=known.security_of, port=snapshot.vantage.port)


@once
def known_promises(snapshot: Snapshot) -> Mapping[str, Promise]:
    """What each MX host of a look promises, by its name, in the order of the chain."""
    seen = seen_of(snapshot)
    return {host.name: promise_of(host.name, seen) for host in known_chain(snapshot).hosts}
