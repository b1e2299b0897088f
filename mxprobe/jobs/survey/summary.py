"""Reads the results of a survey from end to end and sums its tallies up; nothing else of a line is decoded.

Results are lines of JSON, a SQLite database (`sqlite:FILE`) or a Parquet file, as `mxprobe survey --out` writes them.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, get_type_hints

import msgspec
from msgspec import Struct

from mxprobe.errors import InputError, Place
from mxprobe.facts.summary import Summary
from mxprobe.facts.tally import Tally
from mxprobe.jobs.survey.results import HINT, PARQUET, SQLITE, lines_in, open_database, require_file
from mxprobe.mx.summed import Sums

_TEXTS = tuple(name for name, kind in get_type_hints(Tally).items() if kind == tuple[str, ...])
"""The parts of a tally that a table has as JSON."""

_ROWS = 2000


class _Line(Struct, frozen=True, kw_only=True):
    schema: int
    kind: str
    tally: Tally | None = None


def summarize(results: str) -> Summary:
    """The summary of results as `--out` names them. Raises InputError for what are none."""
    sums = Sums()
    if results.startswith(SQLITE):
        _add(sums, _rows_of_database(Path(results.removeprefix(SQLITE))))
        return sums.summary()
    if results.endswith(PARQUET):
        _add(sums, _rows_of_parquet(Path(results)))
        return sums.summary()
    whole = _add_lines(sums, Path(results))
    return sums.summary(cut_short=not whole)


def _add_lines(sums: Sums, path: Path) -> bool:
    """Add the lines of a file; whether the last one has its end. Raises InputError."""
    decoder, octets = msgspec.json.Decoder(_Line), 0
    for number, line in lines_in(path):
        octets += len(line)
        _add_line(sums, decoder, line, Place(str(path), number))
    if not octets:
        raise InputError("there is no whole line in this file", place=Place(str(path)), hint=HINT)
    return octets == path.stat().st_size


def _add_line(sums: Sums, decoder: "msgspec.json.Decoder[_Line]", line: bytes, place: Place) -> None:
    try:
        read = decoder.decode(line)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise InputError(f"no line of a survey: {error}", place=place, hint=HINT) from error
    if read.kind != "look" or read.schema != 1:
        raise InputError("no line of a survey of schema 1", place=place, hint=HINT)
    if read.tally is None:
        sums.pass_over()
    else:
        sums.add(read.tally)


# -- tables ------------------------------------------------------------------------------------------------------------


def _add(sums: Sums, rows: Iterable[dict[str, Any]]) -> None:
    for row in rows:
        tally = tally_in(row)
        if tally is None:
            sums.pass_over()
        else:
            sums.add(tally)


def tally_in(row: dict[str, Any]) -> Tally | None:
    """The tally in a row of a table; None where it has none. Raises InputError."""
    if row.get("basis") is None:
        return None
    parts = {name: value for name, value in row.items() if value is not None}
    try:
        for name in _TEXTS:
            if name in parts:
                parts[name] = msgspec.json.decode(parts[name])
        return msgspec.convert(parts, Tally, strict=False)
    except msgspec.MsgspecError as error:
        raise InputError(f"a row of the results is no tally: {error}", hint=HINT) from error


def _rows_of_database(path: Path) -> Iterator[dict[str, Any]]:
    """The columns of the table that a tally has. Raises InputError."""
    try:
        with closing(open_database(path)) as connection:
            found = {row[1] for row in connection.execute("PRAGMA table_info(results)")}
            names = [name for name in Tally.__struct_fields__ if name in found]
            if "domain" not in names:
                raise InputError("this database has no results of a survey", place=Place(str(path)), hint=HINT)
            columns = ", ".join(f'"{name}"' for name in names)
            cursor = connection.execute(f"SELECT {columns} FROM results ORDER BY number")
            for row in cursor:
                yield dict(zip(names, row, strict=True))
    except sqlite3.Error as error:
        raise InputError(f"cannot be read: {error}", place=Place(str(path)), hint=HINT) from error


def _rows_of_parquet(path: Path) -> Iterator[dict[str, Any]]:
    """The columns of the file that a tally has, some rows at a time. Raises InputError."""
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise InputError("Parquet needs pyarrow: pip install 'mxprobe[parquet]'", place=Place(str(path))) from error
    require_file(path)
    try:
        with parquet.ParquetFile(path) as file:
            names = [name for name in Tally.__struct_fields__ if name in file.schema_arrow.names]
            if "domain" not in names:
                raise InputError("this file has no results of a survey", place=Place(str(path)), hint=HINT)
            for batch in file.iter_batches(batch_size=_ROWS, columns=names):
                yield from batch.to_pylist()
    except (OSError, pyarrow.ArrowException) as error:
        raise InputError(f"cannot be read: {error}", place=Place(str(path)), hint=HINT) from error
