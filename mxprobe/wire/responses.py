"""DNS queries and responses as bytes: what we ask, and what an answer says, aliases followed inside it.

What has to be understood is understood by dnspython, in `wire.messages`.

Standards: RFC 1035 §4 (form), RFC 2308 §2, §5 (absence), RFC 4035 §3.2.1 (DO), §3.2.3 (AD), RFC 6891 §6.2 (EDNS).
"""

import secrets

from msgspec import Struct

from mxprobe.facts.dns import Answer, AnswerStatus, Question

LONGEST_CHAIN = 16
"""The most aliases followed from one name; no standard sets a number."""

PAYLOAD = 1232
"""The datagram size we offer: it fits every usual path without fragments."""


_NOERROR, _NXDOMAIN = 0, 3


class NotAsked(ValueError):
    """A name that does not fit into a query."""


class Response(Struct, frozen=True, kw_only=True):
    """What one response says. `open_end` is the name where its aliases stop, with nothing said about that name."""

    answer: Answer
    open_end: str | None = None
    fears_edns: bool = False


def make_query(question: Question, *, edns: bool = True, recursion: bool = True) -> bytes:
    """A query that asks for DNSSEC's AD bit. Raises NotAsked for a name that cannot be in the DNS."""
    from mxprobe.wire import plain

    section = plain.question_section(question)
    if section is not None:
        return secrets.token_bytes(2) + plain.query_behind_its_number(section, edns=edns, recursion=recursion)
    from mxprobe.wire.messages import query_behind_its_number

    return secrets.token_bytes(2) + query_behind_its_number(question, edns, recursion)


def is_answer_to(response: bytes, query: bytes) -> bool:
    """Whether a datagram can be the response to the query: its number, its kind and its question are right.

    A response without a question section is let through where it is a failure: some servers refuse so. Nobody says so
    that there is something, or nothing: it would be believed of whatever was asked.
    """
    if len(response) < 12 or response[:2] != query[:2] or not response[2] & 0x80:
        return False
    if response[4:6] == b"\0\0":
        return not says_something(response)
    asked, given = _question_of(query), _question_of(response)
    return asked is not None and given is not None and asked.lower() == given.lower()


def is_cut_short(response: bytes) -> bool:
    """Whether a response with a header did not fit (TC)."""
    return bool(response[2] & 0x02)


def says_something(response: bytes) -> bool:
    """Whether a response with a header is about the name, and no failure: NOERROR or NXDOMAIN."""
    return response[3] & 0x0F in (_NOERROR, _NXDOMAIN)


def _question_of(message: bytes) -> bytes | None:
    """The first question's name, type and class as bytes; None where they are cut short or compressed."""
    position = 12
    while position < len(message) and message[position]:
        if message[position] > 63:
            return None
        position += message[position] + 1
    return message[12 : position + 5] if position + 5 <= len(message) else None


def read_response(wire: bytes, query: bytes, question: Question) -> Response:
    """What the response says about the question; whatever does not parse is MALFORMED."""
    if not is_answer_to(wire, query):
        return malformed(question, "the response belongs to another question")
    from mxprobe.wire import plain

    section = plain.question_section(question)
    response = None if section is None else plain.read_plain(wire, question, section)
    if response is not None:
        return response
    from mxprobe.wire.messages import read_behind_its_number

    return read_behind_its_number(wire[2:], question)


def malformed(question: Question, detail: str) -> Response:
    """A response that says nothing that can be understood."""
    return Response(answer=Answer(question=question, status=AnswerStatus.MALFORMED, detail=detail))
