"""Worker processes make tasks, are missed when they are lost, and end with their survey."""

import asyncio
import os
import select
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import pytest

from mxprobe.errors import CouldNotLook
from mxprobe.facts.snapshot import Vantage
from mxprobe.facts.survey import Depth, Manner
from mxprobe.jobs.survey import workforce as workforce_module
from mxprobe.jobs.survey.batches import MOST, in_batches
from mxprobe.jobs.survey.messages import Awake, Hello, Word, decode_word
from mxprobe.jobs.survey.tasks import ResolveTask, Row, WorkerLost
from mxprobe.jobs.survey.worker import work
from mxprobe.jobs.survey.workforce import Processes
from mxprobe.wire.pipes import Pipe, PipeEnded
from tests.support.small_internet import entries_of

NOBODY = Manner(depth=Depth.DNS, vantage=Vantage(helo="probe.test", nameservers=("127.0.0.1:1",)), wishes=())
TASK = ResolveTask(entries=entries_of(30))

SCRIPTED = """
import asyncio, os, sys
from mxprobe.jobs.survey.messages import *
from mxprobe.wire.pipes import own_pipe
async def main():
    pipe = await own_pipe()
    await pipe.write(encode(Hello()))
    print("a word that is no frame")
    while True:
        match decode_order(await pipe.read()):
            case Do(number=number, task=task):
                await pipe.write(encode(Rows(number=number, rows=())))
                {then}
asyncio.run(main())
"""


def scripted(then: str) -> tuple[str, ...]:
    """A worker that gives no row, and then does that."""
    return (sys.executable, "-c", SCRIPTED.format(then=then))


async def rows_of(workforce: Processes, task: ResolveTask = TASK) -> list[Row]:
    """All rows of a task."""
    return [row async for rows in workforce.perform(task, NOBODY) for row in rows]


@pytest.mark.slow
async def test_a_worker_process_makes_a_task() -> None:
    async with Processes(1) as workforce:
        rows = await rows_of(workforce)

    assert len(rows) == 30


@pytest.mark.slow
async def test_a_worker_that_ends_in_a_task_is_told_and_started_again() -> None:
    async with Processes(1, scripted("os._exit(9)")) as workforce:
        for _ in range(2):
            with pytest.raises(WorkerLost, match="its process ended"):
                await rows_of(workforce)


@pytest.mark.slow
async def test_a_worker_that_does_not_start_again_loses_its_task_and_not_the_survey(tmp_path: Path) -> None:
    begins_once = f"import os\ntry: os.mkdir({str(tmp_path / 'begun')!r})\nexcept OSError: os._exit(3)\n"
    *python, script = scripted("os._exit(9)")
    async with Processes(1, (*python, begins_once + script)) as workforce:
        with pytest.raises(WorkerLost, match="its process ended"):
            await rows_of(workforce)
        with pytest.raises(WorkerLost, match="does not start"):
            await rows_of(workforce)


@pytest.mark.slow
async def test_workers_that_were_started_are_ended_where_another_cannot_be(monkeypatch: pytest.MonkeyPatch) -> None:
    started = list[Any]()

    async def start_one(command: tuple[str, ...]) -> Any:
        if started:
            raise CouldNotLook("there is no room for another")
        started.append(await start(command))
        return started[0]

    start = workforce_module._start
    monkeypatch.setattr(workforce_module, "_start", start_one)

    with pytest.raises(CouldNotLook, match="no room"):
        async with Processes(3, scripted("pass")):
            pass

    assert started[0]._process.returncode is not None


@pytest.mark.slow
async def test_a_task_that_cannot_be_made_is_told_and_its_worker_goes_on() -> None:
    then = "await pipe.write(encode(Broken(number=number, reason=f'{os.getpid()}')))"
    reasons = []
    async with Processes(1, scripted(then)) as workforce:
        for _ in range(2):
            with pytest.raises(WorkerLost) as caught:
                await rows_of(workforce)
            reasons.append(str(caught.value))

    assert reasons[0] == reasons[1]


