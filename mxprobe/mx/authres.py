"""What a host noted of a message's signatures: the field Authentication-Results, read.

Standards: RFC 8601 §2.2 (the form), §2.7.1 (the results of DKIM); RFC 8617 §4.1.1 (ARC's result stands there, too).
"""

import re
from collections.abc import Iterable

from msgspec import Struct

_RESULT = re.compile(r"\s*([a-z0-9-]+)(?:/\d+)?\s*=\s*([a-z]+)", re.IGNORECASE)
_PROPERTY = re.compile(r"\bheader\.(?:d|i)\s*=\s*(?:\"?[^\s;\"@]*@)?\"?([^\s;\"]+)", re.IGNORECASE)
_REASON = re.compile(r"\breason\s*=\s*(\"[^\"]*\"|\S+)", re.IGNORECASE)


class Noted(Struct, frozen=True, kw_only=True):
    """One result: by whom (the authserv-id), of which method, for which domain (empty: not said), and why."""

    by: str
    method: str
    result: str
    domain: str = ""
    why: str = ""
    raw: str = ""


def read_results(note: str) -> tuple[Noted, ...]:
    """The results of one field; nothing for what has no such form, such as Received-SPF."""
    plain, comments = _split_comments(note)
    by, semicolon, rest = plain.partition(";")
    if not semicolon or not by.strip() or "=" in by:
        return ()
    found = []
    for part in rest.split(";"):
        match = _RESULT.match(part)
        if match is None:
            continue
        domain, reason = _PROPERTY.search(part), _REASON.search(part)
        marks = [int(number) for number in re.findall(r"\x00(\d+)\x00", part)]
        told = [reason[1].strip('"')] if reason else [comments[number] for number in marks if number < len(comments)]
        found.append(
            Noted(
                by=by.split()[0].lower(),
                method=match[1].lower(),
                result=match[2].lower(),
                domain=domain[1].lower() if domain else "",
                why=", ".join(told),
                raw=note,
            )
        )
    return tuple(found)


def last_word(notes: Iterable[str], method: str, domain: str) -> Noted | None:
    """What the last host that noted it says of a method, for our domain where domains are named.

    Fields are put on top as a message travels, so that the first of `notes` is the last host's.
    """
    for note in notes:
        results = [one for one in read_results(note) if one.method == method]
        ours = [one for one in results if one.domain in ("", domain)]
        if results:
            return ours[0] if ours else None
    return None


def _split_comments(note: str) -> tuple[str, list[str]]:
    """The field with every comment replaced by its number between NULs, and the comments."""
    plain, comments, depth, start = [], list[str](), 0, 0
    for place, letter in enumerate(note.replace("\x00", "")):
        if letter == "(":
            depth += 1
            if depth == 1:
                start = place + 1
        elif letter == ")" and depth:
            depth -= 1
            if not depth:
                plain.append(f" \x00{len(comments)}\x00 ")
                comments.append(note.replace("\x00", "")[start:place].strip())
        elif not depth:
            plain.append(letter)
    return "".join(plain), comments
