"""Reads the way of a message from its header: which hosts stamped it, when, and what they noted of its sender."""

import re
from email.message import Message
from email.parser import BytesHeaderParser
from email.utils import parsedate_to_datetime

from mxprobe.facts.proof import TOKEN_HEADER, Copy, Hop

_LONGEST = 262144
_MOST = 64
_FROM = re.compile(r"^from\s+(\S+)(?:\s+\(([^()]*(?:\([^()]*\)[^()]*)*)\))?", re.IGNORECASE)
_BY = re.compile(r"\bby\s+(\S+?)[;\s]", re.IGNORECASE)
_WITH = re.compile(r"\bwith\s+([A-Za-z0-9-]+)", re.IGNORECASE)
_ID = re.compile(r"\bid\s+([^\s;()]+)", re.IGNORECASE)
_TLS = re.compile(r"\b(TLS[v_ ]?1[._]\d\b[^);]*)", re.IGNORECASE)


def read_copy(content: bytes, place: str, at: float, is_junk: bool) -> tuple[str, Copy] | None:
    """The mark of a message of ours, and the copy; None for any other message."""
    header = BytesHeaderParser().parsebytes(content[:_LONGEST])
    token = header.get(TOKEN_HEADER)
    if token is None:
        return None
    stamps = [_flat(value) for value in header.get_all("Received", [])][:_MOST]
    copy = Copy(
        place=place,
        at=at,
        hops=tuple(read_hop(stamp) for stamp in reversed(stamps)),
        notes=_notes(header),
        return_path=_flat(header.get("Return-Path", "")),
        message_id=_flat(header.get("Message-ID", "")),
        is_junk=is_junk,
    )
    return str(token).strip(), copy


def read_hop(stamp: str) -> Hop:
    """One Received line."""
    words, _, date = stamp.rpartition(";")
    came = _FROM.search(words)
    return Hop(
        by=_word(_BY, f"{words} "),
        source=came[1] if came else "",
        client=(came[2] or "") if came else "",
        protocol=_word(_WITH, words),
        tls=_word(_TLS, words),
        queued_as=_word(_ID, words),
        at=_moment(date),
        raw=stamp,
    )


def _word(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return found[1].strip() if found else ""


def _moment(text: str) -> float | None:
    try:
        return parsedate_to_datetime(text.strip()).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None


def _notes(header: Message) -> tuple[str, ...]:
    values = (*header.get_all("Authentication-Results", []), *header.get_all("Received-SPF", []))
    return tuple(_flat(value) for value in values[:_MOST])


def _flat(value: object) -> str:
    return " ".join(str(value).split())
