"""What differs between two looks at one domain: its MX records, the addresses of its hosts, its delegation.

Compares answers alone. What could not be learnt in one of the looks is unknown, and never a change.
Standards: RFC 1035 §2.3.3 (names compare without case); RFC 1034 §4.2.1 (zones).
"""

from collections.abc import Iterator

from msgspec import Struct

from mxprobe.facts.dns import (
    AddressRecord,
    Answer,
    Answers,
    AnswerStatus,
    MxRecord,
    Question,
    Record,
    RecordType,
    index_answers,
)
from mxprobe.facts.migration import ApprovedMx
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.once import known_answers


class Difference(Struct, frozen=True, kw_only=True):
    """Records that are `gone` and records that are `new`, as texts; `unknown` says why that cannot be told."""

    gone: tuple[str, ...] = ()
    new: tuple[str, ...] = ()
    unknown: str = ""

    def __bool__(self) -> bool:
        return bool(self.gone or self.new)


def plain_name(name: str) -> str:
    """A name as it is compared: lower case, without a final dot; the root stays "."."""
    return name.lower().rstrip(".") or "."


def compare(before: Answers, now: Answers, question: Question) -> Difference:
    """How the answers to a question differ. A name without the type and a name that is not there are alike."""
    then, today = texts_in(before, question), texts_in(now, question)
    if isinstance(today, str):
        return Difference(unknown=today)
    if isinstance(then, str):
        return Difference(unknown=f"in the earlier probe {then}")
    return differ(then, today)


def differ(then: frozenset[str], today: frozenset[str]) -> Difference:
    """The difference of two sets of records."""
    return Difference(gone=_sorted(then - today), new=_sorted(today - then))


def _sorted(texts: frozenset[str]) -> tuple[str, ...]:
    """MX records by their preference, all else by its text."""
    return tuple(sorted(texts, key=lambda text: (int(text.split()[0]) if _begins_with_number(text) else 0, text)))


def _begins_with_number(text: str) -> bool:
    word = text.partition(" ")[0]
    return word.isascii() and word.isdigit() and len(word) <= 9


def texts_in(answers: Answers, question: Question) -> frozenset[str] | str:
    """The records that were given in answer to a question; why they are not known, in words."""
    answer = answers.get(question)
    if answer is None or answer.status is AnswerStatus.NOT_ASKED:
        return f"nobody asked for the {question.rrtype} records of {question.name}"
    if answer.status.is_temporary:
        return f"the {question.rrtype} lookup of {question.name} failed ({answer.status})"
    return frozenset(map(text_of, answer.records))


def text_of(record: Record) -> str:
    """A record as it is compared, names in lower case and single blanks."""
    if isinstance(record, MxRecord):
        return f"{record.preference} {plain_name(record.exchange)}"
    if isinstance(record, AddressRecord):
        return record.address
    return " ".join(plain_name(word) for word in record.text.split())


# -- MX records --------------------------------------------------------------------------------------------------------


class Published(Struct, frozen=True, kw_only=True):
    """The MX records that one server gave: `by` is its name or address (or a zone file), `authoritative` whether it
    speaks for the zone and not from a cache. `ttl` is the longest of the records."""

    by: str
    authoritative: bool
    records: tuple[ApprovedMx, ...]
    ttl: int = 0


def published_mx(snapshot: Snapshot) -> tuple[Published, ...]:
    """What each server that was asked gave as the MX records of the domain, none where it failed; who was believed
    comes first."""
    question, found = mx_question(snapshot.domain), []
    if snapshot.mx is not None and not snapshot.mx.status.is_temporary:
        by = snapshot.zone.path if snapshot.zone is not None else snapshot.mx.server or "the name server"
        found.append(_published(by, snapshot.mx, bool(snapshot.mx.authoritative)))
    told = (one for one in snapshot.authorities if one.answer.question == question)
    found += [
        _published(f"{one.server}/{one.address}", one.answer, bool(one.answer.authoritative))
        for one in told
        if one.answer.authoritative and not one.answer.status.is_temporary and not _is_alias_alone(one.answer)
    ]
    return tuple(found)


