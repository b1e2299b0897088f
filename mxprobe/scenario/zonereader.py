"""Reads a master file record by record: dnspython's reader over a quick tokenizer, with the line of every record.

What no server would load is refused here, and so is what would take memory without end: too many records, a $GENERATE
of millions, control characters, names that are not ASCII. Nothing is opened: $INCLUDE is refused.

Standards: RFC 1035 §5 (master files), RFC 1034 §3.6.2 (an alias stands alone), RFC 5891 §4.4 (names as A-labels).
"""

import re
from collections.abc import Callable
from typing import cast

import dns.exception
import dns.grange
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.tokenizer
import dns.transaction
import dns.zonefile
from msgspec import Struct

from mxprobe.facts.names import NameRefused, to_ascii
from mxprobe.facts.text import escape_text

MOST_RECORDS = 200_000
"""So many records of one file are read; a zone of mail has a few thousand."""

MOST_OF_A_KIND = 5041
"""So many records of one name and type fit into a message of 65,535 octets, at 13 octets each."""

_WORD = re.compile(r"[ \t]*(?:([^ \t\n;()\"\\]+)(?=[ \t\n])|(\n))")
_FIRST = re.compile(r"([ \t]+)(?=[^ \t])|([^ \t\n;()\"\\]+)(?=[ \t\n])")
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_*-]{1,63}(?:\.[A-Za-z0-9_*-]{1,63})*\.?\Z")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")
_AT_LINE = re.compile(r"zone:(\d+): (.*)\Z", re.DOTALL)
_CAUGHT = re.compile(r"caught exception <class '[^']*'>: ")
_WORDS = {
    "string too long": "a text string has 255 octets at most; a longer text is several strings in a row",
    "Missing default TTL value": "the record has no TTL; $TTL 3600 in the first line gives one to all",
    "string not in quotes": "this text needs quotes",
    "Text input is malformed.": "this is not what such a record has: 192.0.2.1 for A, 2001:db8::1 for AAAA",
    "RR class is not zone's class": "the class of a record is IN, or is left out",
}
"""What dnspython says, in other words."""

_UNKNOWN_TYPE = re.compile(r"\Aunknown rdatatype")
_INCLUDE = re.compile(r"directive '\$INCLUDE' is not allowed")
_STAND_IN = dns.rdatatype.RdataType.make(65399)
"""A type for private use, under which TLSA records are read: dnspython refuses those of a wrong size."""

_DIRECTIVES = ("$GENERATE", "$ORIGIN", "$TTL")
_SINGLE = frozenset({dns.rdatatype.CNAME, dns.rdatatype.SOA, dns.rdatatype.DNAME})
_BESIDE_ALIAS = frozenset({dns.rdatatype.RRSIG, dns.rdatatype.NSEC, dns.rdatatype.NSEC3, dns.rdatatype.KEY})
"""What may stand at the name of an alias (RFC 4034 §4; a KEY of old as well)."""


class Unreadable(Exception):
    """A line that no server would load: the sentence that says why, the line (None: the whole), and what to do."""

    def __init__(self, says: str, line: int | None = None, hint: str | None = None) -> None:
        super().__init__(says)
        self.says, self.line, self.hint = says, line, hint


class Told(Struct, frozen=True):
    """A record: its data, the line where it begins, and its TTL."""

    rdata: dns.rdata.Rdata
    line: int
    ttl: int


Node = dict[dns.rdatatype.RdataType, list[Told]]
"""The records of one name by their type, each once, in the order of the file."""


def read_records(text: str, origin: dns.name.Name) -> dict[dns.name.Name, Node]:
    """The records of a master file by their names; those outside of `origin` are passed over, as a server does.

    Raises Unreadable.
    """
    if (found := _CONTROL.search(text)) is not None:
        says = f"there is a control character here (0x{ord(found[0]):02x}), which no master file has"
        raise Unreadable(says, text.count("\n", 0, found.start()) + 1)
    tokenizer = _Tokenizer(text)
    kept = _Kept(origin, lambda: tokenizer.began)
    try:
        _Reader(
            tokenizer, dns.rdataclass.IN, cast(dns.transaction.Transaction, kept), allow_directives=_DIRECTIVES
        ).read()
    except (Unreadable, dns.exception.DNSException, ValueError, ArithmeticError) as error:
        raise _refusal(error, tokenizer.began) from error
    return kept.nodes


def _refusal(error: Exception, line: int) -> Unreadable:
    """What dnspython says, in a sentence."""
    if isinstance(error, Unreadable) and error.line is not None:
        return error
    found = _AT_LINE.match(str(error))
    said = found[2] if found is not None else str(error)
    if _INCLUDE.search(said):
        return Unreadable(
            "$INCLUDE is not followed: give one file that has every record",
            line,
            "named-compilezone -o - DOMAIN FILE writes one; mxprobe reads it by --zone -.",
        )
    said = _CAUGHT.sub("", said)
    said = _WORDS.get(said, _UNKNOWN_TYPE.sub("no type of record is called", said))
    return Unreadable(escape_text(said) or "this is no record", line)


