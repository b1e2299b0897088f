"""A survey is conducted to its end, whatever is lost on the way."""

import asyncio
import errno
import os
from collections import Counter
from collections.abc import AsyncGenerator, Iterator
from contextlib import closing
from io import FileIO
from pathlib import Path
from time import time
from typing import Any

import pytest
from msgspec.structs import replace

from mxprobe.errors import CouldNotLook, InputError
from mxprobe.facts.session import Endpoint
from mxprobe.facts.survey import Asked, Entry, Errand, Manner, Pace, PutOff
from mxprobe.jobs.survey import conduct as conducting
from mxprobe.jobs.survey.chains import decode_errands, encode_errands
from mxprobe.jobs.survey.handout import HandOut
from mxprobe.jobs.survey.journal import Journal
from mxprobe.jobs.survey.outputs import LinesFile
from mxprobe.jobs.survey.pieces import Visiting
from mxprobe.jobs.survey.tasks import LineRow, PaceRow, PutOffRow, ResolvedRow, Row, Task, VisitedRow, VisitTask
from mxprobe.mx.pace import MOST_IN_A_ROW
from tests.support.small_internet import (
    DNS,
    RCPT,
    TLS,
    Scripted,
    entries_of,
    errands_for,
    expected_lines,
    resolved,
    session_of,
    survey_once,
    visited,
)


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Where the results go."""
    return tmp_path / "results.jsonl"


def _lines(path: Path) -> list[bytes]:
    return sorted(path.read_bytes().splitlines())


async def test_every_entry_has_one_line_with_all_that_was_seen(results: Path) -> None:
    entries = entries_of(40)

    outcome = await survey_once(results, entries, Scripted())

    assert _lines(results) == expected_lines(entries)
    assert (outcome.complete, outcome.entries, outcome.resolved, outcome.written) == (True, 40, 40, 40)
    assert outcome.endpoints == outcome.visited == 4 + 4 * 4
    assert outcome.queries == 3 * 40


async def test_an_endpoint_that_many_need_is_visited_once(results: Path) -> None:
    workforce = Scripted()

    await survey_once(results, entries_of(40), workforce)

    assert set(workforce.made.values()) == {1}


async def test_at_the_depth_of_the_dns_nobody_is_visited(results: Path) -> None:
    workforce = Scripted(loses=lambda row: isinstance(row, VisitedRow))

    await survey_once(results, tuple(one for one in entries_of(40) if one.number % 10 == 0), workforce, DNS)

    assert len(_lines(results)) == 4
    assert not any(isinstance(task, VisitTask) for task in workforce.tasks)


async def test_recipients_of_all_entries_are_told_whatever_session_they_shared(
    results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mxprobe.jobs.survey.errandbook.MOST_ASKS", 3)
    entries, workforce = entries_of(40, recipients=2), Scripted()

    await survey_once(results, entries, workforce, RCPT)

    assert _lines(results) == expected_lines(entries)
    assert workforce.made["mx1.big0.test/192.0.2.1", ""] == 4  # 8 + 4 entries, three at a time


async def test_endpoints_of_one_operator_are_with_one_worker_at_a_time(
    results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mxprobe.jobs.survey.handout.VISIT", 1)
    clashes = []

    class Watching(Scripted):
        def _count(self, row: Row) -> None:
            operators = [errand.operator for task in self.at_work for errand in task.errands]
            if len(operators) != len(set(operators)):
                clashes.append(operators)
            super()._count(row)

    workforce = Watching()
    await survey_once(results, entries_of(60), workforce)

    assert not clashes
    assert sum(isinstance(task, VisitTask) for task in workforce.tasks) > 10


async def test_no_more_endpoints_are_with_the_workers_than_they_may_have_sessions(results: Path) -> None:
    owed, came = list[int](), list[Row]()

    class Watching(Scripted):
        def _count(self, row: Row) -> None:
            handed_out = sum(len(task.errands) for task in self.tasks if isinstance(task, VisitTask))
            owed.append(handed_out - len(came))
            if isinstance(row, (VisitedRow, PutOffRow)):
                came.append(row)
            super()._count(row)

    await survey_once(results, entries_of(200), Watching(), replace(TLS, sessions_at_once=6))

    assert 3 <= max(owed) <= 2 * 6


@pytest.mark.parametrize("lost", [1, 2, 5, 11, 23, 40, 77, 100])
async def test_what_a_lost_worker_owed_is_made_by_another(results: Path, lost: int) -> None:
    rows = iter(range(1, 10_000))
    entries, workforce = entries_of(40), Scripted(loses=lambda row: next(rows) == lost)

    outcome = await survey_once(results, entries, workforce)

    assert outcome.failed == 0
    assert _lines(results) == expected_lines(entries)


async def test_an_entry_that_kills_whoever_asks_about_it_is_given_up_alone(results: Path) -> None:
    entries = entries_of(40)
    workforce = Scripted(loses=lambda row: isinstance(row, ResolvedRow) and row.number == 17)

    outcome = await survey_once(results, entries, workforce)

    assert outcome.failed == 1
    others = expected_lines(tuple(entry for entry in entries if entry.number != 17))
    assert set(_lines(results)) >= set(others)
    assert len(_lines(results)) == 40
    assert b"it was too much" in next(text for text in _lines(results) if text not in others)


async def test_an_endpoint_that_kills_whoever_visits_it_is_given_up_alone(results: Path) -> None:
    key = "mx.d16.test/192.0.2.1"
    workforce = Scripted(loses=lambda row: isinstance(row, VisitedRow) and row.key == key)

    outcome = await survey_once(results, entries_of(40), workforce)

    assert (outcome.failed, outcome.written, outcome.visited) == (1, 40, 20)
    assert [text for text in _lines(results) if b"it was too much" in text] == [
        text for text in _lines(results) if b'"domain":"d16.test"' in text
    ]


async def test_a_line_that_kills_whoever_tells_it_says_so(results: Path) -> None:
    workforce = Scripted(loses=lambda row: isinstance(row, LineRow) and row.number == 3)

    outcome = await survey_once(results, entries_of(40), workforce)

    assert outcome.written == 40
    assert len([text for text in _lines(results) if b"could not be told: it was too much" in text]) == 1


class _Killed(BaseException):
    """Where a process is killed, nothing more happens in it."""


class _Mortal:
    """Kills at the n-th step: before or behind a write of the results, or a commit of the journal."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, step: int) -> None:
        self.left = step
        keep, commit = LinesFile.keep, Journal.commit

        def mortal_keep(output: LinesFile) -> int:
            self.tick()
            written = keep(output)
            self.tick()
            return written

        def mortal_commit(journal: Journal) -> None:
            self.tick()
            commit(journal)
            self.tick()

        monkeypatch.setattr(LinesFile, "keep", mortal_keep)
        monkeypatch.setattr(Journal, "commit", mortal_commit)

    def tick(self) -> None:
        """One step further."""
        self.left -= 1
        if self.left == 0:
            raise _Killed


