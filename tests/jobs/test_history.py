"""Looks that are kept: whole lines whatever happens, files that do not grow for ever, and bounded reading."""

import gzip
import multiprocessing
import os
import stat
import tracemalloc
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from mxprobe.errors import InputError
from mxprobe.facts.codec import encode
from mxprobe.facts.snapshot import Snapshot
from mxprobe.jobs import history as module
from mxprobe.jobs.history import MOST_OCTETS, History, keep, last_looks, make_folder, read_looks, read_remembered
from mxprobe.jobs.look_again import look_again
from mxprobe.mx.remembered import LONGEST, MOST_SPELLS, remember
from tests.support.examples import snapshot_of

SOUND = "example.test MX 10 mx1.example.test\nmx1.example.test A 192.0.2.1\n"
OTHER = "example.test MX 10 mx9.other.test\nmx9.other.test A 203.0.113.9\n"
FAILED = "example.test SERVFAIL\n"


@cache
def _seen(block: str) -> Snapshot:
    return snapshot_of(block)


def _look(number: int, block: str = SOUND) -> Snapshot:
    return replace(_seen(block), started_at=1000.0 + 300 * number)


@pytest.fixture
def kept(tmp_path: Path) -> History:
    """A history without a look."""
    folder = tmp_path / "looks"
    make_folder(folder)
    return History(folder=folder, domain="example.test")


def _numbers(history: History) -> list[int]:
    """The numbers of all looks that are kept, in the order of the files."""
    files = sorted(history.folder.glob("*.gz"), key=lambda path: -int(path.name.split(".")[-2]))
    looks = [look for path in [*files, history.path] for look in read_looks(path)]
    return [round((look.started_at - 1000) / 300) for look in looks]


def test_every_look_is_a_line_that_can_be_looked_at_again(kept: History, tmp_path: Path) -> None:
    for number in range(5):
        keep(kept, _look(number), 1, "1 error")

    assert _numbers(kept) == [0, 1, 2, 3, 4]
    line = kept.path.read_bytes().splitlines()[3]
    (tmp_path / "one.json").write_bytes(line)
    assert look_again(tmp_path / "one.json").snapshot == _look(3)  # type: ignore[union-attr]


def test_only_the_owner_can_read_what_is_kept(kept: History) -> None:
    keep(kept, _look(0))

    assert stat.S_IMODE(kept.folder.stat().st_mode) == 0o700
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in kept.folder.iterdir())
    assert len(list(kept.folder.iterdir())) == 3


def test_local_parts_are_cut_short(kept: History) -> None:
    keep(kept, replace(_look(0), recipients=("alice@example.test",)))

    assert b"alice@" not in kept.path.read_bytes()


def test_the_last_looks_are_read_from_the_end(kept: History, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(40):
        keep(kept, _look(number))
    for block in (7, 100, 65536):
        monkeypatch.setattr(module, "_BLOCK", block)
        assert [look.started_at for look in last_looks(kept, 3)] == [
            _look(number).started_at for number in (37, 38, 39)
        ]
    assert len(last_looks(kept, 1000)) == 40


def test_a_large_file_is_put_away_and_the_oldest_go(kept: History) -> None:
    size = len(encode(_look(0))) * 4
    small = replace(kept, most_octets=size, kept_files=3)
    for number in range(60):
        keep(small, _look(number))
    numbers = _numbers(small)

    assert small.path.stat().st_size <= size
    assert sorted(path.name for path in kept.folder.glob("*.gz")) == [f"example.test.jsonl.{n}.gz" for n in (1, 2, 3)]
    assert numbers == list(range(numbers[0], 60))
    assert 0 < numbers[0] < 57


def test_fewer_files_are_kept_once_fewer_are_wanted(kept: History) -> None:
    size = len(encode(_look(0))) * 4
    for number in range(60):
        keep(replace(kept, most_octets=size, kept_files=5), _look(number))
    assert len(list(kept.folder.glob("*.gz"))) == 5
    for number in range(60, 70):
        keep(replace(kept, most_octets=size, kept_files=2), _look(number))

    assert sorted(path.name for path in kept.folder.glob("*.gz")) == [f"example.test.jsonl.{n}.gz" for n in (1, 2)]
    assert _numbers(kept)[-1] == 69


def test_where_nothing_older_is_kept_there_is_one_file(kept: History) -> None:
    for number in range(20):
        keep(replace(kept, most_octets=len(encode(_look(0))) * 4, kept_files=0), _look(number))

    assert not list(kept.folder.glob("*.gz"))
    assert _numbers(kept)[-1] == 19


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(cut=st.integers(1, 5000))
def test_a_line_that_a_crash_cut_short_is_said_and_taken_away(kept: History, cut: int) -> None:
    for path in kept.folder.iterdir():
        path.unlink()
    keep(kept, _look(0))
    keep(kept, _look(1))
    whole = kept.path.read_bytes()
    left = max(len(whole) - cut, 0)
    kept.path.write_bytes(whole[:left])
    notes = keep(kept, _look(2))
    lines = whole.count(b"\n", 0, left)
    lost = not whole[:left].endswith(b"\n") and left > 0
    is_whole = left in (len(whole) - 1, len(whole) // 2 - 1)  # only the line end is missing

    assert _numbers(kept) == [*range(lines + (1 if is_whole else 0)), 2]
    assert bool(notes) is (lost and not is_whole)
    assert all("cut short by a crash" in note for note in notes)


def test_a_file_that_was_being_put_away_is_put_away(kept: History) -> None:
    keep(kept, _look(0))
    kept.path.rename(kept.folder / "example.test.jsonl.1")
    (kept.folder / ".example.test.jsonl.1.gz").write_bytes(b"half")
    keep(kept, _look(1))

    assert _numbers(kept) == [0, 1]
    assert not (kept.folder / "example.test.jsonl.1").exists()
    assert not (kept.folder / ".example.test.jsonl.1.gz").exists()


def _keep_many(folder: Path, first: int) -> None:
    history = History(folder=folder, domain="example.test", most_octets=len(encode(_look(0))) * 7)
    for number in range(first, first + 25):
        keep(history, _look(number))


@pytest.mark.slow
def test_programs_at_one_time_tear_no_line(kept: History) -> None:
    context = multiprocessing.get_context("spawn")
    programs = [context.Process(target=_keep_many, args=(kept.folder, first)) for first in (0, 25, 50)]
    for program in programs:
        program.start()
    for program in programs:
        program.join(60)

    assert [program.exitcode for program in programs] == [0, 0, 0]
    small = replace(kept, most_octets=len(encode(_look(0))) * 7)
    assert len(_numbers(small)) > 50
    assert len(set(_numbers(small))) == len(_numbers(small))


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (b"hello\n", "example.test.jsonl:3: no saved probe: JSON is malformed"),
        (b'{"kind":"runs","schema":1,"runs":[]}\n', "example.test.jsonl:3: no saved probe"),
        (b"[" * 100_000 + b"\n", "example.test.jsonl:3: no saved probe"),
        (b"\xff\xfe\n", "example.test.jsonl:3: no saved probe"),
    ],
    ids=["words", "runs", "deep", "octets"],
)
def test_a_line_of_somebody_else_is_refused_with_its_number_and_stays(kept: History, line: bytes, says: str) -> None:
    keep(kept, _look(0))
    keep(kept, _look(1))
    with kept.path.open("ab") as file:
        file.write(line)
    before = kept.path.read_bytes()
    for read in (lambda: keep(kept, _look(2)), lambda: last_looks(kept), lambda: list(read_looks(kept.path))):
        with pytest.raises(InputError) as raised:
            read()
        assert says in str(raised.value)
    assert kept.path.read_bytes() == before


