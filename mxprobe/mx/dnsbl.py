"""Whether a list of the DNS (DNSBL) lists an address, and whether the list can be believed.

A list is asked for its own test entries first: one that does not list 127.0.0.2 answers nobody, or not us, and one that
lists 127.0.0.1 lists the world. Only 127.0.0.0/8 says "listed"; 127.255.255.0/24 says that the question was not
answered, and 127.0.0.1 is no code of a listing.

Standards: RFC 5782 §2.1 (questions and answers), §2.4 (IPv6), §5 (test entries).
"""

import ipaddress
from enum import StrEnum

from msgspec import Struct

from mxprobe.facts.dns import Answer, Answers, AnswerStatus, Question, RecordType, TextRecord
from mxprobe.mx.consent import text_of

_CODES = ipaddress.ip_network("127.0.0.0/8")
_ERRORS = ipaddress.ip_network("127.255.255.0/24")
_NO_CODE = ipaddress.ip_address("127.0.0.1")
_LISTED_TEST, _UNLISTED_TEST = "127.0.0.2", "127.0.0.1"


class Listed(StrEnum):
    """Whether an address is listed."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Listing(Struct, frozen=True, kw_only=True):
    """What a list says of an address: its codes and texts, or why nothing is known."""

    zone: str
    address: str
    listed: Listed
    codes: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    reason: str = ""


def list_question(zone: str, address: str, rrtype: RecordType = RecordType.A) -> Question:
    """What is asked about an address."""
    pointer = ipaddress.ip_address(address).reverse_pointer
    return Question(name=f"{pointer.removesuffix('.in-addr.arpa').removesuffix('.ip6.arpa')}.{zone}", rrtype=rrtype)


def next_list_questions(zones: tuple[str, ...], addresses: tuple[str, ...], answers: Answers) -> tuple[Question, ...]:
    """What is lacking for `listing_of`: test entries and addresses, and the text of a listing."""
    tests = [list_question(zone, test) for zone in zones for test in (_LISTED_TEST, _UNLISTED_TEST)]
    asked = [list_question(zone, address) for zone in zones for address in addresses]
    texts = [
        list_question(zone, address, RecordType.TXT)
        for zone in zones
        for address in addresses
        if (answer := answers.get(list_question(zone, address))) is not None and answer.addresses
    ]
    return tuple(question for question in (*tests, *asked, *texts) if question not in answers)


def listing_of(zone: str, address: str, answers: Answers) -> Listing:
    """What a list says of an address."""
    answer = answers.get(list_question(zone, address))
    unknown = Listing(zone=zone, address=address, listed=Listed.UNKNOWN)
    if answer is None or answer.status is AnswerStatus.NOT_ASKED:
        return _because(unknown, f"{zone} was not asked about {address}")
    if answer.status.is_temporary:
        return _because(unknown, f"{zone} does not answer about {address}: {answer.status}")
    if reason := _why_not_believed(zone, answers):
        return _because(unknown, reason)
    if not answer.addresses:
        return Listing(zone=zone, address=address, listed=Listed.NO)
    codes = tuple(record.address for record in answer.addresses)
    if not all(_is_code(code) for code in codes):
        return _because(unknown, f"{zone} did not answer the question about {address}: {', '.join(codes[:4])}")
    return Listing(zone=zone, address=address, listed=Listed.YES, codes=codes, texts=_texts(zone, address, answers))


def _because(unknown: Listing, reason: str) -> Listing:
    return Listing(zone=unknown.zone, address=unknown.address, listed=Listed.UNKNOWN, reason=reason)


def _is_code(text: str) -> bool:
    """Whether an answer is the code of a listing."""
    code = ipaddress.ip_address(text)
    return code in _CODES and code not in _ERRORS and code != _NO_CODE


def _why_not_believed(zone: str, answers: Answers) -> str:
    """Why a list cannot be believed; empty where it can."""
    listed, unlisted = (answers.get(list_question(zone, test)) for test in (_LISTED_TEST, _UNLISTED_TEST))
    for answer in (listed, unlisted):
        if answer is None or answer.status.is_temporary:
            told = "were not asked for" if answer is None else f"could not be looked up: {answer.status}"
            return f"the test entries of {zone} {told}"
    if not _lists(listed):
        return f"{zone} does not list {_LISTED_TEST}, its own test entry: it answers nobody, or not this resolver"
    if _lists(unlisted):
        return f"{zone} lists {_UNLISTED_TEST}, so that it lists everybody"
    return ""


def _lists(answer: Answer | None) -> bool:
    return answer is not None and any(_is_code(record.address) for record in answer.addresses)


def _texts(zone: str, address: str, answers: Answers) -> tuple[str, ...]:
    answer = answers.get(list_question(zone, address, RecordType.TXT))
    records = answer.records if answer is not None else ()
    return tuple(text_of(record.text)[:200] for record in records if isinstance(record, TextRecord))[:4]
