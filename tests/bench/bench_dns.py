"""How many domains a second get their MX, A and AAAA records: our stub beside dnspython's asynchronous resolver.

    python -m tests.bench.bench_dns [--domains 20000] [--rounds 3]

Makes its own world: NSD serves a zone in which each domain has two MX hosts, of which one stands behind an alias for
every tenth domain; the hosts are the domain's own (`own`), or those of five hundred operators (`shared`). Everybody
gives back AD, aliases and TTLs, asks with EDNS and DO, and answers are remembered where hosts are shared, by dnspython
in its own LRU cache. Printed are domains and queries a second, processor time a query, and what memory grew by; the
ratios are medians of rounds in which all are run in turns. Needs NSD, see `tests.bench.nsd`.
"""

import argparse
import asyncio
import gc
import multiprocessing
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import dns.asyncresolver
import dns.exception
import dns.flags
import dns.resolver
import uvloop
from msgspec import Struct

from mxprobe.facts.snapshot import Vantage
from mxprobe.facts.survey import Depth, Entry, Manner
from mxprobe.probe.naming import name_all
from mxprobe.wire.exchange import ask_over_sockets
from mxprobe.wire.resolver import Patience, Resolver, look_up
from mxprobe.wire.stub import Stub
from tests.bench.nsd import NoNsd, Served, serve_zones, write_zone

OPERATORS = 500
ALIASED = 10
"""One domain in so many has a host behind an alias."""

AT_ONCE = 50
"""Domains that dnspython and `Resolver` are asked about at one time: more makes neither faster."""

LESS = 10
"""The slow ones are measured over so many times fewer domains."""

WORLDS = ("own", "shared")


class Figures(Struct, frozen=True, kw_only=True):
    """What one run took, in seconds, and how many records it found; `memory` is the growth of the peak, in octets."""

    domains: int
    queries: int
    records: int
    wall: float
    cpu: float
    memory: int = 0


Ask = Callable[[Served, str, int], Coroutine[Any, Any, Figures]]


def zone(world: str, count: int) -> Iterator[str]:
    """The lines of a world with so many domains."""
    for number in range(count):
        label = f"{world}{number}"
        for host in (1, 2):
            at = f"mx{host}.{label}" if world == "own" else f"mx{host}.op{number * 7919 % OPERATORS}"
            yield f"{label} MX {host}0 {at}"
            if world == "own":
                yield from host_lines(at, number)
    if world == "shared":
        for number in range(OPERATORS):
            for host in (1, 2):
                yield from host_lines(f"mx{host}.op{number}", number)


def host_lines(name: str, number: int) -> Iterator[str]:
    """A host, behind an alias where its turn is."""
    if number % ALIASED == 0:
        yield f"{name} CNAME at.{name}"
        name = f"at.{name}"
    yield f"{name} A 192.0.2.{number % 250}"
    if number % 2:
        yield f"{name} AAAA 2001:db8::{number % 65536:x}"


class _Clock:
    """Wall and processor seconds since it was made."""

    def __init__(self) -> None:
        self.cpu, self.wall = time.process_time(), time.perf_counter()

    def figures(self, domains: int, queries: int, records: int) -> Figures:
        """What was done since."""
        return Figures(
            domains=domains,
            queries=queries,
            records=records,
            wall=time.perf_counter() - self.wall,
            cpu=time.process_time() - self.cpu,
        )


async def ask_dnspython(server: Served, world: str, count: int) -> Figures:
    """dnspython's resolver, with tasks at once and, where hosts are shared, its cache."""
    resolver = dns.asyncresolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = [server.address], server.port
    resolver.use_edns(0, dns.flags.DO, 1232)
    resolver.set_flags(dns.flags.RD | dns.flags.AD)
    resolver.lifetime, resolver.timeout = 20.0, 3.0
    if world == "shared":
        resolver.cache = dns.resolver.LRUCache(20_000)
    queries = records = 0

    async def ask(name: Any, rrtype: str) -> Any:
        nonlocal queries, records
        queries += 1
        try:
            answer = await resolver.resolve(name, rrtype, raise_on_no_answer=False, search=False)
        except dns.exception.DNSException:
            return ()
        records += len(answer.rrset or ())
        return answer.rrset or ()

    async def look(number: int) -> None:
        mx = await ask(f"{world}{number}.test.", "MX")
        async with asyncio.TaskGroup() as group:
            for record in mx:
                group.create_task(ask(record.exchange, "A"))
                group.create_task(ask(record.exchange, "AAAA"))

    clock = _Clock()
    await in_turns(look, count)
    return clock.figures(count, queries, records)


