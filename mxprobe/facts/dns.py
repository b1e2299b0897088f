"""What name servers answered: questions, records and answers, with the way of failing kept apart from absence.

Names are lower-case A-labels without a final dot ("." is the root); TTLs are whole seconds.
Standards: RFC 1034, RFC 1035, RFC 2308 (absence), RFC 4035 §3.2.3 (the AD bit).
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum

from msgspec import Struct


class RecordType(StrEnum):
    """The record types mxprobe asks for."""

    MX = "MX"
    A = "A"
    AAAA = "AAAA"
    TXT = "TXT"
    TLSA = "TLSA"
    CNAME = "CNAME"
    PTR = "PTR"
    SOA = "SOA"
    NS = "NS"
    DS = "DS"
    DNSKEY = "DNSKEY"

    __hash__ = str.__hash__  # Enum's is in Python, and every look for an answer by its question calls it


class AnswerStatus(StrEnum):
    """How a question ended. `NODATA` and `NXDOMAIN` are absence; from `SERVFAIL` on nothing is known.

    `NOT_ASKED`: a zone file was read in place of asking, and it does not have the answer; or the budget of queries was
    spent.
    """

    FOUND = "found"
    NODATA = "nodata"
    NXDOMAIN = "nxdomain"
    SERVFAIL = "servfail"
    REFUSED = "refused"
    TIMEOUT = "timeout"
    MALFORMED = "malformed"
    UNREACHABLE = "unreachable"
    ALIAS_LOOP = "alias-loop"
    NOT_ASKED = "not-asked"

    @property
    def is_absence(self) -> bool:
        """The name server said that there is nothing."""
        return self in (AnswerStatus.NODATA, AnswerStatus.NXDOMAIN)

    @property
    def is_temporary(self) -> bool:
        """Nothing was learnt: neither presence nor absence."""
        return self is not AnswerStatus.FOUND and not self.is_absence


class Question(Struct, frozen=True, kw_only=True, cache_hash=True, order=True):
    """What is asked: a name and a record type."""

    name: str
    rrtype: RecordType


class MxRecord(Struct, frozen=True, kw_only=True, tag="MX"):
    """One MX record. `exchange` is as published: it may be ".", an address written as a name, or garbage."""

    preference: int
    exchange: str
    ttl: int


class AddressRecord(Struct, frozen=True, kw_only=True, tag="address"):
    """One A or AAAA record; `address` in the canonical text of its family."""

    address: str
    ttl: int


class TextRecord(Struct, frozen=True, kw_only=True, tag="text"):
    """Any other record, as presentation text."""

    text: str
    ttl: int


Record = MxRecord | AddressRecord | TextRecord


class Alias(Struct, frozen=True, kw_only=True):
    """One CNAME met on the way from the question's name to the records."""

    name: str
    points_to: str
    ttl: int


class Answer(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The end of one question. `authenticated` is the AD bit, None where no server answered.

    `server` is "address:port" of the server that was believed (or asked last), `elapsed` seconds over all `tries`,
    `detail` the words of a failure, `negative_ttl` the SOA minimum of an absence. `authoritative` is the AA bit, None
    where no server answered.
    """

    question: Question
    status: AnswerStatus
    records: tuple[Record, ...] = ()
    aliases: tuple[Alias, ...] = ()
    authenticated: bool | None = None
    truncated: bool = False
    server: str | None = None
    elapsed: float = 0.0
    tries: int = 1
    detail: str | None = None
    negative_ttl: int | None = None
    authoritative: bool | None = None

    @property
    def mx(self) -> tuple[MxRecord, ...]:
        """The MX records in wire order."""
        return tuple(record for record in self.records if isinstance(record, MxRecord))

    @property
    def addresses(self) -> tuple[AddressRecord, ...]:
        """The address records in wire order."""
        return tuple(record for record in self.records if isinstance(record, AddressRecord))


Answers = Mapping[Question, Answer]


def index_answers(answers: Iterable[Answer]) -> Answers:
    """Answers by their question; of two answers to one question the later stays."""
    return {answer.question: answer for answer in answers}


class AuthorityAnswer(Struct, frozen=True, kw_only=True):
    """What one authoritative server of a zone said when it was asked itself: `server` is its name in the NS RRset."""

    zone: str
    server: str
    address: str
    answer: Answer


class Security(StrEnum):
    """The states of RFC 4035 §4.3 that an answer can end in; UNKNOWN: it was not found out."""

    SECURE = "secure"
    INSECURE = "insecure"
    BOGUS = "bogus"
    UNKNOWN = "unknown"


class Validation(Struct, frozen=True, kw_only=True):
    """What the chain of signatures says of the answer to a question. `link` is the question of the chain that does not
    hold or at which signing ends, `reason` in a word and `detail` in words why. The signatures over the records of the
    answer hold from `valid_from` until `valid_until`, in seconds since 1970; None where there are none."""

    question: Question
    security: Security
    reason: str = ""
    link: str = ""
    detail: str = ""
    valid_from: float | None = None
    valid_until: float | None = None
