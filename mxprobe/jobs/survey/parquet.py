"""The results of a survey as a Parquet file: written at the end, out of the lines that the journal has kept.

Needs `mxprobe[parquet]`. Rows are written in groups of bounded size, to a file beside that is renamed when it is whole.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from mxprobe.errors import InputError
from mxprobe.jobs.survey.materials import read_lines
from mxprobe.jobs.survey.outputs import cannot_write, flat, refuse_others
from mxprobe.jobs.survey.tasks import LineRow

T = TypeVar("T")

ROWS = 2000
"""Rows of a group."""

_KINDS = {frozenset({bool}): "bool_", frozenset({int}): "int64", frozenset({float}): "float64"}
_NUMBERS = frozenset({int, float})


class ParquetFile:
    """A Parquet file: number, domain, document, and a column for each part of the tally, by number.

    Raises InputError where pyarrow is missing.
    """

    keeps_documents = True

    def __init__(self, path: Path) -> None:
        try:
            import pyarrow  # noqa: F401 - an extra: asked for before a survey is begun
        except ImportError as error:
            hint = "pip install 'mxprobe[parquet]', or write JSON lines: --out results.jsonl"
            raise InputError("results in Parquet need pyarrow, which is not installed here", hint=hint) from error
        self._path = path

    def open(self, written: int, *, resume: bool) -> bool:
        """Begin, or go on: the lines are in the journal."""
        if not resume:
            refuse_others(self._path)
        if not self._path.parent.is_dir():
            raise InputError(f"cannot write the results: there is no folder {self._path.parent}")
        return True

    def append(self, rows: Sequence[LineRow]) -> None:
        """The journal keeps them."""

    def keep(self) -> int:
        """Nothing is written before the end."""
        return 0

    def finish(self, journal: Path) -> None:
        """Write the file whole."""
        import pyarrow
        from pyarrow import parquet

        beside = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        columns = _columns(journal)
        fields = [("number", pyarrow.int64()), ("domain", pyarrow.string()), ("document", pyarrow.string())]
        fields += [(name, getattr(pyarrow, kind)()) for name, kind in columns.items()]
        schema = pyarrow.schema(fields)
        try:
            with parquet.ParquetWriter(beside, schema, compression="zstd") as writer:
                for rows in _groups(_rows(journal, columns), ROWS):
                    writer.write_table(pyarrow.Table.from_pylist(rows, schema=schema))
            beside.replace(self._path)
        except OSError as error:
            raise cannot_write(self._path, error) from error
        finally:
            beside.unlink(missing_ok=True)

    def close(self) -> None:
        """Nothing is open."""


def _columns(journal: Path) -> dict[str, str]:
    """The parts of all tallies, each with the kind of column that holds it: text where they differ."""
    seen: dict[str, set[type]] = {}
    for _, _, _, tally in read_lines(journal):
        for name, value in flat(tally).items():
            kinds = seen.setdefault(name, set())
            if value is not None:
                kinds.add(type(value))
    return {name: _kind(frozenset(kinds)) for name, kinds in seen.items()}


def _kind(kinds: frozenset[type]) -> str:
    return "float64" if kinds == _NUMBERS else _KINDS.get(kinds, "string")


def _rows(journal: Path, columns: dict[str, str]) -> Iterator[dict[str, Any]]:
    for number, domain, document, tally in read_lines(journal):
        values = flat(tally)
        row: dict[str, Any] = {"number": number, "domain": domain, "document": document.decode()}
        for name, kind in columns.items():
            value = values.get(name)
            row[name] = str(value) if kind == "string" and value is not None else value
        yield row


def _groups(items: Iterable[T], most: int) -> Iterator[list[T]]:
    iterator = iter(items)
    while group := list(islice(iterator, most)):
        yield group
