"""What SPF says of a client that sends under a domain, and why: which term of which record, after which lookups.

Pure: `evaluate` is a generator that yields the question it needs and is sent the answer. It ends for any zone: ten
terms that ask, two that ask in vain, ten names of an MX or a PTR. The text that `exp` names is not asked for.

Where we knowingly differ from others: what is asked in vain is counted by the term (RFC 7208 §4.6.4 limits terms), and
what `%{p}` asks is not counted.

Standards: RFC 7208 §4 (check_host), §5 (mechanisms), §6.1 (redirect), §7.3 (what macros stand for); RFC 8616 §4.
"""

import ipaddress
from collections.abc import Generator
from enum import StrEnum
from typing import TypeVar

from msgspec import Struct

from mxprobe.facts.dns import Answer, Answers, AnswerStatus, Question, RecordType, TextRecord
from mxprobe.mx.identity import reverse_question
from mxprobe.mx.spfmacro import address_text, expand, letters_in, name_of, presented
from mxprobe.mx.spfrecord import BadRecord, Directive, Mechanism, SpfRecord, Word, network_of, read_spf, spf_texts

MOST_TERMS = 10
"""So many terms of one evaluation may ask the DNS (RFC 7208 §4.6.4)."""

MOST_VOIDS = 2
"""So many of them may find nothing."""

MOST_NAMES = 10
"""So many hosts of an MX are looked at, and names of an address."""

_OF_THE_SENDER = frozenset("slipvh")

Found = TypeVar("Found")
Asking = Generator[Question, Answer, Found]
"""Yields what has to be asked; is sent the answer."""


class Reason(StrEnum):
    """Why an evaluation ended in an error."""

    SYNTAX = "syntax"
    SEVERAL_RECORDS = "several-records"
    NO_RECORD = "no-record"
    TERMS = "too-many-terms"
    VOIDS = "too-many-voids"
    NAMES = "too-many-names"
    LOOKUP = "lookup-failed"


class Client(Struct, frozen=True, kw_only=True):
    """Who sends: an address, under the name of whom (`local`@`domain`), saying which name in EHLO."""

    address: str
    domain: str
    local: str = "postmaster"
    helo: str = "unknown"


class Step(Struct, frozen=True, kw_only=True):
    """A term that asked: of whose record, and whether in vain; `varies`: what it asks depends on client or sender."""

    term: str
    domain: str
    is_void: bool = False
    varies: bool = False


class Spf(Struct, frozen=True, kw_only=True):
    """How an evaluation ended. `term` of the record of `domain` decided (empty: none did); `detail` tells an error.

    `steps` are the terms that asked, in order, `domains` those whose record was read.
    """

    word: Word
    term: str = ""
    domain: str = ""
    reason: Reason | None = None
    detail: str = ""
    steps: tuple[Step, ...] = ()
    domains: tuple[str, ...] = ()