async def _survey_mortally(results: Path, workforce: Scripted, manner: Manner, entries: int) -> bool:
    """One run, that may be killed; whether it came to its end."""
    recipients = 2 if manner is RCPT else 0
    try:
        await survey_once(results, entries_of(entries, recipients), workforce, manner)
    except _Killed:
        return False
    except BaseExceptionGroup as group:
        if group.split(_Killed)[1] is not None:
            raise
        return False
    return True


@pytest.mark.parametrize("first", [1, 2, 3])
@pytest.mark.parametrize("manner", [TLS, RCPT], ids=["tls", "rcpt"])
async def test_a_survey_killed_at_any_step_goes_on_to_the_same_end(tmp_path: Path, manner: Manner, first: int) -> None:
    step, ended = first - 3, False
    while not ended:
        step += 3
        results = tmp_path / f"{step}.jsonl"
        workforce = Scripted()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(conducting, "KEEP", 0.0)
            patch.setattr("mxprobe.jobs.survey.errandbook.MOST_ASKS", 3)
            _Mortal(patch, step)
            ended = await _survey_mortally(results, workforce, manner, 20)
        if not ended:
            await _survey_mortally(results, workforce, manner, 20)
        assert _lines(results) == expected_lines(entries_of(20, 2 if manner is RCPT else 0)), step
    assert step > 30


async def test_a_survey_killed_again_and_again_goes_on_to_the_same_end(
    results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conducting, "KEEP", 0.0)
    workforce, runs, ended = Scripted(), 0, False
    while not ended:
        runs += 1
        with pytest.MonkeyPatch.context() as patch:
            _Mortal(patch, 23)
            ended = await _survey_mortally(results, workforce, TLS, 60)

    assert _lines(results) == expected_lines(entries_of(60))
    assert runs > 5


