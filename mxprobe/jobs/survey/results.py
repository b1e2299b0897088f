"""Results of a survey, found again by domain: lines of JSON, a SQLite database (`sqlite:FILE`) or a Parquet file.

Of a file of lines nothing is kept but where each domain's line begins. It may be anybody's work: what is none of ours
ends in InputError, and no line is longer than a saved probe.
"""

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec
from msgspec import Struct

from mxprobe.errors import InputError, Place
from mxprobe.facts.names import to_unicode

MOST_OCTETS = 16_777_216
"""No line is longer."""

SQLITE = "sqlite:"
PARQUET = ".parquet"
HINT = "Results come from `mxprobe survey --out`: lines of JSON, FILE.parquet or sqlite:FILE."

_BEGINS = b'{"schema":1,"kind":"look","snapshot":'
_HEAD = 4096


class _Named(Struct, frozen=True, kw_only=True):
    domain: str


class _Line(Struct, frozen=True, kw_only=True):
    schema: int
    kind: str
    snapshot: _Named


_DECODER = msgspec.json.Decoder(_Line)


def is_table(results: Path) -> bool:
    """Whether results are a table, by what they are called."""
    return str(results).startswith(SQLITE) or results.suffix == PARQUET


def are_many(results: Path) -> bool:
    """Whether this is what a survey made of more than one domain; never raises.

    Of a file the first two lines tell: those of a history are about one domain.
    """
    if is_table(results):
        return True
    try:
        with results.open("rb") as file:
            if not file.read(_HEAD).startswith(_BEGINS):
                return False
            file.seek(0)
            lines = [file.readline(MOST_OCTETS), file.readline(MOST_OCTETS)]
    except OSError:
        return False
    return len({one.snapshot.domain for line in lines if (one := _read_or_none(line)) is not None}) > 1


def _read_or_none(line: bytes) -> _Line | None:
    try:
        return _DECODER.decode(line)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None


def line_about(results: Path, domain: str) -> bytes:
    """The line about a domain, as A-label: of several, as a history has them, the last one.

    A file that is one saved probe is taken for its own line. Raises InputError.
    """
    if is_table(results):
        found = _in_table(results, domain)
    elif not _has_lines(results):
        document = results.read_bytes()
        found = document if domain_in(document, Place(str(results))) == domain else b""
    else:
        found = b""
        wanted = f'"domain":"{domain}"'.encode()
        for number, line in lines_in(results):
            if wanted in line and domain_in(line, Place(str(results), number)) == domain:
                found = line
    if not found:
        says = f"there is no line about {to_unicode(domain)} in these results"
        raise InputError(says, place=Place(str(results)))
    return found


def _has_lines(path: Path) -> bool:
    """Whether a file has more than one line, or one that a survey or a history begins so; a large one has lines."""
    try:
        with path.open("rb") as file:
            return file.read(len(_BEGINS)) == _BEGINS or path.stat().st_size > MOST_OCTETS
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", place=Place(str(path))) from error


def domain_in(line: bytes, place: Place) -> str:
    """Whom a line is about. Raises InputError for what is no saved probe."""
    try:
        read = _DECODER.decode(line)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise InputError(f"no line of a survey: {error}", place=place, hint=HINT) from error
    if read.kind != "look" or read.schema != 1:
        raise InputError("no line of a survey of schema 1", place=place, hint=HINT)
    return read.snapshot.domain


def lines_in(path: Path) -> Iterator[tuple[int, bytes]]:
    """The lines of a file with their numbers, from 1; what has no line end was cut short, and is passed over.

    Raises InputError.
    """
    try:
        with path.open("rb") as file:
            number = 0
            while line := file.readline(MOST_OCTETS + 1):
                number += 1
                if len(line) > MOST_OCTETS:
                    raise InputError(f"a line has more than {MOST_OCTETS} octets", place=Place(str(path), number))
                if line.endswith(b"\n"):
                    yield number, line
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", place=Place(str(path))) from error


class Lines:
    """A file of lines by domain. To be used in a `with`; of two lines about one domain the last counts."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.begins: dict[str, int] = {}
        begin = 0
        for number, line in lines_in(path):
            self.begins[domain_in(line, Place(str(path), number))] = begin
            begin += len(line)
        self._file = path.open("rb")

    def __enter__(self) -> "Lines":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def about(self, domain: str) -> bytes:
        """The line about a domain that is among them."""
        self._file.seek(self.begins[domain])
        return self._file.readline()


def _in_table(results: Path, domain: str) -> bytes:
    text = str(results)
    if text.startswith(SQLITE):
        return _in_database(Path(text.removeprefix(SQLITE)), domain)
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise InputError("Parquet needs pyarrow: pip install 'mxprobe[parquet]'", place=Place(text)) from error
    require_file(results)
    try:
        table = parquet.read_table(results, columns=["document"], filters=[("domain", "==", domain)])
    except (OSError, pyarrow.ArrowException) as error:
        raise InputError(f"cannot be read: {error}", place=Place(text), hint=HINT) from error
    documents = table.column("document").to_pylist()
    return documents[-1].encode() if documents else b""


def require_file(path: Path) -> None:
    """Raises InputError where there is no file, in the words in which others say it."""
    if not path.is_file():
        reason = os.strerror(errno.EISDIR if path.is_dir() else errno.ENOENT)
        raise InputError(f"cannot be read: {reason}", place=Place(str(path)))


def open_database(path: Path) -> sqlite3.Connection:
    """Results in a database, to be read alone. Raises InputError where there is none."""
    if not path.is_file():
        raise InputError("there is no such database", place=Place(str(path)))
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)


def _in_database(path: Path, domain: str) -> bytes:
    try:
        with closing(open_database(path)) as connection:
            query = "SELECT document FROM results WHERE domain = ? ORDER BY number DESC LIMIT 1"
            row = connection.execute(query, (domain,)).fetchone()
    except sqlite3.Error as error:
        raise InputError(f"cannot be read: {error}", place=Place(str(path)), hint=HINT) from error
    return b"" if row is None else row[0].encode() if isinstance(row[0], str) else bytes(row[0])
