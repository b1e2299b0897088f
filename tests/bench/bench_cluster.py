"""A survey on a cluster of two workers gives what one machine gives, also with a worker killed, and from two places.

    python -m tests.bench.bench_cluster [--domains 4000] [--operators 1000] [--depth tls]

The same world is surveyed five times by the command itself: in one process, by two worker processes, by a Dask cluster
of a scheduler and two workers (processes of their own, begun as a person begins them), by the same cluster with one of
the two killed in the middle, and from two vantage points. Compared are all lines, without times. The clock says little
where cores are shared, so that the processor time of all who work for the survey stands beside it.
"""

import argparse
import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from msgspec import Struct

from tests.bench.surveying import ROOT, World, plain_lines, world

_TICKS = os.sysconf("SC_CLK_TCK")
_START_LIMIT = 30.0
_DASK = (sys.executable, "-m", "dask")
_ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT), "DASK_LOGGING__DISTRIBUTED": "error"}


class Cluster(Struct, frozen=True, kw_only=True):
    """A Dask cluster: the address of its scheduler, and its processes."""

    address: str
    scheduler: int
    workers: tuple[int, ...]


class Done(Struct, frozen=True, kw_only=True):
    """One survey: its lines, seconds of the clock, and of the processor."""

    out: Path
    clock: float
    processor: float


def main() -> int:
    """Run all, and print what differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--domains", type=int, default=4000)
    parser.add_argument("--operators", type=int, default=1000)
    parser.add_argument("--depth", default="tls")
    words = parser.parse_args()
    with world(words.domains, words.operators) as here:
        alone = _run(here, words.depth, "alone", "--workers", "0")
        told = [("in one process", alone, "")]
        two = _run(here, words.depth, "processes", "--workers", "2")
        told.append(("two processes", two, _compare(alone, two)))
        with _cluster(here.folder, ("", "")) as cluster:
            warm = _run(here, words.depth, "cluster", "--scheduler", cluster.address, cluster=cluster)
            told.append(("a cluster of two", warm, _compare(alone, warm)))
            sessions = here.sink.stats().sessions
            whole = _strike(here, cluster, words.depth, warm.clock)
            again = here.sink.stats().sessions - sessions
            told.append(("one of the two killed", whole, f"{_compare(alone, whole)}; {again} sessions"))
        with _cluster(here.folder, ("eu=3", "us=3")) as cluster:
            places = ("--vantage", "eu,us=127.0.0.9")
            both = _run(here, words.depth, "places", "--scheduler", cluster.address, *places, cluster=cluster)
            told.append(("from two places", both, _count_places(both)))
    for name, done, what in told:
        rate, cost = words.domains / done.clock, 1000 * done.processor / words.domains
        print(f"{name:>24}: {rate:6.0f} domains/s, {cost:5.2f} ms of processor a domain  {what}")
    return int(any("DIFFER" in what for _, _, what in told))


def _run(here: World, depth: str, name: str, *words: str, cluster: Cluster | None = None) -> Done:
    """One survey by the command."""
    out = here.folder / f"{name}.jsonl"
    ways = ["--out", str(out), "--depth", depth, "--nameserver", here.nameserver, "--port", str(here.sink.port)]
    ways += ["--cafile", str(here.sink.cafile), "--contact", "bench@bench.test", "--helo", "probe.bench.test"]
    ways += ["-4", "--ask", "none", "--allow-special", "--i-own-these", "--no-pacing", "--sessions", "200", "--quiet"]
    before, began = _processor(cluster), time.monotonic()
    subprocess.run(
        [sys.executable, "-m", "mxprobe", "survey", str(here.listed), *ways, *words],
        check=True,
        env=_ENVIRONMENT,
    )
    clock = time.monotonic() - began
    return Done(out=out, clock=clock, processor=_processor(cluster) - before)


def _strike(here: World, cluster: Cluster, depth: str, clock: float) -> Done:
    """The same, with one worker killed in the middle; its nanny begins another."""
    before = here.sink.stats().sessions

    def kill() -> None:
        while here.sink.stats().sessions < before + here.endpoints // 3:
            time.sleep(0.01)
        os.kill(cluster.workers[0], signal.SIGKILL)

    striking = threading.Thread(target=kill, daemon=True)
    striking.start()
    done = _run(here, depth, "killed", "--scheduler", cluster.address, cluster=cluster)
    striking.join(clock)
    return done


@contextmanager
def _cluster(folder: Path, resources: tuple[str, ...]) -> Iterator[Cluster]:
    """A scheduler, and a worker for each of the resources."""
    found = folder / f"scheduler-{time.monotonic_ns()}.json"
    common = ["--scheduler-file", str(found), "--no-dashboard", "--host", "127.0.0.1"]
    with contextlib.ExitStack() as opened:
        scheduler = opened.enter_context(_child([*_DASK, "scheduler", *common, "--port", "0"]))
        for number, has in enumerate(resources):
            ways = ["--nthreads", "3", "--local-directory", str(folder / f"w{number}")]
            opened.enter_context(_child([*_DASK, "worker", *common, *ways, *(("--resources", has) if has else ())]))
        address, workers = _wait_for(found, len(resources))
        yield Cluster(address=address, scheduler=scheduler.pid, workers=workers)


@contextmanager
def _child(command: list[str]) -> Iterator["subprocess.Popen[bytes]"]:
    with subprocess.Popen(command, env=_ENVIRONMENT, cwd=ROOT, stderr=subprocess.DEVNULL) as child:
        try:
            yield child
        finally:
            child.send_signal(signal.SIGINT)
            try:
                child.wait(10)
            except subprocess.TimeoutExpired:
                child.kill()


def _wait_for(found: Path, workers: int) -> tuple[str, tuple[int, ...]]:
    """The address of a scheduler, and the numbers of its workers' processes, when all are there."""
    from distributed import Client

    end = time.monotonic() + _START_LIMIT
    while not found.exists() and time.monotonic() < end:
        time.sleep(0.05)
    address = msgspec.json.decode(found.read_bytes())["address"]
    with Client(address) as client:  # type: ignore[no-untyped-call]
        client.wait_for_workers(workers, timeout=_START_LIMIT)
        return address, tuple(client.run(os.getpid).values())


def _processor(cluster: Cluster | None) -> float:
    """Seconds of the processor that ended children and, so far, the cluster have taken."""
    taken = os.times()
    running = (cluster.scheduler, *cluster.workers) if cluster else ()
    return taken.children_user + taken.children_system + sum(map(_processor_of, running))


def _processor_of(number: int) -> float:
    try:
        fields = Path(f"/proc/{number}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _compare(one: Done, other: Done) -> str:
    """How many lines are not the same."""
    first, second = sorted(plain_lines(one.out)), sorted(plain_lines(other.out))
    unlike = len(set(first) ^ set(second))
    return f"the same {len(second)} lines" if first == second else f"{unlike} lines DIFFER"


def _count_places(done: Done) -> str:
    lines = [msgspec.json.decode(line) for line in done.out.read_bytes().splitlines()]
    visited = [line for line in lines if line["snapshot"]["visits"]]
    both = sum(1 for line in visited if len(line["elsewhere"]) == 1)
    return (
        f"{both} of {len(visited)} domains with hosts from both, {sum(bool(line['differs']) for line in lines)} unlike"
    )


if __name__ == "__main__":
    sys.exit(main())