class _Ascii(dns.name.IDNACodec):
    """Refuses labels that are not ASCII, and says what would be right."""

    def encode(self, label: str) -> bytes:
        """The label as octets."""
        if label.isascii():
            return label.encode("ascii")
        try:
            right = f"; a zone file has it as {to_ascii(label)}"
        except NameRefused:
            right = ""
        raise Unreadable(f"the name {label[:40]} is not ASCII{right}")


class _Tokenizer(dns.tokenizer.Tokenizer):
    """Reads plain words at once, and leaves what is quoted, escaped or in parentheses to dnspython.

    `began` is the line on which the statement that is being read begins: where a token is asked for that may be white
    space. `promise_follows` is set where what comes next is the data of a TLSA record.
    """

    def __init__(self, text: str) -> None:
        super().__init__("", "zone", _Ascii())  # type: ignore[no-untyped-call]  # dnspython's
        self.began = 1
        self.promise_follows = False
        self._queued: list[dns.tokenizer.Token] = []
        self._text, self._place, self._end = text, 0, len(text)

    def _get_char(self) -> str:
        """The next character; the empty text at the end."""
        if self.ungotten_char is not None:
            char, self.ungotten_char = self.ungotten_char, None
            return char
        if self._place >= self._end:
            self.eof = True
            return ""
        char = self._text[self._place]
        self._place += 1
        if char == "\n":
            self.line_number += 1
        return char

    def get(self, want_leading: bool = False, want_comment: bool = False) -> dns.tokenizer.Token:
        """The next token."""
        if self.ungotten_token is not None or self.quoting:
            return super().get(want_leading, want_comment)
        if self.promise_follows:
            self.promise_follows = False
            self._queued = self._promise()
        if self._queued:
            return self._queued.pop(0)
        if want_leading and not self.multiline:
            self.began = self.line_number - (self.ungotten_char == "\n")
        if self.ungotten_char is None:
            found = (_FIRST if want_leading else _WORD).match(self._text, self._place)
            blank_or_word, last = found.groups() if found is not None else (None, None)
            if found is not None and want_leading:
                self._place = found.end()
                return _word(last) if last is not None else dns.tokenizer.Token(dns.tokenizer.WHITESPACE, " ")
            if found is not None and blank_or_word is not None:
                self._place = found.end()
                return _word(blank_or_word)
            if found is not None and not self.multiline:
                self._place = found.end()
                self.line_number += 1
                return dns.tokenizer.Token(dns.tokenizer.EOL, "\n")
        return super().get(want_leading, want_comment)

    def _promise(self) -> list[dns.tokenizer.Token]:
        """The data of a TLSA record in the form of RFC 3597 §5, which no size of a digest is too odd for."""
        words = list[str]()
        while not (token := self.get()).is_eol_or_eof():
            words.append(token.value)
        try:
            if words[:1] == [r"\#"]:
                data = bytes.fromhex("".join(words[2:]))
            else:
                data = bytes(int(word) for word in words[:3]) + bytes.fromhex("".join(words[3:]))
        except ValueError:
            data = b""
        if len(data) < 3:
            raise Unreadable("a TLSA record has three numbers up to 255 and hexadecimal digits: 3 1 1 5a…")
        return [*map(_word, (r"\#", str(len(data)), data.hex())), token]

    def as_name(
        self,
        token: dns.tokenizer.Token,
        origin: dns.name.Name | None = None,
        relativize: bool = False,
        relativize_to: dns.name.Name | None = None,
    ) -> dns.name.Name:
        """The name that a token is; most have no escapes, and need not be looked at letter by letter."""
        text = token.value
        if not token.is_identifier() or relativize or origin is None or _PLAIN_NAME.match(text) is None:
            return super().as_name(token, origin, relativize, relativize_to)
        labels = tuple(text.encode("ascii").split(b"."))
        return dns.name.Name(labels if not labels[-1] else labels + origin.labels)


def _word(text: str) -> dns.tokenizer.Token:
    return dns.tokenizer.Token(dns.tokenizer.IDENTIFIER, text)


