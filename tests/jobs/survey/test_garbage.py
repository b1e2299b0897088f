"""The processes of a survey look for garbage seldom."""

import gc
from collections.abc import Iterator

import pytest

from mxprobe.jobs.survey import worker
from mxprobe.jobs.survey.garbage import collect_seldom


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """What is set here is nobody else's."""
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)


def test_garbage_is_looked_for_seldom_and_not_never() -> None:
    gc.set_threshold(700, 10, 10)
    collect_seldom()

    assert gc.isenabled()
    young, older, *_ = gc.get_threshold()  # newer Pythons have no third one
    assert 700 < young <= 100_000
    assert 10 < older <= 100


def test_a_worker_does_so_before_anything_else(monkeypatch: pytest.MonkeyPatch) -> None:
    def begin() -> None:
        raise SystemExit(7)

    monkeypatch.setattr(worker, "collect_seldom", begin)
    with pytest.raises(SystemExit, match="7"):
        worker.main()