def _is_alias_alone(answer: Answer) -> bool:
    """Whether a server names another domain, whose records it does not have."""
    return bool(answer.aliases) and not answer.mx


def _published(by: str, answer: Answer, authoritative: bool) -> Published:
    records = {ApprovedMx(preference=one.preference, host=plain_name(one.exchange)) for one in answer.mx}
    ttl = max((one.ttl for one in answer.mx), default=0)
    return Published(by=by, authoritative=authoritative, records=tuple(sorted(records)), ttl=ttl)


def mx_question(domain: str) -> Question:
    """Where the MX records are."""
    return Question(name=domain, rrtype=RecordType.MX)


def mx_unknown(snapshot: Snapshot) -> str:
    """Why the MX records are not known; empty where somebody gave them, or said that there are none."""
    texts = texts_in(known_answers(snapshot), mx_question(snapshot.domain))
    return texts if isinstance(texts, str) else ""


def texts_of_records(records: tuple[ApprovedMx, ...]) -> frozenset[str]:
    """MX records as they are compared."""
    return frozenset(f"{record.preference} {record.host}" for record in records)


# -- addresses ---------------------------------------------------------------------------------------------------------


def address_questions(host: str) -> tuple[Question, ...]:
    """Where the addresses of a host are."""
    return tuple(Question(name=host, rrtype=rrtype) for rrtype in (RecordType.A, RecordType.AAAA))


def addresses_in(answers: Answers, host: str) -> frozenset[str]:
    """The addresses of a host that were found."""
    given = (answers.get(question) for question in address_questions(host))
    return frozenset(record.address for answer in given if answer is not None for record in answer.addresses)


# -- the delegation ----------------------------------------------------------------------------------------------------


class DelegationChange(Struct, frozen=True, kw_only=True):
    """How the delegation of the zone `apex` differs: its name servers, what its parent signs, its first server."""

    apex: str
    nameservers: Difference
    signers: Difference
    first_server: Difference

    @property
    def unknown(self) -> tuple[str, ...]:
        """What could not be compared."""
        parts = (self.nameservers, self.signers, self.first_server)
        return tuple(dict.fromkeys(part.unknown for part in parts if part.unknown))


def compare_delegation(before: Snapshot, now: Snapshot) -> DelegationChange:
    """The difference; both looks speak of the zone that the domain lies in."""
    apex = zone_of(now) or zone_of(before) or now.domain
    then, today = index_answers(before.answers), index_answers(now.answers)
    return DelegationChange(
        apex=apex,
        nameservers=compare(then, today, Question(name=apex, rrtype=RecordType.NS)),
        signers=compare(then, today, Question(name=apex, rrtype=RecordType.DS)),
        first_server=_first_servers(before, now, Question(name=apex, rrtype=RecordType.SOA)),
    )


def zone_of(snapshot: Snapshot) -> str | None:
    """The zone that the domain lies in, as far as NS records were found; None without any."""
    zones = {
        answer.question.name
        for answer in snapshot.answers
        if answer.question.rrtype is RecordType.NS and answer.status is AnswerStatus.FOUND
    }
    return next((name for name in _upwards(snapshot.domain) if name in zones), None)


def _upwards(domain: str) -> Iterator[str]:
    """The domain and what is above it, the root left out."""
    while domain and domain != ".":
        yield domain
        domain = domain.partition(".")[2]


def _first_servers(before: Snapshot, now: Snapshot, question: Question) -> Difference:
    """The difference of the first server that the SOA names; servers that name different ones at one time are no
    change while one of them stays."""
    seen = compare(index_answers(before.answers), index_answers(now.answers), question)
    if seen.unknown:
        return seen
    then, today = _soa_names(before, question), _soa_names(now, question)
    return Difference() if then & today or not then or not today else differ(then, today)


def _soa_names(snapshot: Snapshot, question: Question) -> frozenset[str]:
    answers = [answer for answer in snapshot.answers if answer.question == question]
    answers += [one.answer for one in snapshot.authorities if one.answer.question == question]
    return frozenset(
        text.partition(" ")[0] for answer in answers for text in map(text_of, answer.records) if text.strip()
    )
