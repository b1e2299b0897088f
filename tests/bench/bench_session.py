"""What a session costs, beside what it cannot cost less than: python -m tests.bench.bench_session.

Starts a sink of its own and speaks to all-unique endpoints: STARTTLS with the full certificate verdict, EHLO, MAIL,
RCPT, RSET and QUIT in one piece, up to the finished `Session` in JSON. Prints, each as a ratio, the client's processor
time for an endpoint (yardstick: a bare handshake of the same TLS library in the same interpreter) and the endpoints in
a second (yardsticks: a minimal client on uvloop, and other people's programs, which have all cores: beside them stands
what one process of ours does, and what a process a core does, as a survey has them). Of several rounds, taken in turns,
the best figure counts, since the rest is other people's load; "x as fast" is the median of the rounds, in each of which
both ran. `--hold 5000` holds so many sessions open at once in a process of its own and prints its peak memory.
"""

import argparse
import asyncio
import gc
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from subprocess import PIPE
from time import perf_counter, process_time
from typing import Any, Protocol

from msgspec import Struct

from mxprobe.facts.codec import encode
from mxprobe.facts.session import Endpoint
from mxprobe.jobs.survey.garbage import collect_seldom
from mxprobe.wire.descriptors import allow_many_connections
from mxprobe.wire.dial import SocketDialer
from mxprobe.wire.session import Limits, Means, SessionScript, speak
from mxprobe.wire.tls import TlsContext
from tests.bench.session_programs import PROGRAMS, NotHere, measure_program
from tests.bench.session_yardsticks import (
    MinimalClient,
    StreamClient,
    bare_pyopenssl,
    bare_stdlib,
    host_contexts,
)
from tests.bench.sink import ROOT, Settings, Sink, address_of, host_name, standing

Runner = Callable[[Coroutine[Any, Any, Any]], Any]


class Client(Protocol):
    """Makes one session."""

    async def visit(self, endpoint: Endpoint) -> None:
        """Raises where the session is not what it should be."""


class OurClient:
    """Sessions of mxprobe, judged, kept and written as JSON."""

    def __init__(self, cafile: Path | str, limits: Limits = Limits()) -> None:  # noqa: B008 - a frozen value
        self.means = Means(dialer=SocketDialer(), tls=TlsContext(cafile), wall=time.time)
        self.script = SessionScript(helo="probe.example.test", recipients=("alice@bench.test",), limits=limits)
        self.octets = 0

    async def visit(self, endpoint: Endpoint) -> None:
        session = await speak(endpoint, self.script, self.means)
        if session.failure is not None or session.tls is None or not session.tls.verdict.is_valid:
            raise AssertionError(f"not as it should be: {session.failure or session.tls}")
        self.octets += len(encode(session))


class Figures(Struct, kw_only=True):
    """The best of the rounds: seconds of processor time for an endpoint, and endpoints in a second; and how many times
    as fast we were in each round."""

    cpu: float | None = None
    rate: float | None = None
    ratios: list[float] = []

    def add(self, cpu: float | None, rate: float | None, ours: float | None = None) -> None:
        if cpu is not None:
            self.cpu = min(cpu, self.cpu or cpu)
        if rate is not None:
            self.rate = max(rate, self.rate or rate)
            if ours is not None:
                self.ratios = [*self.ratios, ours / rate]


async def crowd(client: Client, endpoints: list[Endpoint], at_once: int) -> None:
    """All endpoints, so many at once."""
    waiting = iter(endpoints)

    async def work() -> None:
        for endpoint in waiting:
            await client.visit(endpoint)

    async with asyncio.TaskGroup() as group:
        for _ in range(at_once):
            group.create_task(work())


def measure_client(client: Client, endpoints: list[Endpoint], at_once: int, runner: Runner) -> tuple[float, float]:
    """Processor seconds for an endpoint, and endpoints in a second."""
    gc.collect()
    gc.freeze()  # as a process does that means to speak for hours
    cpu, started = process_time(), perf_counter()
    runner(crowd(client, endpoints, at_once))
    spent, took = process_time() - cpu, perf_counter() - started
    gc.unfreeze()
    return spent / len(endpoints), len(endpoints) / took


