"""A whole survey on a real Dask cluster: the lines of one process, also where a worker is killed, and places."""

import os
import signal
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgspec
import pytest

from mxprobe.facts.snapshot import Vantage
from mxprobe.facts.survey import Depth, Manner
from mxprobe.jobs.survey.cluster import Cluster, Terms
from mxprobe.jobs.survey.conduct import Outcome, Survey, conduct
from mxprobe.jobs.survey.journal import Journal
from mxprobe.jobs.survey.listing import EntryList
from mxprobe.jobs.survey.outputs import destination
from mxprobe.jobs.survey.places import read_places
from mxprobe.jobs.survey.tasks import Workforce
from mxprobe.jobs.survey.workforce import InProcess
from tests.support.dasks import dask
from tests.support.loopback_world import Manners, World, standing

pytestmark = pytest.mark.slow

DOMAINS = 240
TERMS = Terms(look=0.1)
VARIES = frozenset({"started_at", "started", "ended", "elapsed", "after"})


def timeless(value: Any) -> Any:
    """A document without its times."""
    if isinstance(value, dict):
        return {name: timeless(inner) for name, inner in value.items() if name not in VARIES}
    return [timeless(inner) for inner in value] if isinstance(value, list) else value


def lines_of(path: Path) -> list[Any]:
    """The lines without their times and in the order of their domains."""
    documents = [msgspec.json.decode(line) for line in path.read_bytes().splitlines()]
    return sorted(map(timeless, documents), key=lambda document: document["snapshot"]["domain"])


async def surveyed(world: World, workforce: Workforce, out: Path, places: tuple[str, ...] = ("",)) -> Outcome:
    """A survey of all domains, with its lines in `out`."""
    listed = out.with_suffix(".txt")
    listed.write_text("".join(f"d{number}.test\n" for number in range(DOMAINS)))
    vantage = Vantage(helo="probe.test", nameservers=(world.nameserver,), families=(4,), port=world.port, timeout=10.0)
    manner = Manner(depth=Depth.EHLO, vantage=vantage, helo="probe.test", wishes=(), allow_special=True, spacing=0.0)
    output = destination(str(out)).make()
    with ExitStack() as opened:
        journal = Journal.open(out.with_suffix(".journal"), manner, resume=False, places=places)
        opened.callback(journal.close)
        output.open(0, resume=False)
        opened.callback(output.close)
        listing = opened.enter_context(EntryList(listed))
        survey = Survey(manner=manner, listing=listing, journal=journal, output=output)
        return await conduct(survey, workforce, lambda _: None)


async def test_two_workers_give_what_one_process_gives(tmp_path: Path) -> None:
    async with standing() as world:
        alone = await surveyed(world, InProcess(), tmp_path / "alone.jsonl")
        once = Counter(called for called, _ in world.callers)
        async with dask({}, {}) as there, Cluster(there.scheduler_address, InProcess(), (), TERMS) as cluster:
            together = await surveyed(world, cluster, tmp_path / "together.jsonl")

    assert lines_of(tmp_path / "together.jsonl") == lines_of(tmp_path / "alone.jsonl")
    assert alone.visited == together.visited == DOMAINS + 1
    assert Counter(called for called, _ in world.callers) == once + once


async def test_a_worker_that_is_killed_in_the_middle_loses_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with standing(Manners(pause=0.05)) as world:
        await surveyed(world, InProcess(), tmp_path / "alone.jsonl")
        undisturbed = len(world.callers)
        async with dask({}, {}) as there, Cluster(there.scheduler_address, InProcess(), (), TERMS) as cluster:

            def strike() -> None:
                if len(world.callers) == undisturbed + 60:
                    os.kill(there.workers["w0"].pid, signal.SIGKILL)

            world.on_call = strike
            outcome = await surveyed(world, cluster, tmp_path / "disturbed.jsonl")

    assert "are handed out again" in caplog.text
    assert outcome.complete
    assert outcome.failed == 0
    assert lines_of(tmp_path / "disturbed.jsonl") == lines_of(tmp_path / "alone.jsonl")
    assert len(world.callers) < 2 * undisturbed + DOMAINS / 2


async def test_each_endpoint_is_visited_from_each_place(tmp_path: Path) -> None:
    places = read_places("eu,us=127.0.0.9")

    async with (
        standing(Manners(unwelcome="127.0.0.9")) as world,
        dask({"eu": 3}, {"us": 3}) as there,
        Cluster(there.scheduler_address, InProcess(), places, TERMS) as cluster,
    ):
        outcome = await surveyed(world, cluster, tmp_path / "places.jsonl", ("eu", "us"))

    assert outcome.visited == 2 * (DOMAINS + 1)
    assert Counter(caller for _, caller in world.callers) == {"127.0.0.1": DOMAINS + 1, "127.0.0.9": DOMAINS + 1}
