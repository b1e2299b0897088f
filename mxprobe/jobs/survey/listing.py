"""Reads the list of a survey: a file or standard input, line by line, however long it is.

A line has a domain, a mail address (its domain, and a recipient to ask about), or a domain with several recipients of
it behind it, separated by blanks. A line of two columns, separated by a comma, has a rank and then any of these. What
stands behind a `#` is a comment. Lines end with LF or CRLF; the text is UTF-8; a heading (`rank,domain`) is no entry.

A line that is none of these is passed over and counted, and the first of them are kept to be named: a list of ten
million lines has some, and standard input cannot be read twice. `strict` refuses at the first. A list that *begins*
with a hundred of them is another sort of file, and is refused in either case.
"""

import io
import re
import sys
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Self, cast

from msgspec import Struct

from mxprobe.errors import InputError, Place
from mxprobe.facts.names import NameRefused, to_address, to_ascii
from mxprobe.facts.survey import Entry

STANDARD_INPUT = Path("-")

LONGEST_LINE = 1000
"""Octets of a line of the list without its end; of a longer one nothing is kept."""

MOST_NAMED = 5
"""So many of the lines that were passed over are kept with their reasons."""

MOST_BEFORE_ANY = 100
"""So many lines without one domain among them, and the file is taken for something else."""

_BLOCK = 65536
_LABEL = rb"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_PLAIN = re.compile(rb"(?:\d{1,18},)?((?=[\w.-]{1,253}\r?\Z)(?:%b\.)+(?=[A-Za-z])%b)\r?\Z" % (_LABEL, _LABEL), re.ASCII)
"""A line that needs no further look, as nearly all do. A last label that begins with a letter is of no IP address."""

_COMMENT = re.compile(r"(?:^|\s)#.*", re.DOTALL)
_HEADINGS = (b"domain", b"domains", b"rank,domain")
_TEXT_MARK = b"\xef\xbb\xbf"
_OTHERS = (
    (b"\x1f\x8b", "is compressed", "zcat {path} | mxprobe survey - ..."),
    (b"PK\x03\x04", "is a zip archive", "unzip -p {path} | mxprobe survey - ..."),
    (b"\xff\xfe", "is UTF-16", "iconv -f utf-16 -t utf-8 {path} | mxprobe survey - ..."),
    (b"\xfe\xff", "is UTF-16", "iconv -f utf-16 -t utf-8 {path} | mxprobe survey - ..."),
    (b"{", "is JSON", "jq -r .domain {path} | mxprobe survey - ..."),
)
_HINT = (
    "Right is a line with a domain (example.com), a rank and a domain (1,example.com),\nan address (me@example.com), "
    "or a domain and addresses of it (example.com me@example.com)."
)


class BadLine(Struct, frozen=True, kw_only=True):
    """A line of the list, numbered from 1, that is no entry, and why; `text` is its beginning."""

    line: int
    text: str
    reason: str


def read_line(raw: bytes, number: int) -> Entry | None:
    """The entry in a line; None where it is empty or a comment. Raises NameRefused."""
    if plain := _PLAIN.match(raw):
        asked = plain[1].decode("ascii")
        return Entry(number=number, domain=asked.lower(), asked=asked)
    if len(raw) > LONGEST_LINE + 1:
        raise NameRefused(f"the line has more than {LONGEST_LINE} octets")
    try:
        text = _COMMENT.sub("", raw.decode("utf-8")).strip()
    except UnicodeDecodeError as error:
        raise NameRefused("the line is not UTF-8") from error
    words = _last_column(text).split()
    if not words:
        return None
    asked = words[0]
    domain = to_address(asked).rpartition("@")[2] if "@" in asked else to_ascii(asked)
    recipients = dict.fromkeys(_recipient(word, domain) for word in words if "@" in asked or word != asked)
    return Entry(number=number, domain=domain, asked=asked, recipients=tuple(recipients))


def _recipient(word: str, domain: str) -> str:
    if "@" not in word:
        raise NameRefused(f"{word} is no address of {domain}, and each domain has a line of its own")
    address = to_address(word)
    if address.rpartition("@")[2] != domain:
        raise NameRefused(f"{word} is no recipient of {domain}, whose hosts are to be asked")
    return address


def _last_column(text: str) -> str:
    """The one column of a line that has one, the second where the first is a rank. Raises NameRefused."""
    if "," not in text:
        return text[1:-1] if text[:1] == text[-1:] == '"' else text
    columns = [column.strip().strip('"') for column in text.split(",")]
    filled = [column for column in columns if column]
    if len(filled) == 1:
        return filled[0]
    if len(filled) == 2 and filled[0].isdigit():
        return filled[1]
    raise NameRefused("columns are a rank and a domain; of other tables cut the domains out (cut -d, -f2)")


