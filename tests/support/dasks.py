"""A real Dask cluster on loopback: a scheduler in this process, and workers that are processes of their own."""

import warnings
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

_QUIET = 60  # above every level of logging


@asynccontextmanager
async def dask(*resources: Mapping[str, float]) -> AsyncIterator[Any]:
    """A cluster with a worker for each of `resources`: w0, w1 and so on. Ports are free ones; all ends with it."""
    from distributed import Nanny, Scheduler, SpecCluster

    begin: Any = SpecCluster
    options = {"nthreads": 3, "dashboard_address": None, "host": "127.0.0.1", "silence_logs": _QUIET}
    workers = {
        f"w{number}": {"cls": Nanny, "options": {**options, "resources": dict(found)}}
        for number, found in enumerate(resources)
    }
    scheduler = {
        "cls": Scheduler,
        "options": {"dashboard": False, "dashboard_address": ":0", "host": "127.0.0.1", "port": 0},
    }
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"(distributed|tornado|dask)\.")
        async with begin(workers=workers, scheduler=scheduler, asynchronous=True, silence_logs=_QUIET) as cluster:
            yield cluster
