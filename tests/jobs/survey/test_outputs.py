"""Results go where a person said, each line once, and nothing that was there is lost."""

import errno
import os
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

from mxprobe.errors import InputError
from mxprobe.jobs.survey.outputs import Database, LinesFile, destination
from mxprobe.jobs.survey.tasks import LineRow
from tests.support.small_internet import TLS, Scripted, entries_of, survey_once


def _row(number: int, tally: bytes = b'{"hosts":2,"backup":true,"kinds":["a"]}') -> LineRow:
    return LineRow(number=number, domain=f"d{number}.test", document=b'{"n":%d}' % number, tally=tally)


@pytest.mark.parametrize(
    ("text", "kind", "name"),
    [
        ("results.jsonl", "lines", "results.jsonl.journal"),
        ("r.parquet", "parquet", "r.parquet.journal"),
        ("sqlite:r.db", "sqlite", "r.db.journal"),
    ],
)
def test_the_name_of_the_results_says_what_they_are(text: str, kind: str, name: str) -> None:
    where = destination(text)

    assert (where.kind, where.journal) == (kind, Path(name))


@pytest.mark.parametrize(
    ("out", "says"),
    [("r.csv", "sqlite:r.db"), ("r.db", "--out sqlite:r.db"), ("r.jsonl.gz", "gzip > r.jsonl.gz"), (".", "a folder")],
)
def test_a_name_that_promises_another_form_is_refused_with_what_is_meant(out: str, says: str) -> None:
    with pytest.raises(InputError) as caught:
        destination(out)
    assert says in f"{caught.value} {caught.value.hint}"


def test_results_on_standard_output_have_no_journal_beside_them() -> None:
    assert destination("-").journal is None


@pytest.mark.parametrize("text", ["results.jsonl", "sqlite:results.jsonl", "results.parquet"])
def test_results_that_are_there_are_not_overwritten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.chdir(tmp_path)
    path = Path(text.removeprefix("sqlite:"))
    path.write_bytes(b"years of work")

    with pytest.raises(InputError, match="are not overwritten"):
        destination(text).make().open(0, resume=False)

    assert path.read_bytes() == b"years of work"


def test_what_lies_behind_the_good_part_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    path.write_bytes(b'{"n":0}\n{"n":1}\n{"n' + b"." * 100)
    with closing(LinesFile(path)) as output:
        assert output.open(8, resume=True)
        output.append([_row(1), _row(2)])

        assert path.read_bytes() == b'{"n":0}\n{"n":1}\n{"n":2}\n'
        assert output.keep() == 24


def test_of_lines_that_could_not_be_written_nothing_is_left_and_others_can_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int, blocks: list[bytes]) -> int:
        os.write(descriptor, b"".join(blocks)[:11])
        raise OSError(errno.ENOSPC, "No space left on device")

    path = tmp_path / "results.jsonl"
    with closing(LinesFile(path)) as output:
        output.open(0, resume=False)
        output.append([_row(1)])
        with monkeypatch.context() as patch:
            patch.setattr("os.writev", full)
            with pytest.raises(InputError, match="No space left on device"):
                output.append([_row(2), _row(3)])
        assert (output.keep(), path.read_bytes()) == (8, b'{"n":1}\n')
        output.append([_row(2)])
        assert output.keep() == 16

    assert path.read_bytes() == b'{"n":1}\n{"n":2}\n'


@pytest.mark.parametrize("most", [0, 1, 7, 1000])
def test_lines_are_whole_however_little_the_system_writes_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    def write_some(descriptor: int, blocks: list[bytes]) -> int:
        return os.write(descriptor, b"".join(blocks)[:most])

    monkeypatch.setattr("os.writev", write_some)
    path = tmp_path / "results.jsonl"
    with closing(LinesFile(path)) as output:
        output.open(0, resume=False)
        for first in (0, 5):
            output.append([_row(number) for number in range(first, first + 5)])
            assert output.keep() == 8 * (first + 5)

    assert path.read_bytes() == b"".join(b'{"n":%d}\n' % number for number in range(10))


def test_more_lines_are_written_than_the_system_takes_at_once(tmp_path: Path) -> None:
    with closing(LinesFile(tmp_path / "results.jsonl")) as output:
        output.open(0, resume=False)
        output.append([_row(number) for number in range(3000)])
        size = output.keep()

    lines = (tmp_path / "results.jsonl").read_bytes().splitlines()
    assert lines == [b'{"n":%d}' % number for number in range(3000)]
    assert size == sum(map(len, lines)) + 3000


def test_lines_are_written_where_the_system_takes_one_block_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr("os.writev")
    with closing(LinesFile(tmp_path / "results.jsonl")) as output:
        output.open(0, resume=False)
        output.append([_row(1), _row(2)])
        assert output.keep() == 16

    assert (tmp_path / "results.jsonl").read_bytes() == b'{"n":1}\n{"n":2}\n'


def test_a_database_has_a_column_for_each_part_of_the_tally(tmp_path: Path) -> None:
    path = tmp_path / "results.db"
    with closing(Database(path)) as output:
        output.open(0, resume=False)
        output.append([_row(1), _row(2, b'{"hosts":3,"new":"x"}')])
        assert output.keep() == 2

    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute('SELECT number, domain, document, hosts, backup, kinds, "new" FROM results')
        assert rows.fetchall() == [
            (1, "d1.test", '{"n":1}', 2, 1, '["a"]', None),
            (2, "d2.test", '{"n":2}', 3, None, None, "x"),
        ]


def test_a_row_that_is_written_again_replaces_itself(tmp_path: Path) -> None:
    path = tmp_path / "results.db"
    for run in range(2):
        with closing(Database(path)) as output:
            assert output.open(0, resume=run > 0)
            output.append([_row(1), _row(2)])
            output.keep()

    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM results").fetchone() == (2,)


async def test_a_survey_fills_a_database(tmp_path: Path) -> None:
    path = tmp_path / "results.db"

    await survey_once(path, entries_of(30), Scripted(), TLS, Database(path))

    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*), sum(chained) FROM results").fetchone() == (30, 27)


async def test_a_survey_fills_a_parquet_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    monkeypatch.setattr("mxprobe.jobs.survey.parquet.ROWS", 7)
    path = tmp_path / "results.parquet"

    await survey_once(path, entries_of(30), Scripted(), TLS, destination(str(path)).make())

    table = parquet.read_table(path)
    assert table.column_names == ["number", "domain", "document", "visits", "chained"]
    assert table.column("number").to_pylist() == list(range(30))
    assert sum(table.column("chained").to_pylist()) == 27
    assert parquet.ParquetFile(path).num_row_groups == 5
    assert not [name for name in os.listdir(tmp_path) if name.startswith(".")]


def test_parquet_without_its_library_is_refused_before_anything_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)

    with pytest.raises(InputError, match="need pyarrow"):
        destination(str(tmp_path / "results.parquet")).make()
