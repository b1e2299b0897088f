"""What is known of a domain's SPF: its record, the records that belong to it, and what it says of some clients.

Asked about are a stranger, whom only a record that lets everybody in passes, and so sees each term that asks; the MX
hosts, which hand on mail where they are backups; and one sender of the mailbox operator, to see whether it may send by
whatever way the record lets it.

Standards: RFC 7208 §4.4 to §4.6 (records), §5.2, §6.1 (records of others).
"""

import ipaddress

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
    TextRecord,
    index_answers,
)
from mxprobe.mx.providers import Provider
from mxprobe.mx.spf import MOST_TERMS, Client, Spf, evaluate, replay
from mxprobe.mx.spfmacro import name_of, presented
from mxprobe.mx.spfrecord import BadRecord, Mechanism, Network, SpfRecord, Word, read_spf, spf_texts

STRANGER = "255.255.255.255"
"""An address that no host has."""

MOST_CLIENTS = 8
"""So many addresses of MX hosts are evaluated."""

_MOST_RECORDS = 2 * MOST_TERMS


class Tree(Struct, frozen=True, kw_only=True):
    """A domain's record and those that it hands to: the names, as far as they stand there without macros.

    `varies`: what it lets in depends on client or sender, too. `is_open`: a record is not known.
    """

    names: tuple[str, ...] = ()
    records: tuple[SpfRecord, ...] = ()
    varies: bool = False
    is_open: bool = False


def spf_question(domain: str) -> Question:
    """What is asked for a domain's record."""
    return Question(name=presented(domain), rrtype=RecordType.TXT)


def tree_of(domain: str, answers: Answers) -> Tree:
    """The records that belong to a domain's SPF, level by level."""
    names, records, varies, is_open = [domain], list[SpfRecord](), False, False
    for name in names:
        answer = answers.get(spf_question(name))
        if answer is None or answer.status is AnswerStatus.NOT_ASKED or answer.status.is_temporary:
            is_open = True
            continue
        texts = spf_texts(answer)
        record = read_spf(texts[0]) if len(texts) == 1 else None
        if not isinstance(record, SpfRecord):
            continue
        records.append(record)
        varies = varies or record.varies
        further = [one for one in _handed_to(record, name) if one not in names]
        names += dict.fromkeys(further[: _MOST_RECORDS - len(names)])
    return Tree(names=tuple(names), records=tuple(records), varies=varies, is_open=is_open)


def _handed_to(record: SpfRecord, domain: str) -> list[str]:
    """The domains whose records decide here, too, where they are named without macros."""
    specs = [one.spec for one in record.directives if one.mechanism is Mechanism.INCLUDE]
    specs.append(record.redirect)
    plain = [name_of(spec) for spec in specs if spec is not None and "%" not in spec]
    return [name for name in plain if name is not None and name != domain]


def sender_of(operator: Provider, answers: Answers) -> str | None:
    """An address from which an operator sends, by its own SPF; None where its records do not tell."""
    tree = tree_of(operator.includes[0], answers)
    blocks = [one.network for record in tree.records for one in record.directives if one.network is not None]
    return _first_of(blocks[0]) if blocks else None


def _first_of(block: Network) -> str:
    """An address inside a block that is not its first, where there is another."""
    size = (1 << (32 if block.version == 4 else 128)) - block.mask
    number = block.base + (1 if size > 1 else 0)
    return str(ipaddress.IPv4Address(number) if block.version == 4 else ipaddress.IPv6Address(number))


def spf_of(domain: str, address: str, answers: Answers) -> Spf | None:
    """What SPF says of mail of the domain's own senders that comes from an address; None where an answer is lacking."""
    said = replay(evaluate(Client(address=address, domain=domain)), answers)
    return said if isinstance(said, Spf) else None


class Wanted(Struct, frozen=True, kw_only=True):
    """Whose SPF, for which addresses beside the stranger, and for which operator."""

    domain: str
    addresses: tuple[str, ...] = ()
    operator: Provider | None = None


def next_spf_questions(wanted: Wanted, answers: Answers) -> tuple[Question, ...]:
    """What is lacking; each record of the tree is asked for at once, so that few rounds are needed."""
    domain = wanted.domain
    first = answers.get(spf_question(domain))
    if first is None:
        return (spf_question(domain),)
    texts = spf_texts(first)
    if len(texts) != 1 or isinstance(read_spf(texts[0]), BadRecord):
        return ()
    found = [spf_question(name) for name in tree_of(domain, answers).names]
    unhindered = replay(evaluate(Client(address=STRANGER, domain=domain)), in_the_best_case(answers))
    found += [unhindered] if isinstance(unhindered, Question) else []
    clients = [STRANGER, *wanted.addresses[:MOST_CLIENTS]]
    if wanted.operator is not None:
        found += [spf_question(name) for name in tree_of(wanted.operator.includes[0], answers).names[:4]]
        sender = sender_of(wanted.operator, answers)
        clients += [sender] if sender is not None else []
    for address in clients:
        said = replay(evaluate(Client(address=address, domain=domain)), answers)
        found += [said] if isinstance(said, Question) else []
    return tuple(question for question in dict.fromkeys(found) if question not in answers)


_HARMLESS: dict[RecordType, Record] = {
    RecordType.TXT: TextRecord(text='"v=spf1 ?all"', ttl=0),
    RecordType.MX: MxRecord(preference=0, exchange=".", ttl=0),
    RecordType.A: AddressRecord(address="0.0.0.0", ttl=0),
    RecordType.AAAA: AddressRecord(address="::", ttl=0),
}


def in_the_best_case(answers: Answers) -> Answers:
    """The answers, those that nobody asked for being such that SPF goes on behind them, and nothing is found in vain.

    A limit that is exceeded even so is exceeded whatever they are.
    """

    def best(answer: Answer) -> Answer:
        record = _HARMLESS.get(answer.question.rrtype)
        if answer.status is not AnswerStatus.NOT_ASKED or record is None:
            return answer
        return Answer(question=answer.question, status=AnswerStatus.FOUND, records=(record,), tries=0)

    return index_answers(map(best, answers.values()))


def lets_everybody_in(stranger: Spf | None) -> bool:
    """Whether a stranger passes."""
    return stranger is not None and stranger.word is Word.PASS
