"""What a host noted of a message: the fields Authentication-Results and Received-SPF, read.

Standards: RFC 8601 §2.2 (the form), §2.7.1 and §2.7.2 (the results of DKIM and SPF); RFC 7208 §9.1 (Received-SPF);
RFC 8617 §4.1.1 (ARC's result stands there, too).
"""

import re
from collections.abc import Iterable

from msgspec import Struct

_RESULT = re.compile(r"\s*([a-z0-9-]+)(?:/\d+)?\s*=\s*([a-z]+)", re.IGNORECASE)
_PROPERTY = re.compile(r"\bheader\.(?:d|i)\s*=\s*(?:\"?[^\s;\"@]*@)?\"?([^\s;\"]+)", re.IGNORECASE)
_SENDER = re.compile(r"\bsmtp\.(?:mailfrom|mfrom)\s*=\s*(\"[^\"]*\"|[^\s;]*)", re.IGNORECASE)
_HELLO = re.compile(r"\bsmtp\.helo\s*=\s*(\"[^\"]*\"|[^\s;]*)", re.IGNORECASE)
_ADDRESS = re.compile(
    r"(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-f]{1,4}:[0-9a-f:]*:[0-9a-f.:]*)(?![\w:])", re.IGNORECASE
)
_SPF = re.compile(
    r"\s*(pass|fail|softfail|neutral|none|temperror|permerror|error|unknown)\b(?!\s*[;=.-])", re.IGNORECASE
)
_PAIR = re.compile(r"\b(client-ip|envelope-from|helo|identity|receiver)\s*=\s*(\"[^\"]*\"|[^\s;]+)", re.IGNORECASE)
_RECEIVER = re.compile(r"([a-z0-9-]+(?:\.[a-z0-9-]+)+):", re.IGNORECASE)
_REASON = re.compile(r"\breason\s*=\s*(\"[^\"]*\"|\S+)", re.IGNORECASE)


class Noted(Struct, frozen=True, kw_only=True):
    """One result: by whom (the authserv-id, or the receiver), of which method, for which domain, why, and which client
    was judged; what is not said is empty. The domain of SPF is that of the envelope sender, or else the name in EHLO.
    """

    by: str
    method: str
    result: str
    domain: str = ""
    why: str = ""
    client: str = ""
    raw: str = ""


def read_results(note: str) -> tuple[Noted, ...]:
    """The results of one field, of either name; nothing for what has no such form."""
    plain, comments = _split_comments(note)
    if spf := _SPF.match(plain):
        return (_read_spf(spf[1].lower(), plain, comments, note),)
    by, semicolon, rest = plain.partition(";")
    if not semicolon or not by.strip() or "=" in by:
        return ()
    found = []
    for part in rest.split(";"):
        match = _RESULT.match(part)
        if match is None:
            continue
        method, reason = match[1].lower(), _REASON.search(part)
        marks = [int(number) for number in re.findall(r"\x00(\d+)\x00", part)]
        told = [reason[1].strip('"')] if reason else [comments[number] for number in marks if number < len(comments)]
        clients = _ADDRESS.findall(" ".join(told)) if method == "spf" else []
        found.append(
            Noted(
                by=by.split()[0].lower(),
                method=method,
                result=match[2].lower(),
                domain=_domain_in(part, method),
                why=", ".join(told),
                client=clients[0].lower() if clients else "",
                raw=note,
            )
        )
    return tuple(found)


def results_for(notes: Iterable[str], method: str, domain: str) -> tuple[Noted, ...]:
    """All that hosts noted of a method for our domain, the last host's first; none that is named is ours."""
    return tuple(
        one for note in notes for one in read_results(note) if one.method == method and one.domain in ("", domain)
    )


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


def _domain_in(part: str, method: str) -> str:
    """The domain that a result is about; empty where it names none."""
    if method == "spf":
        return next((domain for found in (_SENDER.search(part), _HELLO.search(part)) if (domain := _domain(found))), "")
    named = _PROPERTY.search(part)
    return named[1].lower() if named else ""


def _domain(found: re.Match[str] | None) -> str:
    return "" if found is None else _domain_of(found[1])


def _domain_of(sender: str) -> str:
    """What stands behind the last @ of an address, or all of a name."""
    return sender.strip('"<>').rpartition("@")[2].lower()


def _read_spf(result: str, plain: str, comments: list[str], note: str) -> Noted:
    """The result of a field Received-SPF; who wrote it stands in `receiver`, or before a colon in its comment."""
    said = {match[1].lower(): match[2].strip('"<>').lower() for match in _PAIR.finditer(plain)}
    named = _RECEIVER.match(comments[0]) if comments else None
    by = said.get("receiver", "")
    if "." not in by:
        by = named[1].lower() if named else ""
    is_of_helo = said.get("identity") == "helo" or "envelope-from" not in said
    return Noted(
        by=by,
        method="spf",
        result=result,
        domain=said.get("helo", "") if is_of_helo else _domain_of(said["envelope-from"]),
        why=", ".join(comments),
        client=said.get("client-ip", ""),
        raw=note,
    )


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