class _Ended(Exception):
    """An error that ends the evaluation; never leaves this module."""

    def __init__(self, word: Word, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.word, self.reason = word, reason


class _Decided(Struct, frozen=True, kw_only=True):
    word: Word
    term: str = ""
    domain: str = ""


def evaluate(client: Client) -> Asking[Spf]:
    """What SPF says of the client."""
    walk = _Walk(client)
    try:
        decided = yield from walk.judge(client.domain.lower().removesuffix("."))
    except _Ended as ended:
        return Spf(
            word=ended.word,
            term=walk.term,
            domain=walk.domain,
            reason=ended.reason,
            detail=str(ended),
            steps=tuple(walk.steps),
            domains=tuple(walk.records),
        )
    return Spf(
        word=decided.word,
        term=decided.term,
        domain=decided.domain,
        steps=tuple(walk.steps),
        domains=tuple(walk.records),
    )


def replay(asking: Asking[Found], answers: Answers) -> Found | Question:
    """How an evaluation ends with what is known; the question where it stops for want of an answer."""
    try:
        question = next(asking)
        while (answer := answers.get(question)) is not None and answer.status is not AnswerStatus.NOT_ASKED:
            question = asking.send(answer)
    except StopIteration as end:
        found: Found = end.value
        return found
    return question


class _Walk:
    """One evaluation: what has been asked, and which term is being looked at."""

    def __init__(self, client: Client) -> None:
        address = ipaddress.ip_address(client.address)
        mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
        self.address = mapped or address
        self.number = int(self.address)
        self.type = RecordType.A if self.address.version == 4 else RecordType.AAAA
        self.client = client
        self.steps: list[Step] = []
        self.records: list[str] = []
        self.term = self.domain = ""
        self._names: tuple[str, ...] | None = None

    def judge(self, domain: str) -> Asking[_Decided]:
        """What the record of a domain says, or the one that it hands over to."""
        is_handed_over = False
        number, version = self.number, self.address.version
        while True:
            record = yield from self._record(domain)
            if record is None:
                if is_handed_over:
                    raise _Ended(Word.PERMERROR, Reason.NO_RECORD, f"{domain} has no SPF record to redirect to")
                return _Decided(word=Word.NONE)
            for directive in record.directives:
                self.term, self.domain = directive.text, domain
                block = directive.network
                if block is None:
                    is_match = yield from self._matches(directive, domain)
                else:
                    is_match = number & block.mask == block.base and version == block.version
                if is_match:
                    return _Decided(word=directive.word, term=directive.text, domain=domain)
            if record.redirect is None:
                return _Decided(word=Word.NEUTRAL)
            self.term, self.domain = f"redirect={record.redirect}", domain
            self._count(varies=bool(letters_in(record.redirect) & _OF_THE_SENDER))
            handed_to = yield from self._target(record.redirect, domain)
            if handed_to is None:
                raise _Ended(Word.PERMERROR, Reason.NO_RECORD, f"{self.term} names no domain that can be")
            domain, is_handed_over = handed_to, True

    def _record(self, domain: str) -> Asking[SpfRecord | None]:
        """The domain's record; None where it has none, or cannot have one (RFC 7208 §4.3 to §4.5)."""
        if "." not in domain or name_of(domain) is None:
            return None
        answer = yield from self._ask(domain, RecordType.TXT)
        texts = spf_texts(answer)
        if not texts:
            return None
        self.records.append(domain)
        if len(texts) > 1:
            raise _Ended(Word.PERMERROR, Reason.SEVERAL_RECORDS, f"{domain} has {len(texts)} SPF records")
        record = read_spf(texts[0])
        if isinstance(record, BadRecord):
            self.term, self.domain = record.term, domain
            told = f": {record.term[:80]}" if record.term else ""
            raise _Ended(
                Word.PERMERROR, Reason.SYNTAX, f"the SPF record of {domain} is malformed: {record.reason}{told}"
            )
        return record

    # -- mechanisms ---------------------------------------------------------------------------------------------------

    def _matches(self, directive: Directive, domain: str) -> Asking[bool]:
        mechanism = directive.mechanism
        if mechanism is Mechanism.ALL:
            return True
        letters = letters_in(directive.spec or "")
        self._count(varies=mechanism is Mechanism.PTR or bool(letters & _OF_THE_SENDER))
        name = yield from self._target(directive.spec, domain)
        if mechanism is Mechanism.INCLUDE:
            return (yield from self._includes(directive, domain, name))
        if name is None:
            return False
        if mechanism is Mechanism.PTR:
            names = yield from self._validated()
            return any(one == name or one.endswith(f".{name}") for one in names)
        if mechanism is Mechanism.EXISTS:
            answer = yield from self._ask(name, RecordType.A)
            self._note(answer)
            return bool(answer.addresses)
        if mechanism is Mechanism.A:
            return (yield from self._has_address(presented(name), directive))
        return (yield from self._is_mx(name, directive))

    def _includes(self, directive: Directive, domain: str, name: str | None) -> Asking[bool]:
        """Whether the other record passes (RFC 7208 §5.2); one that is not there is an error."""
        decided = _Decided(word=Word.NONE)
        if name is not None:
            decided = yield from self.judge(name)
            self.term, self.domain = directive.text, domain
        if decided.word is Word.NONE:
            raise _Ended(
                Word.PERMERROR, Reason.NO_RECORD, f"{name or 'the domain'} of {directive.text[:80]} has no record"
            )
        return decided.word is Word.PASS

    def _is_mx(self, name: str, directive: Directive) -> Asking[bool]:
        answer = yield from self._ask(name, RecordType.MX)
        self._note(answer)
        if len(answer.mx) > MOST_NAMES:
            told = f"{name} has {len(answer.mx)} MX records, and {MOST_NAMES} are the most for {directive.text[:80]}"
            raise _Ended(Word.PERMERROR, Reason.NAMES, told)
        for record in sorted(answer.mx, key=lambda one: (one.preference, one.exchange)):
            if record.exchange != "." and (yield from self._has_address(record.exchange, directive)):
                return True
        return False

    def _has_address(self, presented_name: str, directive: Directive) -> Asking[bool]:
        """Whether the client is among the addresses of a name, or near one."""
        answer = yield from self._ask_presented(presented_name, self.type)
        self._note(answer)
        length = directive.cidr4 if self.address.version == 4 else directive.cidr6
        near = network_of(self.address, length)
        found = [ipaddress.ip_address(record.address) for record in answer.addresses]
        return any(one.version == near.version and int(one) & near.mask == near.base for one in found)

    def _validated(self) -> Asking[tuple[str, ...]]:
        """The names of the client's address that lead back to it (RFC 7208 §5.5); a lookup that fails finds none."""
        if self._names is None:
            answer = yield reverse_question(str(self.address))
            texts = [record.text for record in answer.records if isinstance(record, TextRecord)]
            names, found = [text.removesuffix(".").lower() for text in texts][:MOST_NAMES], []
            for name in filter(None, names):
                forward = yield Question(name=name, rrtype=self.type)
                if any(ipaddress.ip_address(record.address) == self.address for record in forward.addresses):
                    found.append(name)
            self._names = tuple(found)
            if self.term.lower().lstrip("+?~-").startswith("ptr"):
                self._note(answer)
        return self._names

    # -- names and limits ---------------------------------------------------------------------------------------------

    def _target(self, spec: str | None, domain: str) -> Asking[str | None]:
        """The name that a term is about; None where it can be none."""
        if spec is None:
            return domain
        letters, client = letters_in(spec), self.client
        if not client.local.isascii() and letters & {"l", "s"}:
            return None
        values = {
            "s": f"{client.local}@{client.domain}",
            "l": client.local,
            "o": client.domain,
            "d": domain,
            "i": address_text(self.address),
            "h": client.helo,
            "v": "in-addr" if self.address.version == 4 else "ip6",
        }
        if "p" in letters:
            names = yield from self._validated()
            below = [name for name in names if name.endswith(f".{domain}")]
            values["p"] = next(iter([domain] if domain in names else below or names), "unknown")
        return name_of(expand(spec, values))

    def _ask(self, name: str, rrtype: RecordType) -> Asking[Answer]:
        return (yield from self._ask_presented(presented(name), rrtype))

    def _ask_presented(self, name: str, rrtype: RecordType) -> Asking[Answer]:
        """The answer; a lookup that fails ends the evaluation for now."""
        answer = yield Question(name=name, rrtype=rrtype)
        if answer.status.is_temporary:
            raise _Ended(Word.TEMPERROR, Reason.LOOKUP, f"{name} {rrtype} could not be looked up: {answer.status}")
        return answer

    def _count(self, *, varies: bool) -> None:
        """One more term asks."""
        self.steps.append(Step(term=self.term, domain=self.domain, varies=varies))
        if len(self.steps) > MOST_TERMS:
            told = f"{self.term[:80]} of {self.domain} is term {len(self.steps)} that asks; {MOST_TERMS} are the most"
            raise _Ended(Word.PERMERROR, Reason.TERMS, told)

    def _note(self, answer: Answer) -> None:
        """Mark the last term where it has asked in vain."""
        if answer.records or not answer.status.is_absence or self.steps[-1].is_void:
            return
        last = self.steps[-1]
        self.steps[-1] = Step(term=last.term, domain=last.domain, is_void=True, varies=last.varies)
        voids = sum(step.is_void for step in self.steps)
        if voids > MOST_VOIDS:
            told = f"{last.term[:80]} of {last.domain} is term {voids} that finds nothing; {MOST_VOIDS} are the most"
            raise _Ended(Word.PERMERROR, Reason.VOIDS, told)
