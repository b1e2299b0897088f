"""A survey's tasks on the workers of a cluster, in memory: who makes what, what is lost, and what people are told."""

import asyncio
import builtins
from collections.abc import Callable, Coroutine
from contextlib import aclosing
from typing import Any

import msgspec
import pytest

from mxprobe.errors import CouldNotLook, InputError
from mxprobe.facts.vantages import VantagePoint
from mxprobe.jobs.survey import shard
from mxprobe.jobs.survey.cluster import Cluster, Terms
from mxprobe.jobs.survey.places import read_places
from mxprobe.jobs.survey.tasks import (
    ResolvedRow,
    ResolveTask,
    Row,
    Task,
    TellTask,
    VisitedRow,
    VisitTask,
    WorkerLost,
)
from mxprobe.lab.clock import play_in_fresh_loop
from tests.support.clusters import MANNER, PERFORM, Here, MemoryScheduler, entries, errands, skilled

ADDRESS = "tcp://192.0.2.7:8786"
TERMS = Terms(performs=PERFORM)
EU, US = VantagePoint(name="eu"), VantagePoint(name="us", source="192.0.2.99")


def clustered(scheduler: MemoryScheduler, *places: VantagePoint, here: Here | None = None) -> Cluster:
    """The workers of that scheduler."""
    return Cluster(ADDRESS, here or Here(), places, TERMS, scheduler.reach)


async def made(cluster: Cluster, task: Task) -> list[Row]:
    """All rows of a task."""
    return [row async for rows in cluster.perform(task, MANNER) for row in rows]


def play(
    scheduler: MemoryScheduler, story: Callable[[Cluster], Coroutine[Any, Any, None]], *places: VantagePoint
) -> None:
    """A story with the workers of a cluster, in virtual time."""

    async def whole() -> None:
        async with clustered(scheduler, *places) as cluster:
            await story(cluster)

    play_in_fresh_loop(whole)


def refused(scheduler: MemoryScheduler, *places: VantagePoint) -> str:
    """What is said where a cluster cannot be begun with."""

    async def nothing(cluster: Cluster) -> None:
        raise AssertionError("the cluster was begun with")

    with pytest.raises((InputError, CouldNotLook)) as raised:
        play(scheduler, nothing, *places)
    return str(raised.value)


def test_what_workers_make_comes_back_as_if_it_was_made_here() -> None:
    tasks: tuple[Task, ...] = (
        ResolveTask(entries=entries("a.test", "b.test")),
        VisitTask(errands=errands("mx.a.test", "mx.b.test")),
    )

    async def story(cluster: Cluster) -> None:
        for task in tasks:
            here = [row async for rows in Here().perform(task, MANNER) for row in rows]
            assert await made(cluster, task) == here

    play(MemoryScheduler({"w1": ()}), story)


def test_lines_are_told_beside_the_journal_and_not_on_a_worker() -> None:
    scheduler, here = MemoryScheduler({"w1": ()}), Here()
    task = TellTask(journal="/x.journal", numbers=(1, 2))

    async def story() -> None:
        async with clustered(scheduler, here=here) as cluster:
            assert len(await made(cluster, task)) == 2

    play_in_fresh_loop(story)

    assert here.told == [task]
    assert scheduler.orders == []


@pytest.mark.parametrize(("at_once", "seconds"), [(1, 40), (2, 20), (9, 20)])
def test_a_worker_makes_so_many_shards_at_one_time(at_once: int, seconds: int) -> None:
    scheduler = MemoryScheduler({})
    scheduler.there = {"w1": skilled(at_once=at_once), "w2": skilled(at_once=at_once)}

    async def story(cluster: Cluster) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        async with asyncio.TaskGroup() as tasks:
            for number in range(8):
                tasks.create_task(
                    made(cluster, VisitTask(errands=errands(*(f"mx{number}.{at}.test" for at in range(10)))))
                )
        assert seconds < loop.time() - began < seconds + 2
        assert cluster.size == 2

    play(scheduler, story)

    assert sorted(worker for worker, _ in scheduler.orders) == ["w1"] * 4 + ["w2"] * 4


def test_what_a_worker_did_before_it_was_lost_comes_and_the_loss_is_told() -> None:
    scheduler = MemoryScheduler({"w1": ()})

    async def story(cluster: Cluster) -> None:
        rows: list[Row] = []

        async def losing() -> None:
            async for batch in cluster.perform(VisitTask(errands=errands(*"abcdefghij")), MANNER):
                rows.extend(batch)
                if len(rows) == 3:
                    scheduler.lose("w1")

        with pytest.raises(WorkerLost, match="w1 has left the cluster"):
            await losing()
        assert [row.key[0] for row in rows if isinstance(row, VisitedRow)] == ["a", "b", "c"]

    play(scheduler, story)


