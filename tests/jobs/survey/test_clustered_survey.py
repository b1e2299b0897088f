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
from mxprobe.facts.vantages import Differs
from mxprobe.jobs.survey.cluster import Cluster, Terms
from mxprobe.jobs.survey.conduct import Outcome, Survey, conduct
from mxprobe.jobs.survey.journal import Journal
from mxprobe.jobs.survey.listing import EntryList
from mxprobe.jobs.survey.outputs import destination
from mxprobe.jobs.survey.places import read_places
from mxprobe.jobs.survey.tasks import Workforce
from mxprobe.jobs.survey.workforce import InProcess
from mxprobe.report.vantage_text import say_differs
from tests.support.dasks import dask
from tests.support.loopback_world import ADDRESSES, Manners, World, standing

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

DOMAINS = 120
US = "127.0.0.9"
TERMS = Terms(look=0.1)
TIMES = frozenset({"started_at", "started", "ended", "elapsed", "after", "ttl"})
CHANCE = frozenset({"queries", "tries"})
"""How many queries it took depends on what the process knew before, and on who was busy."""


def timeless(value: Any) -> Any:
    """A document without its times."""
    if isinstance(value, dict):
        return {name: timeless(inner) for name, inner in value.items() if name not in TIMES | CHANCE}
    return [timeless(inner) for inner in value] if isinstance(value, list) else value


def lines_of(path: Path) -> list[Any]:
    """The lines without their times and in the order of their domains."""
    documents = [msgspec.json.decode(line) for line in path.read_bytes().splitlines()]
    return sorted(map(timeless, documents), key=lambda document: document["snapshot"]["domain"])


async def surveyed(world: World, workforce: Workforce, out: Path, places: tuple[str, ...] = ("",)) -> Outcome:
    """A survey of all domains, with its lines in `out`."""
    listed = out.with_suffix(".txt")
    listed.write_text("".join(f"d{number}.test\n" for number in range(DOMAINS)))
    vantage = Vantage(
        helo="probe.test", nameservers=(world.nameserver,), families=(4,), port=world.port, timeout=30.0, attempts=1
    )
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
                if len(world.callers) == undisturbed + 40:
                    busy = {at for at, worker in there.scheduler.workers.items() if worker.processing}
                    nanny = next(one for one in there.workers.values() if one.worker_address in busy)
                    os.kill(nanny.pid, signal.SIGKILL)

            world.on_call = strike
            outcome = await surveyed(world, cluster, tmp_path / "disturbed.jsonl")

    assert "are handed out again" in caplog.text
    assert outcome.complete
    assert outcome.failed == 0
    assert lines_of(tmp_path / "disturbed.jsonl") == lines_of(tmp_path / "alone.jsonl")
    assert len(world.callers) < 2 * undisturbed + DOMAINS / 2


async def test_each_endpoint_is_visited_from_each_place_and_what_differs_is_told(tmp_path: Path) -> None:
    outcome, world = await surveyed_from_two_places(Manners(unwelcome=US), tmp_path / "places.jsonl")
    lines = lines_of(tmp_path / "places.jsonl")
    unwelcome = {number for number in range(DOMAINS) if number % len(ADDRESSES) % 3 == 0}

    assert outcome.visited == 2 * (DOMAINS + 1)
    assert Counter(caller for _, caller in world.callers) == {"127.0.0.1": DOMAINS + 1, US: DOMAINS + 1}
    assert {line["place"] for line in lines} == {"eu"}
    assert {tuple(there["place"] for there in line["elsewhere"]) for line in lines} == {("us",)}
    for line in lines:
        number = int(line["snapshot"]["domain"][1:-5])
        told = [say_differs(msgspec.convert(differs, Differs)) for differs in line["differs"]]
        expected = [f"mx.d{number}.test/{ADDRESSES[number % 20]}"] if number in unwelcome else []
        expected += [f"mx.shared.test/{ADDRESSES[0]}"] if number % 3 == 0 else []
        assert told == [f"{host}:{world.port}: from eu answers; from us greets with 5yz: 554" for host in expected]
        assert line["tally"]["differs"] == (["answer"] if expected else [])


async def test_a_place_that_hears_nobody_is_held_against_no_domain(tmp_path: Path) -> None:
    await surveyed_from_two_places(Manners(unheard="127.0.0.1"), tmp_path / "places.jsonl")
    lines = lines_of(tmp_path / "places.jsonl")

    assert {line["place"] for line in lines} == {"us"}
    assert {tuple(line["tally"]["silent"]) for line in lines} == {("eu",)}
    assert [line["differs"] for line in lines if line["differs"]] == []


async def surveyed_from_two_places(manners: Manners, out: Path) -> tuple[Outcome, World]:
    """A survey from `eu`, which calls from 127.0.0.1, and `us`."""
    places = read_places(f"eu,us={US}")
    async with (
        standing(manners) as world,
        dask({"eu": 3}, {"us": 3}) as there,
        Cluster(there.scheduler_address, InProcess(), places, TERMS) as cluster,
    ):
        return await surveyed(world, cluster, out, ("eu", "us")), world