async def test_what_the_journal_has_of_an_endpoint_is_not_seen_again(results: Path) -> None:
    class Stopping(Scripted):
        def _count(self, row: Row) -> None:
            super()._count(row)
            if sum(self.made.values()) == 12:
                task.cancel()

    entries, first = entries_of(60), Stopping()
    task = asyncio.ensure_future(survey_once(results, entries, first))
    outcome = await task
    second = Scripted()
    after = await survey_once(results, entries, second)

    assert not outcome.complete
    assert after.complete
    assert outcome.visited >= 12
    assert not first.made.keys() & second.made.keys()
    assert len(second.asked) == 0
    assert _lines(results) == expected_lines(entries)


async def test_a_line_that_was_cut_short_is_taken_away(results: Path) -> None:
    entries = entries_of(20)
    await survey_once(results, entries, Scripted())
    with results.open("ab") as file:
        file.write(b'{"half a li')

    await survey_once(results, entries, Scripted())

    assert _lines(results) == expected_lines(entries)


class _Hurried(Scripted):
    """Gives all of a task without letting others have their turn, so that they see later what went wrong with it."""

    async def perform(self, task: Task, manner: Manner) -> AsyncGenerator[tuple[Row, ...], None]:
        for row in self._rows(task):
            yield (row,)


