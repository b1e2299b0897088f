"""Where the lines of a survey go: a file of JSON lines, standard output, a SQLite database, or a Parquet file.

What was written is good as far as the journal says. Whatever a killed run wrote beyond that is taken away when the
survey goes on: a line stands in the results once.
"""

import contextlib
import os
import sqlite3
import sys
from collections.abc import Sequence
from io import FileIO
from pathlib import Path
from typing import Any, Protocol

import msgspec
from msgspec import Struct

from mxprobe.errors import InputError, Place
from mxprobe.jobs.survey.tasks import LineRow

_AT_ONCE = 1024
"""Blocks that are written in one go: the most that Linux, macOS and the BSDs take (IOV_MAX)."""


class Output(Protocol):
    """Takes lines. `keeps_documents`: the journal has to keep the lines, since they are written at the end."""

    keeps_documents: bool

    def open(self, written: int, *, resume: bool) -> bool:
        """Begin, or go on behind `written`; False where what was written is gone, and all is to be written again.

        Raises InputError where there are results that nobody wants to go on with, or nothing can be written there.
        """
        ...

    def append(self, rows: Sequence[LineRow]) -> None:
        """Take some lines. Raises InputError where they cannot be written; then none of them counts as written."""
        ...

    def keep(self) -> int:
        """All that was taken is out of this process; how much is written in all. Raises InputError."""
        ...

    def finish(self, journal: Path) -> None:
        """The last line was taken, and the journal has all."""
        ...

    def close(self) -> None:
        """Let go."""
        ...


class Destination(Struct, frozen=True, kw_only=True):
    """What `--out` named. `journal` is where the journal goes where nobody says otherwise; None: nowhere."""

    kind: str
    path: Path | None

    @property
    def journal(self) -> Path | None:
        """Beside the results."""
        return None if self.path is None else self.path.with_name(f"{self.path.name}.journal")

    def make(self) -> Output:
        """What writes there. Raises InputError where a library is missing."""
        if self.path is None:
            return StandardOutput()
        if self.kind == "parquet":
            from mxprobe.jobs.survey.parquet import ParquetFile

            return ParquetFile(self.path)
        return Database(self.path) if self.kind == "sqlite" else LinesFile(self.path)


_OTHERS = {
    ".csv": "sqlite:{stem}.db, whose table `results` any SQLite exports",
    ".tsv": "sqlite:{stem}.db, whose table `results` any SQLite exports",
    ".db": "sqlite:{name}",
    ".sqlite": "sqlite:{name}",
    ".sqlite3": "sqlite:{name}",
    ".gz": "- and a pipe: mxprobe survey domains.txt --out - | gzip > {name}",
    ".zst": "- and a pipe: mxprobe survey domains.txt --out - | zstd > {name}",
}
"""Endings of files that lines of JSON are not, and what is meant."""


def destination(text: str) -> Destination:
    """What `--out` names: "-", "sqlite:FILE", a file that ends in .parquet, or one of JSON lines. Raises InputError."""
    if text == "-":
        return Destination(kind="lines", path=None)
    if text.startswith("sqlite:"):
        name = text.removeprefix("sqlite:")
        if not name:
            raise InputError("--out sqlite:FILE names no file")
        return Destination(kind="sqlite", path=Path(name))
    path = Path(text)
    if path.suffix.lower() in _OTHERS:
        meant = _OTHERS[path.suffix.lower()].format(name=text, stem=path.with_suffix(""))
        hint = f"Right is FILE.jsonl, FILE.parquet or sqlite:FILE. Perhaps --out {meant}."
        raise InputError(f"--out {text}: results are lines of JSON, and this ends in {path.suffix}", hint=hint)
    if path.is_dir():
        raise InputError("this is a folder: name a file in it for the results", place=Place(text))
    return Destination(kind="parquet" if text.endswith(".parquet") else "lines", path=path)


def refuse_others(path: Path) -> None:
    """Raises InputError where there are results already that nobody wants to go on with."""
    if path.exists() and (not path.is_file() or path.stat().st_size):
        hint = "--resume goes on with a survey; to begin anew, remove the results and the journal beside them."
        raise InputError("there are results already, and they are not overwritten", place=Place(str(path)), hint=hint)


def cannot_write(path: Path, error: OSError | sqlite3.Error) -> InputError:
    """What to say of results that cannot be written."""
    reason = error.strerror if isinstance(error, OSError) else str(error)
    return InputError(f"cannot write the results: {reason}", place=Place(str(path)))


