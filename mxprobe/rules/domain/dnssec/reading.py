"""What the rules about DNSSEC ask of a look: what a validator said of MX records, and of the hosts' records."""

from msgspec import Struct

from mxprobe.facts.dns import AnswerStatus, Question, RecordType, Security, Validation
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.dane import tlsa_question
from mxprobe.mx.once import once
from mxprobe.mx.security import trusting
from mxprobe.mx.validation import OWN, UNLESS_UNCHECKED
from mxprobe.rules.domain.reading import chain_of

NOBODY_VALIDATES = "no validator was asked, as far as is known: --dnssec makes this probe one"

NOT_IN_A_FILE = "a zone file was read, and its signatures, if it has any, are not judged: that needs it published"


class Word(Struct, frozen=True, kw_only=True):
    """The state of an answer, and what was said of it (None: the resolver's bit is all that is known); `is_found`: it
    has records."""

    question: Question
    security: Security
    is_found: bool = False
    said: Validation | None = None

    @property
    def link(self) -> str:
        """The link of the chain at which it ends; empty where it is not known."""
        return self.said.link if self.said is not None and self.said.reason != UNLESS_UNCHECKED else ""

    @property
    def reason(self) -> str:
        """Why it is not secure, in a word; empty where it is not known."""
        return self.said.reason if self.said is not None else ""

    @property
    def evidence(self) -> str:
        """What was seen, in a line."""
        if self.said is not None and self.said.detail:
            return self.said.detail
        return f"{self.question.rrtype} {self.question.name}: {self.security}, by the resolver's word"


class Words(Struct, frozen=True, kw_only=True):
    """The words on the MX records of the domain, and for each host on its addresses and its TLSA records."""

    mx: Word
    hosts: dict[str, tuple[Word, ...]]


@once
def words_of(snapshot: Snapshot) -> Words:
    """All that was said of the chain."""
    known, told = trusting(snapshot), {one.question: one for one in snapshot.validations}

    def word(question: Question) -> Word:
        answer, said = known.answers.get(question), told.get(question)
        own = said.security if said is not None else Security.UNKNOWN
        return Word(
            question=question,
            security=own if validates_itself(snapshot) else known.security_of(question),
            is_found=answer is not None and answer.status is AnswerStatus.FOUND,
            said=said,
        )

    plan, port = chain_of(snapshot), snapshot.vantage.port
    names = dict.fromkeys(host.name for host in (*plan.hosts, *plan.excluded))
    hosts = {}
    for name in names:
        addresses = [Question(name=name, rrtype=rrtype) for rrtype in (RecordType.A, RecordType.AAAA)]
        asked = [one for one in (*addresses, tlsa_question(name, port)) if one in known.answers or one in told]
        hosts[name] = tuple(word(one) for one in asked)
    return Words(mx=word(Question(name=snapshot.domain, rrtype=RecordType.MX)), hosts=hosts)


def validates_itself(snapshot: Snapshot) -> bool:
    """Whether our own validator was used."""
    return OWN in snapshot.asked_for


def why_unknown(snapshot: Snapshot, word: Word) -> str:
    """Why it is not known whether an answer is signed."""
    if word.said is not None and word.said.detail:
        return word.said.detail
    if snapshot.zone is not None:
        return NOT_IN_A_FILE
    answer = next((one for one in snapshot.answers if one.question == word.question), None)
    if answer is not None and answer.status.is_temporary:
        return f"{word.question.rrtype} {word.question.name}: the lookup failed ({answer.status})"
    return NOBODY_VALIDATES


def goes_with(word: Word, other: Word, domain: str) -> bool:
    """Whether two answers have one cause: they end at the same link, or for the same reason inside the domain."""
    if word.link and word.link == other.link:
        return True
    return word.reason == other.reason and f".{other.question.name}".endswith(f".{domain}")