def test_a_new_worker_takes_over_when_it_comes() -> None:
    scheduler = MemoryScheduler({"w1": ()})

    async def story(cluster: Cluster) -> None:
        scheduler.lose("w1")
        async with asyncio.TaskGroup() as tasks:
            waiting = tasks.create_task(made(cluster, ResolveTask(entries=entries("a.test"))))
            await asyncio.sleep(5)
            scheduler.there["w2"] = skilled()
        assert len(waiting.result()) == 1

    async def losing(cluster: Cluster) -> None:
        await asyncio.sleep(0)
        scheduler.there.pop("w1")
        await asyncio.sleep(3)
        scheduler.there["w1"] = skilled()
        await story(cluster)

    play(scheduler, losing)

    assert [worker for worker, _ in scheduler.orders] == ["w2"]


def test_a_shard_that_dask_starts_again_says_so_and_visits_nobody() -> None:
    line = MemoryScheduler({"w1": ()})

    async def story(cluster: Cluster) -> None:
        async with aclosing(cluster.perform(VisitTask(errands=errands("a", "b")), MANNER)) as rows:  # type: ignore[type-var]
            await anext(rows)
            (order,) = line.handed_out["w1"]
            order.making.cancel()
            await shard.make_in_line(line.orders[0][1], order.line)
            with pytest.raises(WorkerLost, match="started anew"):
                await anext(rows)

    play(line, story)


def test_a_shard_ends_when_nobody_wants_its_rows_any_more() -> None:
    scheduler = MemoryScheduler({"w1": ()})

    async def story(cluster: Cluster) -> None:
        loop = asyncio.get_running_loop()
        async with aclosing(cluster.perform(VisitTask(errands=errands(*"abcdefghij")), MANNER)) as rows:  # type: ignore[type-var]
            await anext(rows)
        left = loop.time()
        (order,) = scheduler.handed_out["w1"]
        await asyncio.wait([order.making])
        assert loop.time() - left < 1

    play(scheduler, story)


def test_a_shard_whose_survey_was_killed_ends_by_itself() -> None:
    order = shard.Order(
        name="x", task=VisitTask(errands=errands(*"abcdefghij")), manner=MANNER, performs=PERFORM, silence=4
    )

    class Nobody:
        """A line at whose other end somebody once said go."""

        def __init__(self) -> None:
            self.words = [shard.GO]
            self.sent = 0

        async def hear(self) -> list[bytes]:
            heard, self.words = self.words, []
            return heard

        async def send(self, parcel: bytes) -> None:
            self.sent += 1

        async def waiting(self) -> int:
            return 0

    async def story() -> None:
        line = Nobody()
        assert not await shard.make_in_line(order, line)
        assert line.sent == 4

    play_in_fresh_loop(story)


def test_a_slow_survey_is_no_silent_one() -> None:
    scheduler = MemoryScheduler({"w1": ()})

    async def story(cluster: Cluster) -> None:
        rows: list[Row] = []
        async for batch in cluster.perform(VisitTask(errands=errands(*"abc")), MANNER):
            rows.extend(batch)
            await asyncio.sleep(3 * TERMS.silence)
        assert len(rows) == 3

    play(scheduler, story)


# -- vantage points ----------------------------------------------------------------------------------------------------


def test_a_place_s_visits_are_made_by_its_workers_from_its_address_and_names_are_asked_at_the_first() -> None:
    scheduler = MemoryScheduler({"w1": ("us",), "w2": ("eu",)})

    async def story(cluster: Cluster) -> None:
        for place, source in (("eu", None), ("us", "192.0.2.99")):
            (row,) = await made(cluster, VisitTask(errands=errands("mx.test"), place=place))
            assert isinstance(row, VisitedRow)
            assert row.place == place
            assert msgspec.json.decode(row.sessions) == source
        assert [type(row) for row in await made(cluster, ResolveTask(entries=entries("a.test")))] == [ResolvedRow]

    play(scheduler, story, EU, US)

    assert [worker for worker, _ in scheduler.orders] == ["w2", "w1", "w2"]


def test_a_place_that_no_worker_has_is_refused_with_those_there_are() -> None:
    said = refused(MemoryScheduler({"w1": ("eu",), "w2": ("eu",), "w3": ("asia",)}), EU, US)

    assert said == (
        "no worker at tcp://192.0.2.7:8786 has the vantage point 'us'\n"
        "Vantage points there: asia (1 worker), eu (2 workers). One more is started with:"
        ' dask worker tcp://192.0.2.7:8786 --nthreads 1 --resources "us=1"'
    )