async def ask_resolver(server: Served, world: str, count: int) -> Figures:
    """Our resolver, which remembers nothing."""
    resolver = Resolver(ask_over_sockets, (server.name,), Patience(at_once=AT_ONCE * 4))
    records = 0

    async def look(number: int) -> None:
        nonlocal records
        answers = await look_up(f"{world}{number}.test", resolver)
        records += sum(len(answer.records) for answer in answers)

    clock = _Clock()
    await in_turns(look, count)
    return clock.figures(count, resolver.sent, records)


async def in_turns(look: Callable[[int], Coroutine[Any, Any, None]], count: int) -> None:
    """Look at all domains, so many at once."""
    numbers = iter(range(count))

    async def work() -> None:
        for number in numbers:
            await look(number)

    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(work())


async def ask_stub(server: Served, world: str, count: int) -> Figures:
    """The naming stage of a survey, over our stub."""
    manner = Manner(depth=Depth.DNS, vantage=Vantage(helo="bench.test"), wishes=())
    names = (f"{world}{number}.test" for number in range(count))
    entries = (Entry(number=number, domain=name, asked=name) for number, name in enumerate(names))
    records = domains = 0
    async with Stub((server.name,)) as stub:
        clock = _Clock()
        async for named in name_all(entries, manner, stub, time.time):
            domains += 1
            records += sum(len(answer.records) for answer in named.answers)
        return clock.figures(domains, stub.sent, records)


def _measure(ask: Ask, fast: bool, told: Any, *about: Any) -> None:
    """One run, in a process of its own."""
    gc.collect()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    figures = (uvloop.run if fast else asyncio.run)(ask(*about))
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
    told.send(Figures(**{**{name: getattr(figures, name) for name in Figures.__struct_fields__}, "memory": grown}))


def measure(ask: Ask, fast: bool, server: Served, world: str, count: int) -> Figures:
    """What a run takes."""
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_measure, args=(ask, fast, theirs, server, world, count))
    process.start()
    theirs.close()
    try:
        figures: Figures = ours.recv()
    finally:
        process.join()
    return figures


RUNS: tuple[tuple[str, Ask, bool, int], ...] = (
    ("dnspython, asyncio", ask_dnspython, False, LESS),
    ("dnspython, uvloop", ask_dnspython, True, LESS),
    ("Resolver, asyncio", ask_resolver, False, LESS),
    ("Resolver, uvloop", ask_resolver, True, LESS),
    ("survey, asyncio", ask_stub, False, 1),
    ("survey, uvloop", ask_stub, True, 1),
)


def show(world: str, found: dict[str, list[Figures]], server: float) -> None:
    """A table of medians, and the ratios."""
    print(f"\n{world} hosts ({server:.1f} s of the name server's processor time)")
    print(f"{'':20}{'domains/s':>11}{'a cpu-s':>9}{'queries/s':>11}{'µs a query':>12}{'records':>9}{'MB':>6}")
    wall: dict[str, list[float]] = {}
    cpu: dict[str, list[float]] = {}
    for name, runs in found.items():
        wall[name] = [run.domains / run.wall for run in runs]
        cpu[name] = [run.domains / run.cpu for run in runs]
        queries = statistics.median(run.queries / run.wall for run in runs)
        each = statistics.median(run.cpu / run.queries * 1e6 for run in runs)
        memory = max(run.memory for run in runs) / 1e6
        records = runs[0].records / runs[0].domains
        print(
            f"{name:20}{statistics.median(wall[name]):11.0f}{statistics.median(cpu[name]):9.0f}{queries:11.0f}"
            f"{each:12.1f}{records:9.2f}{memory:6.0f}"
        )
    for loop in ("asyncio", "uvloop"):
        ratios = [
            statistics.median(ours / theirs for ours, theirs in zip(kind[f"survey, {loop}"], best, strict=True))
            for kind in (wall, cpu)
            for best in [[max(pair) for pair in zip(*(kind[f"dnspython, {one}"] for one in _LOOPS), strict=True)]]
        ]
        print(f"survey on {loop}: {ratios[0]:.1f} x dnspython's better loop in domains/s, {ratios[1]:.1f} x a cpu-s")


_LOOPS = ("asyncio", "uvloop")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="domains a second: our stub beside dnspython's resolver")
    parser.add_argument("--domains", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mxprobe-bench-") as folder:
        path = Path(folder) / "test.zone"
        write_zone(path, "test", (line for world in WORLDS for line in zone(world, options.domains)))
        try:
            with serve_zones({"test": path}) as server:
                for world in WORLDS:
                    found: dict[str, list[Figures]] = {name: [] for name, *_ in RUNS}
                    before = server.cpu()
                    for _ in range(options.rounds):
                        for name, ask, fast, less in RUNS:
                            found[name].append(measure(ask, fast, server, world, max(options.domains // less, 1)))
                    show(world, found, server.cpu() - before)
        except NoNsd as error:
            raise SystemExit(str(error)) from error


if __name__ == "__main__":
    main()