def uvloop_runner() -> Runner | None:
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.run


OURS, OURS_FAST, MINIMAL = "mxprobe, asyncio", "mxprobe, uvloop", "minimal client, uvloop"
OURS_DISTINCT = "mxprobe, no certificate seen twice"
OURS_TOGETHER = "mxprobe, a process a core"
BARE, BARE_STDLIB, STREAMS = "bare handshake, pyOpenSSL", "bare handshake, stdlib ssl", "asyncio streams"


def rounds(sink: Sink, distinct: Sink, options: argparse.Namespace) -> dict[str, Figures]:
    """All that runs in this interpreter, in turns."""
    fast = uvloop_runner()
    if fast is None:
        print("uvloop is not installed: its lines are left out.")
    hosts = host_contexts(sink.settings.certificates)
    figures: dict[str, Figures] = {}
    clients: list[tuple[str, Client, Runner | None, Sink]] = [
        (OURS if fast is None else OURS_FAST, OurClient(sink.cafile), fast or asyncio.run, sink),
        (MINIMAL, MinimalClient(), fast, sink),
        (OURS, OurClient(sink.cafile), None if fast is None else asyncio.run, sink),
        (OURS_DISTINCT, OurClient(sink.cafile), fast or asyncio.run, distinct),
        (STREAMS, StreamClient(), asyncio.run, sink),
    ]
    for number in range(options.rounds):
        for name, bare in ((BARE, bare_pyopenssl), (BARE_STDLIB, bare_stdlib)):
            figures.setdefault(name, Figures()).add(bare(options.count // 3, hosts), None)
        ours: float | None = None
        for name, client, runner, at in clients:
            if runner is not None:
                first = number * options.count
                endpoints = [at.endpoint(first + place) for place in range(options.count)]
                cpu, rate = measure_client(client, endpoints, options.at_once, runner)
                ours = ours or rate
                figures.setdefault(name, Figures()).add(cpu, rate, ours)
    return figures


_LONG = 3000
"""Endpoints of ours beside other programs: about two seconds, of which the first and the last session are little."""


def programs(sink: Sink) -> dict[str, Figures]:
    """Other people's programs, and ours in a process a core."""
    figures: dict[str, Figures] = {}
    client, runner = OurClient(sink.cafile), uvloop_runner() or asyncio.run
    for number in range(3):
        ours = measure_client(client, [sink.endpoint(place) for place in range(_LONG)], 100, runner)[1]
        figures.setdefault(OURS_TOGETHER, Figures()).add(None, measure_together(sink), ours)
        for program in PROGRAMS:
            try:
                cpu, rate = measure_program(program, sink, number * program.endpoints)
            except NotHere as error:
                if not number:
                    print(error)
            else:
                figures.setdefault(program.name, Figures()).add(cpu, rate, ours)
    return figures


def table(figures: dict[str, Figures]) -> str:
    """The figures and their ratios, no line wider than 100 columns."""
    bare = figures[BARE].cpu or 0.0
    lines = [f"{'':34}{'CPU ms':>9}{'x bare handshake':>18}{'endpoints/s':>13}{'mxprobe is x as fast':>24}"]
    for name, figure in figures.items():
        cpu = f"{figure.cpu * 1000:9.3f}{figure.cpu / bare:18.2f}" if figure.cpu else " " * 27
        rate = f"{figure.rate:13.0f}{median(figure.ratios):24.2f}" if figure.rate else ""
        lines.append(f"{name:34}{cpu}{rate}".rstrip())
    return "\n".join(lines)


def measure_together(sink: Sink) -> float:
    """Endpoints in a second that a process for each core speaks to, all of them at the same time."""
    cores = os.cpu_count() or 1
    words = [sys.executable, "-m", "tests.bench.bench_session", "--within", str(sink.port), str(sink.cafile)]
    with ExitStack() as stack:
        talks = []
        for part in range(cores):
            command = [*words, "--part", str(part)]
            child = stack.enter_context(subprocess.Popen(command, cwd=ROOT, stdin=PIPE, stdout=PIPE, text=True))
            assert child.stdin is not None
            assert child.stdout is not None
            talks.append((child.stdin, child.stdout))
        for _, heard in talks:
            heard.readline()  # it has loaded all that it needs
        began = perf_counter()
        for told, _ in talks:
            told.write("go\n")
            told.flush()
        for _, heard in talks:
            if heard.readline() != "done\n":
                raise AssertionError("a process of ours ended in the middle")
        return cores * _LONG / (perf_counter() - began)


def speak_within(port: int, cafile: str, part: int) -> None:
    """One of these processes: it says when it is ready, waits for a word, and says when it is done."""
    allow_many_connections()
    client, runner = OurClient(cafile), uvloop_runner() or asyncio.run
    numbers = range(part * _LONG, (part + 1) * _LONG)
    endpoints = [Endpoint(host=host_name(number), address=address_of(number), port=port) for number in numbers]
    print("ready", flush=True)
    sys.stdin.readline()
    measure_client(client, endpoints, 50, runner)
    print("done", flush=True)


# -- thousands at once ------------------------------------------------------------------------------------------------


def hold(count: int) -> str:
    """So many sessions open at once in one process; its peak memory, in a sentence."""
    with standing(Settings(hold=count)) as sink:
        words = [sys.executable, "-m", "tests.bench.bench_session", "--within", str(sink.port), str(sink.cafile)]
        done = subprocess.run([*words, "--hold", str(count)], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
        told, stats = json.loads(done.stdout.splitlines()[-1]), sink.stats()
    return (
        f"{stats.most_open} sessions in flight: peak {told['peak']:.0f} MB, of which {told['base']:.0f} MB before the"
        f" first;\n{told['failed']} failed, {stats.quits} said QUIT; {told['loop']}."
    )


def hold_within(port: int, cafile: str, count: int) -> None:
    """The process that holds them."""
    allow_many_connections()
    fast = uvloop_runner()
    client = OurClient(cafile, Limits(ehlo=120.0, session=300.0))
    base, failures = peak_memory(), []

    async def visit(number: int, gate: asyncio.Semaphore) -> None:
        endpoint = Endpoint(host=host_name(number), address=address_of(number), port=port)
        async with gate:  # the system takes so many new connections at once, and no more
            waits = asyncio.ensure_future(client.visit(endpoint))
            await asyncio.wait([waits], timeout=0.05)
        try:
            await waits
        except AssertionError as error:
            failures.append(error)

    async def story() -> None:
        gate = asyncio.Semaphore(200)
        async with asyncio.TaskGroup() as group:
            for number in range(count):
                group.create_task(visit(number, gate))

    (fast or asyncio.run)(story())
    loop = "on uvloop" if fast else "on asyncio"
    print(json.dumps({"base": base, "peak": peak_memory(), "failed": len(failures), "loop": loop}))


def peak_memory() -> float:
    """The most that this process has had in memory, in MB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="What a session costs, as ratios.")
    parser.add_argument("--count", type=int, default=1200, help="endpoints of each round (1200)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds, of which the best counts (5)")
    parser.add_argument("--at-once", type=int, default=100, help="sessions at once (100)")
    parser.add_argument("--hold", type=int, default=0, metavar="N", help="hold N sessions at once instead")
    parser.add_argument("--no-programs", action="store_true", help="leave other people's programs out")
    parser.add_argument("--within", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--part", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    collect_seldom()  # as in the processes of a survey; for whoever else runs in this one, too
    if options.within and options.part is not None:
        speak_within(int(options.within[0]), options.within[1], options.part)
        return
    if options.within:
        hold_within(int(options.within[0]), options.within[1], options.hold)
        return
    if options.hold:
        print(hold(options.hold))
        return
    allow_many_connections()
    with standing() as sink, standing(Settings(certificates=options.count)) as distinct:
        figures = rounds(sink, distinct, options)
    if not options.no_programs:
        with standing() as sink:
            figures |= programs(sink)
    print(f"{os.cpu_count()} cores, shared with the sink; best of {options.rounds} rounds of {options.count} endpoints")
    print(table(figures))


if __name__ == "__main__":
    main()
