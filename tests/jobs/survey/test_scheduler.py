"""Tasks on a real Dask cluster: two workers as processes of their own, one of them killed, places, a lost scheduler."""

import asyncio
import os
import signal
from typing import Any

import msgspec
import pytest

from mxprobe.errors import CouldNotLook, InputError
from mxprobe.facts.vantages import VantagePoint
from mxprobe.jobs.survey.cluster import Cluster, Terms
from mxprobe.jobs.survey.tasks import ResolveTask, Row, Task, VisitedRow, VisitTask, WorkerLost
from tests.support.clusters import MANNER, PERFORM, Here, entries, errands
from tests.support.dasks import dask

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

TERMS = Terms(performs=PERFORM, look=0.1)


async def made(cluster: Cluster, task: Task) -> list[Row]:
    """All rows of a task."""
    return [row async for rows in cluster.perform(task, MANNER) for row in rows]


async def test_two_processes_make_what_is_made_here() -> None:
    tasks: list[Task] = [ResolveTask(entries=entries(*(f"d{number}.test" for number in range(2500))))]
    tasks += [VisitTask(errands=errands(f"mx{number}.test")) for number in range(3)]

    async with dask({}, {}) as there, Cluster(there.scheduler_address, Here(), (), TERMS) as cluster:
        assert cluster.size == 2
        async with asyncio.TaskGroup() as group:
            making = [group.create_task(made(cluster, task)) for task in tasks]
        here = [[row async for rows in Here().perform(task, MANNER) for row in rows] for task in tasks]

    assert [task.result() for task in making] == here


async def test_a_worker_that_is_killed_loses_nothing_that_it_did() -> None:
    wanted = errands(*(f"{letter}.test" for letter in "abcdefgh"))
    rows: list[VisitedRow] = []
    killed: list[int] = []

    async def visit(cluster: Cluster, there: Any) -> None:
        left = tuple(errand for errand in wanted if errand.key not in {row.key for row in rows})
        async for batch in cluster.perform(VisitTask(errands=left), MANNER):
            rows.extend(row for row in batch if isinstance(row, VisitedRow))
            if len(rows) >= 2 and not killed:
                killed.append(there.workers["w0"].pid)
                os.kill(killed[0], signal.SIGKILL)

    async with dask({}) as there, Cluster(there.scheduler_address, Here(), (), TERMS) as cluster:
        with pytest.raises(WorkerLost):
            await visit(cluster, there)
        assert [row.key for row in rows] == [errand.key for errand in wanted[: len(rows)]]
        await visit(cluster, there)  # the nanny has begun a new worker meanwhile

    assert [row.key for row in rows] == [errand.key for errand in wanted]


async def test_places_are_resources_of_workers() -> None:
    eu, us = VantagePoint(name="eu"), VantagePoint(name="us", source="127.0.0.9")

    async with dask({"eu": 1}, {"us": 1}) as there:
        async with Cluster(there.scheduler_address, Here(), (eu, us), TERMS) as cluster, asyncio.TaskGroup() as group:
            making = [
                group.create_task(made(cluster, VisitTask(errands=errands("mx.test"), place=place)))
                for place in ("eu", "us")
            ]
        with pytest.raises(InputError, match=r"(?s)vantage point 'asia'.*eu \(1 worker\), us \(1 worker\)"):
            await Cluster(there.scheduler_address, Here(), (VantagePoint(name="asia"),), TERMS).__aenter__()

    rows = [row for task in making for row in task.result() if isinstance(row, VisitedRow)]
    assert [(row.place, msgspec.json.decode(row.sessions)) for row in rows] == [("eu", None), ("us", "127.0.0.9")]


async def test_a_scheduler_that_is_gone_is_told_and_the_journal_is_good() -> None:
    from distributed import Scheduler, Worker

    scheduler: Any = Scheduler(host="127.0.0.1", port=0, dashboard=False, dashboard_address=":0")
    async with (
        scheduler,
        Worker(scheduler.address, nthreads=1, dashboard=False),
        Cluster(scheduler.address, Here(), (), TERMS) as cluster,
        asyncio.TaskGroup() as group,
    ):
        making = group.create_task(told(cluster))
        await asyncio.sleep(0.5)
        await scheduler.close()

    assert "--resume goes on" in making.result()


async def told(cluster: Cluster) -> str:
    """What is said where a task cannot be made."""
    with pytest.raises(CouldNotLook) as raised:
        await made(cluster, VisitTask(errands=errands(*"abcdefghijklmnopqrstuvwxyz")))
    return str(raised.value)


async def test_nobody_at_the_address_is_told() -> None:
    with pytest.raises(CouldNotLook, match=r"no Dask scheduler answers at tcp://127\.0\.0\.1:1"):
        await Cluster("tcp://127.0.0.1:1", Here(), (), Terms(connect=0.3)).__aenter__()
    with pytest.raises(InputError, match="is no address of a Dask scheduler"):
        await Cluster("smtp://x", Here(), (), Terms(connect=0.3)).__aenter__()