def test_a_place_that_has_lost_its_last_worker_ends_the_survey_after_a_while() -> None:
    scheduler = MemoryScheduler({"w1": ("eu",), "w2": ("us",)})

    async def story(cluster: Cluster) -> None:
        scheduler.lose("w2")
        await asyncio.sleep(2)
        with pytest.raises(CouldNotLook, match=r"no worker with the vantage point 'us' is left .*--resume goes on"):
            await made(cluster, VisitTask(errands=errands("mx.test"), place="us"))

    play(scheduler, story, EU, US)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("eu,", "'' does not name a vantage point"),
        ("eu,u s", "'u s' does not name a vantage point"),
        ("eu,us,eu", "the vantage point 'eu' is named twice"),
        ("eu=here", "'here' is no address that eu could dial from"),
    ],
)
def test_places_that_cannot_be_meant_are_refused(text: str, said: str) -> None:
    with pytest.raises(InputError, match=f"^{said}"):
        read_places(text)


def test_places_come_in_the_order_in_which_they_are_named() -> None:
    assert read_places("eu, us=192.0.2.99") == (EU, US)


# -- what is wrong with the cluster ------------------------------------------------------------------------------------


def test_a_worker_with_another_version_is_refused() -> None:
    scheduler = MemoryScheduler({"w1": (), "w2": ()})
    scheduler.version["w2"] = "0.0.9"

    assert refused(scheduler).startswith("the worker w2 has mxprobe 0.0.9, and this is ")


def test_a_worker_without_mxprobe_is_refused_with_what_would_be_right() -> None:
    scheduler = MemoryScheduler({"w1": ()})
    scheduler.version["w1"] = ModuleNotFoundError("No module named 'mxprobe'")

    said = refused(scheduler)

    assert said.startswith("the worker w1 cannot import mxprobe\n")
    assert "pip install 'mxprobe[dask]==" in said


def test_a_worker_that_comes_later_with_another_version_is_left_out(caplog: pytest.LogCaptureFixture) -> None:
    scheduler = MemoryScheduler({"w1": ()})
    scheduler.version["w2"] = "0.0.9"

    async def story(cluster: Cluster) -> None:
        scheduler.there["w2"] = skilled()
        await asyncio.sleep(5)
        assert cluster.size == 1

    play(scheduler, story)

    assert [record.getMessage() for record in caplog.records if "w2" in record.getMessage()] != []


def test_a_cluster_without_workers_cannot_look() -> None:
    assert refused(MemoryScheduler({})) == f"the Dask scheduler at {ADDRESS} has no worker"


def test_a_scheduler_that_is_lost_ends_the_survey() -> None:
    scheduler = MemoryScheduler({"w1": ()})

    async def story(cluster: Cluster) -> None:
        scheduler.is_lost = True
        with pytest.raises(CouldNotLook, match="the scheduler is lost"):
            await made(cluster, VisitTask(errands=errands(*"abcdefghij")))

    play(scheduler, story)


@pytest.mark.parametrize(
    ("domain", "kind", "said"),
    [
        ("broken.test", InputError, "the worker w1: the file of the CA cannot be read"),
        ("nowhere.test", CouldNotLook, "the worker w1: no name server answers"),
    ],
)
def test_what_is_wrong_at_a_worker_is_told_as_such(domain: str, kind: type[Exception], said: str) -> None:
    async def story(cluster: Cluster) -> None:
        with pytest.raises(kind, match=said):
            await made(cluster, ResolveTask(entries=entries("a.test", domain)))

    play(MemoryScheduler({"w1": ()}), story)


def test_a_bug_on_a_worker_loses_its_task_and_says_why() -> None:
    async def story(cluster: Cluster) -> None:
        with pytest.raises(WorkerLost, match="the worker w1: RuntimeError: a bug of ours"):
            await made(cluster, ResolveTask(entries=entries("bug.test")))

    play(MemoryScheduler({"w1": ()}), story)


def test_without_dask_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *more: Any) -> Any:
        if name == "distributed":
            raise ImportError(name)
        return real(name, *more)

    async def story() -> None:
        async with Cluster(ADDRESS, Here()):
            pass

    monkeypatch.setattr(builtins, "__import__", without)

    with pytest.raises(InputError, match=r"(?s)--scheduler needs Dask.*pip install 'mxprobe\[dask\]'"):
        play_in_fresh_loop(story)