class EntryList:
    """The entries of a list, each given once and in order; numbered from 0, whatever lines lie between them.

    What was passed over stands in `passed_over` and `bad_lines` as far as the list was read. Making and reading it
    raise InputError: for a file that cannot be read or is no list, for a bad line where `strict`, and at the end where
    nothing was named. Reading standard input waits for whoever writes it: call `take` in a thread.
    """

    def __init__(self, path: Path, *, strict: bool = False) -> None:
        self.path = path
        self.strict = strict
        self.found = 0
        """So many entries were found."""
        self.passed_over = 0
        """So many lines were none."""
        self.bad_lines: tuple[BadLine, ...] = ()
        """The first of these."""
        self.octets = 0
        """So much of the list was read."""
        self.size: int | None = None
        """So many octets it has; None where nobody knows, as of standard input."""
        self._lines = 0
        self._file, self.close = self._open()
        self._blocks = self._read_blocks()
        self._waiting: Iterator[Entry] = iter(())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __iter__(self) -> Iterator[Entry]:
        while entries := self.take(_BLOCK):
            yield from entries

    @property
    def share_read(self) -> float | None:
        """How much of the list was read, from 0 to 1; None where nobody knows."""
        return None if self.size is None else min(self.octets / max(self.size, 1), 1.0)

    def take(self, most: int) -> tuple[Entry, ...]:
        """The next entries, at most so many; none at the end of the list. Once there is one, no more is waited for."""
        while not (taken := tuple(islice(self._waiting, most))):
            block = next(self._blocks, None)
            if block is None:
                return ()
            self._waiting = iter(block)
        return taken

    def _open(self) -> tuple[io.BufferedReader, Callable[[], None]]:
        """The file, and how to let go of it: standard input stays open."""
        if self.path == STANDARD_INPUT:
            return cast(io.BufferedReader, sys.stdin.buffer), lambda: None
        try:
            file = self.path.open("rb")
        except OSError as error:
            raise self._unreadable(error) from error
        self.size = self.path.stat().st_size if self.path.is_file() else None
        return file, file.close

    def _read_blocks(self) -> Iterator[list[Entry]]:
        """The entries of each block that was read. Raises InputError."""
        rest, too_long = b"", False
        for block in self._octet_blocks():
            lines = (rest + block).split(b"\n")
            rest = lines.pop()
            if too_long and lines:
                del lines[0]  # the end of a line that was told already
                too_long = False
            entries = self._read_lines(lines)
            if too_long:
                rest = b""
            elif len(rest) > LONGEST_LINE + 1:
                self._read_lines([rest])
                rest, too_long = b"", True
            yield entries
        yield self._read_lines([rest])
        if not self.found:
            raise self._error("the list names no domain", self.bad_lines[0] if self.bad_lines else None)

    def _octet_blocks(self) -> Iterator[bytes]:
        """What the file has, without the mark that says UTF-8. Raises InputError for another sort of file."""
        try:
            while block := self._file.read1(_BLOCK):
                first, self.octets = not self.octets, self.octets + len(block)
                if first:
                    self._refuse_others(block)
                yield block.removeprefix(_TEXT_MARK) if first else block
        except OSError as error:
            raise self._unreadable(error) from error

    def _refuse_others(self, block: bytes) -> None:
        for mark, what, way in _OTHERS:
            if block.startswith(mark):
                way = way.format(path="" if self.path == STANDARD_INPUT else self.path)
                raise InputError(f"this {what}, and no list of domains", place=self._place(), hint=f"Try: {way}")

    def _read_lines(self, lines: list[bytes]) -> list[Entry]:
        """The entries of some lines. Raises InputError."""
        entries = []
        for raw in lines:
            self._lines += 1
            if self._lines == 1 and raw.strip().lower().replace(b'"', b"") in _HEADINGS:
                continue
            try:
                entry = read_line(raw, self.found)
            except NameRefused as error:
                self._pass_over(raw, str(error))
                continue
            if entry is not None:
                entries.append(entry)
                self.found += 1
        return entries

    def _pass_over(self, raw: bytes, reason: str) -> None:
        """Count a line that is no entry. Raises InputError."""
        bad = BadLine(line=self._lines, text=raw[:100].decode("utf-8", "replace").strip(), reason=reason)
        if self.strict:
            raise self._error(reason, bad)
        self.passed_over += 1
        if len(self.bad_lines) < MOST_NAMED:
            self.bad_lines += (bad,)
        if self.passed_over == MOST_BEFORE_ANY and not self.found:
            first = self.bad_lines[0]
            raise self._error(f"none of the first {MOST_BEFORE_ANY} lines names a domain: {first.reason}", first)

    def _error(self, message: str, bad: BadLine | None) -> InputError:
        place = self._place() if bad is None else Place(self._place().path, bad.line, None, bad.text)
        return InputError(message, place=place, hint=_HINT)

    def _unreadable(self, error: OSError) -> InputError:
        return InputError(f"cannot read the list: {error.strerror}", place=self._place())

    def _place(self) -> Place:
        return Place("standard input" if self.path == STANDARD_INPUT else str(self.path))