@pytest.mark.parametrize("fails_at", [1, 2, 5, 9, 20])
async def test_a_disk_that_is_full_costs_no_line_and_doubles_none(
    results: Path, monkeypatch: pytest.MonkeyPatch, fails_at: int
) -> None:
    class Filling(FileIO):
        def write(self, octets: Any, /) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    left = iter(range(fails_at))

    def write_some(descriptor: int, blocks: list[bytes]) -> int:
        octets = b"".join(blocks)
        return os.write(descriptor, octets if next(left, None) is not None else octets[: len(octets) // 2])

    entries = entries_of(60)
    with monkeypatch.context() as patch:
        patch.setattr(conducting, "KEEP", 0.0)
        patch.setattr("os.writev", write_some)
        patch.setattr("mxprobe.jobs.survey.outputs.FileIO", Filling)
        with pytest.raises(ExceptionGroup, match="unhandled errors"):
            await survey_once(results, entries, _Hurried())

    await survey_once(results, entries, Scripted())

    assert _lines(results) == expected_lines(entries)


async def test_results_that_were_lost_are_written_again_from_the_journal(results: Path) -> None:
    entries, workforce = entries_of(20), Scripted()
    await survey_once(results, entries, Scripted())
    with results.open("r+b") as file:
        file.truncate(100)

    await survey_once(results, entries, workforce)

    assert _lines(results) == expected_lines(entries)
    assert not workforce.made


@pytest.mark.parametrize(
    ("count", "says"), [(19, "it has 19 domains"), (21, "more domains than the 20")], ids=["shorter", "longer"]
)
async def test_another_list_is_refused(results: Path, count: int, says: str) -> None:
    await survey_once(results, entries_of(20), Scripted())
    before = _lines(results)

    with pytest.raises(InputError, match=says):
        await survey_once(results, entries_of(count), Scripted())

    assert _lines(results) == before


async def test_a_list_in_another_order_is_refused(results: Path) -> None:
    entries = entries_of(20)
    await survey_once(results, entries, Scripted())
    turned = tuple(replace(entry, number=19 - entry.number) for entry in reversed(entries))

    with pytest.raises(InputError, match="others, or in another order"):
        await survey_once(results, turned, Scripted())


async def test_a_domain_listed_twice_is_looked_at_once_with_the_recipients_of_both(results: Path) -> None:
    first, second = entries_of(2, recipients=1)
    again = type(first)(number=2, domain=first.domain, asked=first.asked, recipients=("more@d0.test",))
    workforce = Scripted()

    outcome = await survey_once(results, (first, second, again), workforce, RCPT)

    assert (outcome.entries, outcome.twice, outcome.written) == (2, 1, 2)
    assert workforce.asked == {0: 1, 1: 1}
    assert b'"recipients":["r0@d0.test","more@d0.test"]' in b"".join(_lines(results))


async def test_what_lies_at_one_address_is_with_one_worker_at_a_time_whatever_its_names(
    results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mxprobe.jobs.survey.handout.VISIT", 1)
    clashes, most = [], []

    class Shared(Scripted):
        def _rows(self, task: Task) -> Iterator[Row]:
            for row in super()._rows(task):
                if isinstance(row, ResolvedRow):
                    row = replace(row, errands=encode_errands(map(_at_few_addresses, decode_errands(row.errands))))
                yield row

        def _count(self, row: Row) -> None:
            addresses = [errand.endpoint.address for task in self.at_work for errand in task.errands]
            most.append(len(addresses))
            if len(addresses) != len(set(addresses)):
                clashes.append(addresses)
            super()._count(row)

    outcome = await survey_once(results, entries_of(60), Shared(), replace(TLS, spacing=0.0))

    assert outcome.complete
    assert max(most) > 1
    assert not clashes


def _at_few_addresses(errand: Errand) -> Errand:
    address = f"192.0.2.{sum(errand.key.encode()) % 5}"
    return replace(errand, endpoint=replace(errand.endpoint, address=address))


async def test_the_next_piece_has_an_operator_when_its_spacing_is_over(tmp_path: Path) -> None:
    one = errands_for(entries_of(2)[1])[0]
    two = replace(one, key="mx3.big0.test/192.0.2.3", endpoint=Endpoint(host="mx3.big0.test", address="192.0.2.3"))
    two = replace(two, operator=one.operator)
    with closing(Journal.open(tmp_path / "journal", TLS, resume=False)) as journal:
        journal.list_entries(entries_of(1), last=True)
        journal.keep_resolved([replace(resolved(entries_of(1)[0]), errands=encode_errands((one, two)))])
        hand_out = HandOut(journal, replace(TLS, spacing=3.0, sessions_at_once=2), 1)
        first = hand_out.next(10.0)
        assert isinstance(first, Visiting)
        (errand,) = first.owed.values()
        journal.book.keep_visited(VisitedRow(key=errand.key, sessions=b"[]"), errand)
        first.owed.clear()
        hand_out.take_back(first, 11.0)
        hand_out.wake(13.9)
        assert hand_out.next(13.9) is None
        hand_out.wake(14.0)

        assert isinstance(hand_out.next(14.0), Visiting)


async def test_large_hosts_are_shared_out_among_workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mxprobe.jobs.survey.pieces.MOST_ASKED", 3)
    entries = entries_of(4, recipients=1)
    hosts = {errand.operator: errand for entry in entries for errand in errands_for(entry)}
    two = tuple(list(hosts.values())[:2])
    with closing(Journal.open(tmp_path / "journal", RCPT, resume=False)) as journal:
        journal.list_entries(entries, last=True)
        journal.keep_resolved([_asking(entry, two) for entry in entries])
        hand_out = HandOut(journal, RCPT, 2)
        pieces = [hand_out.next(10.0), hand_out.next(10.0)]

    assert [len(piece.owed) for piece in pieces if isinstance(piece, Visiting)] == [1, 1]


def _asking(entry: Entry, errands: tuple[Errand, ...]) -> ResolvedRow:
    asks = Asked(number=entry.number, recipients=entry.recipients)
    return replace(resolved(entry), errands=encode_errands(errands), asks=asks)


async def test_workers_that_are_lost_whatever_they_are_given_end_the_survey(results: Path) -> None:
    workforce = Scripted(loses=lambda row: True)

    with pytest.raises(BaseExceptionGroup) as caught:
        await survey_once(results, entries_of(1000), workforce)

    failure, others = caught.value.split(CouldNotLook)
    assert failure is not None
    assert others is None
    assert len(workforce.tasks) < 100


async def test_an_operator_that_limits_us_whatever_we_do_is_left_alone_in_the_end(results: Path) -> None:
    tried = Counter[str]()

    class Limited(Scripted):
        def _rows(self, task: Task) -> Iterator[Row]:
            if not isinstance(task, VisitTask):
                yield from super()._rows(task)
                return
            for errand in task.errands:
                if errand.operator != "big1.test":
                    yield visited(replace(errand, sessions=(session_of(errand),)))
                    continue
                tried[errand.key] += 1
                times = sum(tried.values())
                yield PaceRow(
                    pace=Pace(
                        operator=errand.operator,
                        at_once=1,
                        spacing=1.0,
                        rests_until=time(),
                        throttled=times,
                        in_a_row=times,
                    )
                )
                yield PutOffRow(put_off=PutOff(errand=errand, due=0.0))

    outcome = await survey_once(results, entries_of(40), Limited(), replace(TLS, spacing=0.0))

    assert outcome.complete
    assert (outcome.written, outcome.failed) == (40, 0)
    assert MOST_IN_A_ROW <= sum(tried.values()) < MOST_IN_A_ROW + 2
    left = [text for text in _lines(results) if b"is left alone" in text]
    assert len(left) == 12
    assert all(b'"throttled":true' in text for text in left)
