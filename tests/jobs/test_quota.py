"""The most messages an hour hold over all proofs, those that begin in the same instant, too."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mxprobe.errors import InputError
from mxprobe.jobs.quota import MOST_AN_HOUR, charge


@pytest.fixture(autouse=True)
def book(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Where the count is kept."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path / "mxprobe" / "sent"


def test_what_would_be_too_many_is_refused_and_not_counted(book: Path) -> None:
    charge(MOST_AN_HOUR - 1)

    with pytest.raises(InputError, match=r"59 messages were sent in the last hour; 60 an hour is the most"):
        charge(2)
    charge(1)
    with pytest.raises(InputError, match="60 messages were sent"):
        charge(1)
    assert len(book.read_text().split()) == MOST_AN_HOUR


def test_programs_that_begin_together_share_the_count(book: Path) -> None:
    def try_to() -> bool:
        try:
            charge(10)
        except InputError:
            return False
        return True

    with ThreadPoolExecutor(32) as pool:
        allowed = list(pool.map(lambda _: try_to(), range(32)))

    assert sum(allowed) == MOST_AN_HOUR // 10
    assert len(book.read_text().split()) == MOST_AN_HOUR


def test_what_is_older_than_an_hour_or_no_time_at_all_counts_no_more(book: Path) -> None:
    book.parent.mkdir()
    now = int(time.time())
    book.write_bytes(f"{now - 3700}\n{now - 100}\n{now + 9999}\nsoon \xff \u0663\n".encode("latin-1", "replace"))

    charge(1)

    assert len(book.read_text().split()) == 2


def test_a_count_that_cannot_be_kept_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))

    with pytest.raises(InputError, match="the count of messages cannot be kept"):
        charge(1)
