"""A message of ours as it was found, read: its token, and which hosts wrote Received lines into it.

What is read is text that anybody may have written: it is bounded in size and number, kept as it stands, and never a
reason to raise. Whoever shows it escapes it. Standards: RFC 5321 §4.4 (Received, Return-Path), RFC 5322 §3.6.7 (trace
fields), RFC 8601 §2.2 (Authentication-Results), RFC 7208 §9.1 (Received-SPF).
"""

import re
from collections.abc import Iterator
from datetime import UTC
from email.parser import BytesHeaderParser
from email.utils import parsedate_to_datetime

from msgspec import Struct

from mxprobe.facts.proof import TOKEN_HEADER, Copy, Hop

MOST_OCTETS = 262_144
"""How much of a message is looked at; a header that goes further is cut there."""

MOST_HOPS = 64
"""How many Received lines are kept: the ones on top, which the hosts nearest to the mailbox wrote. Those below say
who had the message before, and only there can a line be that no host wrote."""

_MOST_NOTES = 16
_LONGEST_FIELD = 4_096
_LONGEST_WORD = 256
_LONGEST_DATE = 96
_LONGEST_TOKEN = 200
_END_OF_HEADER = re.compile(rb"\r?\n\r?\n")
_FOLD = re.compile(r"[\r\n]+(?=[ \t])")
_SPACE = re.compile(r"[ \t\r\n]+")
_PIECE = re.compile(r"[()]|\\.|[^()\\\s]+|\s+|\\")
_TLS = re.compile(r"\b(?:TLS|SSL)[ _]?v?\d", re.IGNORECASE)
_ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+|[0-9a-f]*:[0-9a-f]*:", re.IGNORECASE)
_CLAUSES = frozenset({"from", "by", "via", "with", "tls", "id", "for"})
_NOTES = frozenset({"authentication-results", "received-spf"})


class _Clause(Struct):
    """What stands behind one of the words `from`, `by`, `with`, ...: words, and what is in parentheses."""

    words: list[str]
    comments: list[str]

    @property
    def first(self) -> str:
        return self.words[0] if self.words else ""


def read_copy(content: bytes, place: str, at: float, is_junk: bool, at_known: bool = True) -> tuple[str, Copy] | None:
    """The token of a message of ours and what its header tells; None for a message without a token.

    `content` may be the header alone. Of its first 262,144 octets at most 64 Received lines are kept, the newest, and
    of each field 4,096 characters. Octets that are no UTF-8 become `\\xNN`; everything else stays as it was sent.
    """
    token, hops, notes = "", list[Hop](), list[str]()
    single = {"return-path": "", "message-id": ""}
    for name, value in _read_fields(content):
        if name == TOKEN_HEADER.lower():
            token = token or value.strip()
        elif name == "received" and len(hops) < MOST_HOPS:
            hops.append(read_hop(value))
        elif name in _NOTES and len(notes) < _MOST_NOTES:
            notes.append(_SPACE.sub(" ", value).strip())
        elif name in single:
            single[name] = single[name] or value.strip()
    if not token or len(token) > _LONGEST_TOKEN:
        return None
    copy = Copy(
        place=place,
        at=at,
        hops=tuple(reversed(hops)),
        notes=tuple(notes),
        return_path=single["return-path"],
        message_id=single["message-id"],
        is_junk=is_junk,
        at_known=at_known,
    )
    return token, copy


def header_of(content: bytes) -> bytes:
    """The header of a message, the empty line behind it included, as far as anything here looks at it."""
    content = content[:MOST_OCTETS]
    end = _END_OF_HEADER.search(content)
    return content if end is None else content[: end.end()]


def read_hop(value: str) -> Hop:
    """A Received field's value read; words that are not there are empty, and a line of no known form has no `by`."""
    raw = _SPACE.sub(" ", _FOLD.sub("", value[:_LONGEST_FIELD])).strip()
    told, _, date = raw.rpartition(";")
    clauses = dict[str, _Clause]()
    for keyword, clause in _split(told or raw):
        clauses.setdefault(keyword, clause)
    empty = _Clause([], [])
    source = clauses.get("from", empty)
    return Hop(
        by=clauses.get("by", empty).first,
        source=source.first,
        client=next((text for text in source.comments if _ADDRESS.search(text)), _first_plain(source.comments)),
        protocol=" ".join(clauses.get("with", empty).words)[:_LONGEST_WORD],
        tls=_tls_words(clauses),
        queued_as=clauses.get("id", empty).first,
        at=_read_date(date) if told else None,
        raw=raw,
    )


def _read_fields(content: bytes) -> Iterator[tuple[str, str]]:
    """Names in lower case and values of the header, in its order."""
    for name, value in BytesHeaderParser().parsebytes(header_of(content)).raw_items():
        octets = str(value)[:_LONGEST_FIELD].encode("utf-8", "surrogateescape")
        yield name.lower(), octets.decode("utf-8", "backslashreplace")


def _split(text: str) -> Iterator[tuple[str, _Clause]]:
    """The clauses of a Received line; what stands before the first word known is the clause of no word."""
    keyword, clause = "", _Clause([], [])
    for item, is_comment in _items(text):
        if is_comment:
            clause.comments.append(item)
        elif item.lower() in _CLAUSES and (item.lower() != "tls" or clause.words):
            yield keyword, clause
            keyword, clause = item.lower(), _Clause([], [])
        else:
            clause.words.append(item[:_LONGEST_WORD])
    yield keyword, clause


def _items(text: str) -> Iterator[tuple[str, bool]]:
    """Words, and what stands in parentheses, which may nest; a parenthesis never closed ends with the line."""
    depth, inside = 0, list[str]()
    for piece in _PIECE.findall(text):
        if piece == "(":
            depth += 1
        elif piece == ")":
            depth = max(depth - 1, 0)
        if depth or inside:
            inside.append(piece)
            if depth == 0:
                yield "".join(inside[1:-1]).strip(), True
                inside = []
        elif not piece.isspace() and piece != ")":
            yield piece, False
    if inside:
        yield "".join(inside[1:]).strip(), True


def _first_plain(comments: list[str]) -> str:
    """The first text in parentheses that is not about TLS or a client's certificate."""
    return next((text for text in comments if not _TLS.search(text) and "certificate" not in text.lower()), "")


def _tls_words(clauses: dict[str, _Clause]) -> str:
    """What the line says of TLS: in parentheses, or as Exim does, behind a word of its own."""
    said = next((text for clause in clauses.values() for text in clause.comments if _TLS.search(text)), "")
    cipher = clauses["tls"].first if "tls" in clauses else ""
    return " ".join(part for part in (said, cipher) if part)


def _read_date(text: str) -> float | None:
    """Seconds since 1970 UTC; a date that says no zone is taken as UTC, as RFC 5322 §3.3 takes `-0000`."""
    try:
        moment = parsedate_to_datetime(text.strip()[:_LONGEST_DATE])
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