class LinesFile:
    """A file of JSON lines, appended to as they come: lines that waited would have left the processor's cache."""

    keeps_documents = False

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: FileIO | None = None
        self._written = 0

    def open(self, written: int, *, resume: bool) -> bool:
        """Begin, or cut off what lies behind `written`."""
        if not resume:
            refuse_others(self._path)
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
            self._file = FileIO(descriptor, "r+")
            size = self._file.seek(0, os.SEEK_END)
            self._written = written if written <= size else 0
            if size > self._written:  # some file systems write out at its end what was ever cut to nothing
                self._file.truncate(self._written)
            self._file.seek(self._written)
        except OSError as error:
            raise cannot_write(self._path, error) from error
        return written <= size

    def append(self, rows: Sequence[LineRow]) -> None:
        """Write some lines."""
        if self._file is None:
            return
        before = self._written
        blocks = [block for row in rows for block in (row.document, b"\n")]
        try:
            for first in range(0, len(blocks), _AT_ONCE):
                self._write(self._file, blocks[first : first + _AT_ONCE])
        except OSError as error:
            self._written = before
            with contextlib.suppress(OSError):
                self._file.truncate(self._file.seek(before))
            raise cannot_write(self._path, error) from error

    def keep(self) -> int:
        """All is written; how much that is."""
        return self._written

    def _write(self, file: FileIO, blocks: list[bytes]) -> None:
        """Write blocks, of which no copy is made where the system takes them as they lie."""
        count = os.writev(file.fileno(), blocks) if hasattr(os, "writev") else 0
        self._written += count
        if count == sum(map(len, blocks)):
            return
        rest = memoryview(b"".join(blocks))[count:]  # a disk that is full says so with the next octet
        while rest:
            count = file.write(rest)
            self._written += count
            rest = rest[count:]

    def finish(self, journal: Path) -> None:
        """Nothing is left to do."""

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()


class StandardOutput:
    """JSON lines on standard output. What a killed run printed beyond its journal cannot be taken back."""

    keeps_documents = False

    def __init__(self) -> None:
        self._waiting: list[bytes] = []
        self._written = 0

    def open(self, written: int, *, resume: bool) -> bool:
        """Begin, or go on."""
        self._written = written
        return True

    def append(self, rows: Sequence[LineRow]) -> None:
        """Take some lines."""
        for row in rows:
            self._waiting += (row.document, b"\n")

    def keep(self) -> int:
        """Print what waits."""
        block = b"".join(self._waiting)
        self._waiting.clear()
        try:
            sys.stdout.buffer.write(block)
            sys.stdout.buffer.flush()
        except OSError as error:
            raise cannot_write(Path("-"), error) from error
        self._written += len(block)
        return self._written

    def finish(self, journal: Path) -> None:
        """Nothing is left to do."""

    def close(self) -> None:
        """Nothing is open."""


class Database:
    """A table `results` in a SQLite database: number, domain, document, and a column for each part of the tally."""

    keeps_documents = False

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._columns: dict[str, None] = {}
        self._written = 0

    def open(self, written: int, *, resume: bool) -> bool:
        """Begin, or go on: a line that is written again replaces itself. `written` counts lines."""
        if not resume:
            refuse_others(self._path)
        try:
            self._connection = connection = sqlite3.connect(self._path, isolation_level=None, timeout=60)
            connection.execute(
                "CREATE TABLE IF NOT EXISTS results (number INTEGER PRIMARY KEY, domain TEXT, document TEXT)"
            )
            self._columns = dict.fromkeys(row[1] for row in connection.execute("PRAGMA table_info(results)"))
            count = int(connection.execute("SELECT count(*) FROM results").fetchone()[0])
        except sqlite3.Error as error:
            raise cannot_write(self._path, error) from error
        self._written = written if written <= count else 0
        return written <= count

    def append(self, rows: Sequence[LineRow]) -> None:
        """Take some lines."""
        connection = self._connection
        if connection is None:
            return
        try:
            if not connection.in_transaction:
                connection.execute("BEGIN IMMEDIATE")
            for row in rows:
                values: dict[str, object] = {
                    "number": row.number,
                    "domain": row.domain,
                    "document": row.document.decode(),
                    **flat(row.tally),
                }
                self._add_columns(connection, values)
                names = ", ".join(_quoted(name) for name in values)
                marks = ", ".join("?" * len(values))
                connection.execute(f"INSERT OR REPLACE INTO results ({names}) VALUES ({marks})", tuple(values.values()))
        except sqlite3.Error as error:
            raise cannot_write(self._path, error) from error
        self._written += len(rows)

    def _add_columns(self, connection: sqlite3.Connection, names: dict[str, object]) -> None:
        for name in names:
            if name not in self._columns:
                connection.execute(f"ALTER TABLE results ADD COLUMN {_quoted(name)}")
                self._columns[name] = None

    def keep(self) -> int:
        """Commit; how many lines are written in all."""
        try:
            if self._connection is not None and self._connection.in_transaction:
                self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise cannot_write(self._path, error) from error
        return self._written

    def finish(self, journal: Path) -> None:
        """Nothing is left to do."""

    def close(self) -> None:
        """Let go of the database."""
        if self._connection is not None:
            self._connection.close()


def flat(tally: bytes) -> dict[str, Any]:
    """The parts of a tally as they stand in a table: what is more than one value as its JSON."""
    parts = msgspec.json.decode(tally)
    if not isinstance(parts, dict):
        return {}
    return {
        name: msgspec.json.encode(value).decode() if isinstance(value, (dict, list)) else value
        for name, value in parts.items()
        if name not in ("number", "domain", "document")
    }


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