@pytest.mark.slow
async def test_what_is_printed_by_a_worker_is_a_warning_and_no_frame(caplog: pytest.LogCaptureFixture) -> None:
    then = "sys.stdout.flush(); await pipe.write(encode(Done(number=number)))"
    async with Processes(1, scripted(then)) as workforce:
        assert await rows_of(workforce) == []

    assert "a word that is no frame" in caplog.text


@pytest.mark.slow
async def test_a_worker_that_does_not_start_ends_the_survey() -> None:
    async with Processes(1, (sys.executable, "-c", "raise SystemExit('no such luck')")) as workforce:
        with pytest.raises(CouldNotLook, match="does not start: no such luck"):
            await rows_of(workforce)


@pytest.mark.slow
async def test_a_task_that_nobody_waits_for_leaves_its_worker_free() -> None:
    async with Processes(1) as workforce:
        async for _ in workforce.perform(TASK, NOBODY):
            break
        rows = await rows_of(workforce)

    assert len(rows) == 30


PARENT = """
import asyncio, sys
from mxprobe.jobs.survey.workforce import Processes
from tests.jobs.survey.test_workforce import NOBODY, TASK
async def main():
    async with Processes(1) as workforce:
        async for rows in workforce.perform(TASK, NOBODY):
            print(workforce._workers[0]._process.pid, flush=True)
            await asyncio.sleep(60)
asyncio.run(main())
"""


@pytest.mark.slow
def test_a_worker_ends_when_its_survey_is_killed() -> None:
    root = Path(__file__).parents[3]
    with subprocess.Popen(
        [sys.executable, "-c", PARENT],
        stdout=subprocess.PIPE,
        cwd=root,
        env=os.environ | {"PYTHONPATH": str(root)},
        text=True,
    ) as parent:
        assert parent.stdout is not None
        worker = int(parent.stdout.readline())
        descriptor = os.pidfd_open(worker)
        parent.send_signal(signal.SIGKILL)
    try:
        ended, _, _ = select.select([descriptor], [], [], 20)
        assert ended
    finally:
        os.close(descriptor)


async def test_what_comes_fast_is_given_in_batches_and_in_order() -> None:
    async def source() -> AsyncIterator[int]:
        for number in range(1000):
            yield number

    batches = [batch async for batch in in_batches(source())]

    assert [one for batch in batches for one in batch] == list(range(1000))
    assert max(map(len, batches)) == MOST
    assert len(batches) == 1000 // MOST


async def test_what_a_source_raises_is_raised_behind_what_it_gave() -> None:
    async def source() -> AsyncIterator[int]:
        yield 1
        raise LookupError("no more")

    batches = in_batches(source())
    first = await anext(batches)
    with pytest.raises(LookupError, match="no more"):
        await anext(batches)

    assert first == (1,)


async def test_a_source_is_closed_with_whoever_takes_from_it() -> None:
    closed = asyncio.Event()

    async def source() -> AsyncIterator[int]:
        try:
            yield 1
            await asyncio.Event().wait()
        finally:
            closed.set()

    batches = in_batches(source())
    await anext(batches)
    await batches.aclose()

    assert closed.is_set()


@pytest.mark.slow
async def test_a_worker_that_hangs_is_ended_and_what_it_owed_is_told_as_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mxprobe.jobs.survey.workforce._GLANCE", 0.02)
    async with Processes(1, scripted("import time; time.sleep(600)")) as workforce:
        with pytest.raises(WorkerLost, match="its process ended"):
            await rows_of(workforce)


async def test_a_worker_says_that_it_is_there_while_it_has_nothing_to_give(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mxprobe.jobs.survey.worker._AWAKE", 0.0)
    said, awake = list[Word](), asyncio.Event()

    class Silent:
        async def read(self) -> bytes:
            await awake.wait()
            raise PipeEnded

        async def write(self, frame: bytes) -> None:
            said.append(decode_word(frame))
            if isinstance(said[-1], Awake):
                awake.set()

    await work(cast(Pipe, Silent()))

    assert said[:2] == [Hello(), Awake()]


@pytest.mark.slow
async def test_a_survey_ends_though_a_worker_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mxprobe.jobs.survey.workforce._FAREWELL", 0.05)
    async with Processes(1, scripted("import time; time.sleep(600)")) as workforce:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1.0):
                await rows_of(workforce)
