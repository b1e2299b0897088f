"""Whether the address of a mail host has a name, and the name leads back to it.

Standards: RFC 1035 §3.5 (PTR), RFC 8499 §2 (forward-confirmed).
"""

from enum import StrEnum

from msgspec import Struct

from mxprobe.facts.dns import Answers, AnswerStatus, Question, RecordType
from mxprobe.mx.identity import reverse_names, reverse_question


class Reverse(StrEnum):
    """What the names of an address say."""

    CONFIRMED = "confirmed"
    NOT_CONFIRMED = "not confirmed"
    MISSING = "missing"
    UNKNOWN = "unknown"


NOT_ASKED = "not asked"
"""Why nothing is known of an address's name where nobody has asked for it."""


class ReverseName(Struct, frozen=True, kw_only=True):
    """The verdict for an address, the names that it has, and what was asked in vain."""

    address: str
    verdict: Reverse
    names: tuple[str, ...] = ()
    reason: str = ""


def next_reverse_questions(addresses: tuple[str, ...], answers: Answers) -> tuple[Question, ...]:
    """What has to be asked next for `reverse_of` to tell; nothing when all is known."""
    asked = [reverse_question(address) for address in addresses]
    forward = [
        question
        for address in addresses
        if (answer := answers.get(reverse_question(address))) is not None
        for question in _forward_questions(address, reverse_names(answer))
    ]
    return tuple(question for question in dict.fromkeys((*asked, *forward)) if question not in answers)


def reverse_of(address: str, answers: Answers) -> ReverseName:
    """What is known of an address's name."""
    answer = answers.get(reverse_question(address))
    if answer is None or answer.status.is_temporary:
        unasked = answer is None or answer.status is AnswerStatus.NOT_ASKED
        reason = NOT_ASKED if unasked else f"the PTR lookup failed: {answer.status if answer else ''}"
        return ReverseName(address=address, verdict=Reverse.UNKNOWN, reason=reason)
    names = reverse_names(answer)
    if not names:
        return ReverseName(address=address, verdict=Reverse.MISSING)
    found = [answers.get(question) for question in _forward_questions(address, names)]
    if any(one is not None and address in {record.address for record in one.addresses} for one in found):
        return ReverseName(address=address, verdict=Reverse.CONFIRMED, names=names)
    if any(one is None or one.status.is_temporary for one in found):
        reason = "a name could not be looked up"
        return ReverseName(address=address, verdict=Reverse.UNKNOWN, names=names, reason=reason)
    return ReverseName(address=address, verdict=Reverse.NOT_CONFIRMED, names=names)


def _forward_questions(address: str, names: tuple[str, ...]) -> tuple[Question, ...]:
    rrtype = RecordType.AAAA if ":" in address else RecordType.A
    return tuple(Question(name=name, rrtype=rrtype) for name in names)