@pytest.mark.parametrize("text", ["my shopping list", '{"schema":1,"kind":"runs"', "\0more"])
def test_words_of_somebody_else_without_a_line_end_are_refused_and_stay(kept: History, text: str) -> None:
    keep(kept, _look(0))
    with kept.path.open("a") as file:
        file.write(text)
    before = kept.path.read_bytes()
    with pytest.raises(InputError, match=r"example\.test\.jsonl:2: behind the last line end stands something"):
        keep(kept, _look(1))

    assert kept.path.read_bytes() == before


def test_a_history_of_another_domain_is_refused(kept: History) -> None:
    keep(kept, _look(0))
    kept.path.rename(kept.folder / "other.test.jsonl")
    with pytest.raises(InputError, match=r"one at example.test, and not at other.test"):
        keep(replace(kept, domain="other.test"), _look(1))


def test_a_line_without_an_end_and_a_bomb_need_no_memory(kept: History) -> None:
    with kept.path.open("wb") as file:
        file.truncate(8 * MOST_OCTETS)  # zeros without a line end, and no octet on the disk
    bomb = kept.folder / "example.test.jsonl.1.gz"
    with gzip.open(bomb, "wb") as packed:
        for _ in range(8):
            packed.write(b"\0" * MOST_OCTETS)
    tracemalloc.start()
    with pytest.raises(InputError, match="more than"):
        list(read_looks(bomb))
    notes = keep(kept, _look(0))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert "cut short" in notes[0]
    assert peak < 3 * MOST_OCTETS
    bomb.unlink()
    assert _numbers(kept) == [0]


def test_folders_that_cannot_be_are_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="there is no such folder"):
        make_folder(tmp_path / "no" / "such")
    with pytest.raises(InputError, match="this is no folder"):
        make_folder(tmp_path / "file")
    if os.geteuid():
        tmp_path.chmod(0o500)
        with pytest.raises(InputError, match="cannot keep looks there"):
            make_folder(tmp_path / "new")


# -- what is remembered ------------------------------------------------------------------------------------------------


def test_months_of_looks_are_remembered_by_their_spells(kept: History) -> None:
    looks: tuple[Snapshot, ...] = ()
    for number in range(4000):
        block = OTHER if 1000 <= number < 1006 else FAILED if number % 50 == 7 else SOUND
        looks = remember(looks, _look(number, block))

    assert [round((look.started_at - 1000) / 300) for look in looks] == [0, 999, 1000, 1005, 1006, 3999]
    assert all(len(look.answers) == 1 and not look.visits for look in looks)


def test_what_changes_all_the_time_is_remembered_in_part() -> None:
    looks: tuple[Snapshot, ...] = ()
    for number in range(300):
        looks = remember(looks, _look(number, OTHER if number % 2 else SOUND))

    assert len(looks) == MOST_SPELLS
    later = replace(_look(0), started_at=looks[-1].started_at + LONGEST + 1)
    assert len(remember(looks, later)) == 1


@pytest.mark.parametrize("spoilt", [None, b"", b"{", b"[" * 100_000, b'{"kind":"history-mx","schema":9}'])
def test_what_is_remembered_is_made_anew_from_the_lines(kept: History, spoilt: bytes | None) -> None:
    for number in range(6):
        keep(kept, _look(number, OTHER if number == 3 else SOUND))
    before = read_remembered(kept)
    if spoilt is None:
        kept.remembered.unlink()
    else:
        kept.remembered.write_bytes(spoilt)

    assert read_remembered(kept) == before
    assert len(before) == 5