class _Reader(dns.zonefile.Reader):
    """dnspython's reader, which looks at how many records a $GENERATE asks for before it makes the first, and takes a
    TLSA record whose digest has a wrong size: servers publish it, and senders cannot use it."""

    def _get_identifier(self) -> dns.tokenizer.Token:
        token = cast(dns.tokenizer.Token, super()._get_identifier())  # type: ignore[no-untyped-call]  # dnspython's
        if token.value.upper() != "TLSA":
            return token
        cast(_Tokenizer, self.tok).promise_follows = True
        return _word(f"TYPE{_STAND_IN:d}")

    def _generate_line(self) -> None:
        token = self.tok.get()
        self.tok.unget(token)
        try:
            start, stop, step = dns.grange.from_text(token.value)
        except (dns.exception.DNSException, ValueError):
            raise Unreadable("$GENERATE needs a range: 1-20, or 1-20/2") from None
        if (stop - start) // step >= MOST_RECORDS:
            raise Unreadable(f"this $GENERATE asks for more than {MOST_RECORDS} records")
        super()._generate_line()  # type: ignore[no-untyped-call]  # dnspython's


class _Kept:
    """What dnspython's reader takes for a transaction: keeps the records, and refuses those that cannot stand there."""

    def __init__(self, origin: dns.name.Name, line: Callable[[], int]) -> None:
        self.nodes: dict[dns.name.Name, Node] = {}
        self._several: dict[tuple[dns.name.Name, dns.rdatatype.RdataType], set[dns.rdata.Rdata]] = {}
        self.manager = self
        self._origin, self._line, self._count = origin, line, 0

    def origin_information(self) -> tuple[dns.name.Name, bool, dns.name.Name]:
        """By what names are completed, and that they are kept whole."""
        return self._origin, False, self._origin

    def check_put_rdataset(self, check: object) -> None:
        """Take no notice of dnspython's check: it does not know lines, and ours is below."""

    def _set_origin(self, origin: dns.name.Name) -> None:
        """Take no notice of $ORIGIN: the zone's name is known."""

    def add(self, name: dns.name.Name, ttl: int, rdata: dns.rdata.Rdata) -> None:
        """Keep a record."""
        line = self._line()
        kind = kind_of(rdata)
        self._count += 1
        if self._count > MOST_RECORDS:
            raise Unreadable(f"there are more than {MOST_RECORDS} records", line, "Give the part that mail needs.")
        node = self.nodes.get(name)
        if node is None:
            node = self.nodes[name] = {}
        rrset = node.get(kind)
        if rrset is None:
            self._check_alias(name, node, kind, line)
            node[kind] = [Told(rdata, line, ttl)]
        elif self._is_new(name, rrset, rdata):
            text = f"{_show(name)} has"
            if kind in _SINGLE:
                told = f"a second {dns.rdatatype.to_text(kind)} record; the first is in line {rrset[0].line}"
                raise Unreadable(f"{text} {told}", line)
            if len(rrset) == MOST_OF_A_KIND:
                told = f"more than {MOST_OF_A_KIND} {dns.rdatatype.to_text(kind)} records"
                raise Unreadable(f"{text} {told}, which no DNS message can hold", line)
            rrset.append(Told(rdata, line, ttl))

    def _is_new(self, name: dns.name.Name, rrset: list[Told], rdata: dns.rdata.Rdata) -> bool:
        """Whether a record is not there yet; a set is kept only where a name has several of a type."""
        seen = self._several.get((name, rdata.rdtype))
        if seen is None:
            seen = self._several[name, rdata.rdtype] = {told.rdata for told in rrset}
        before = len(seen)
        seen.add(rdata)
        return len(seen) > before

    def _check_alias(
        self,
        name: dns.name.Name,
        node: Node,
        added: dns.rdatatype.RdataType,
        line: int,
    ) -> None:
        """Refuse an alias beside other records: no server loads such a zone."""
        if added in _BESIDE_ALIAS:
            return
        others = node.keys() - _BESIDE_ALIAS
        clash = others if added == dns.rdatatype.CNAME else others & {dns.rdatatype.CNAME}
        if clash:
            other = min((told.line, kind) for kind in clash for told in node[kind])
            says = (
                f"{_show(name)} has {dns.rdatatype.to_text(added)} here and {dns.rdatatype.to_text(other[1])} in line "
                f"{other[0]}: beside CNAME there is nothing else"
            )
            raise Unreadable(says, line, "No server loads such a zone (RFC 1034 §3.6.2).")


def kind_of(rdata: dns.rdata.Rdata) -> dns.rdatatype.RdataType:
    """The type of a record that was read."""
    return dns.rdatatype.TLSA if rdata.rdtype == _STAND_IN else rdata.rdtype


def text_of(rdata: dns.rdata.Rdata) -> str:
    """The data of a record that was read, as a zone file has it."""
    if isinstance(rdata, dns.rdata.GenericRdata) and rdata.rdtype == _STAND_IN:
        data = bytes(rdata.data)
        return f"{data[0]} {data[1]} {data[2]} {data[3:].hex()}".rstrip()
    return rdata.to_text()


def _show(name: dns.name.Name) -> str:
    return name.to_text(omit_final_dot=True)
