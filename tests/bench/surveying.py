"""A world for surveys in benchmarks: NSD for very many domains, the sink for their hosts, and a survey as a process.

Of the domains 40 % are at five providers of two hosts each, half at operators of their own with one or two hosts,
5 % have a null MX, and 5 % are not there. Every `share` domains of the second sort have an operator in common.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from msgspec import Struct

from tests.bench.nsd import serve_zones, write_zone
from tests.bench.sink import Settings, Sink, address_of, host_name, standing

ROOT = Path(__file__).parents[2]

PROVIDERS = 5
_TIMES = frozenset({"started_at", "elapsed", "started", "ended", "after", "ttl", "negative_ttl"})


class World(Struct, frozen=True, kw_only=True):
    """Where a survey is made: a list, a name server, and hosts with their authority and port."""

    folder: Path
    listed: Path
    nameserver: str
    sink: Sink
    endpoints: int


@contextmanager
def world(domains: int, operators: int) -> Iterator[World]:
    """A world of so many domains, half of them with so many operators."""
    with TemporaryDirectory(prefix="mxprobe-bench-") as name, standing(Settings(certificates=200)) as sink:
        folder = Path(name)
        write_zone(folder / "test.zone", "test", _records(operators))
        listed = folder / "domains.txt"
        with listed.open("w", encoding="ascii") as file:
            for number in range(domains):
                file.write(f"{_domain(number, operators)}\n")
        with serve_zones({"test": folder / "test.zone"}) as served:
            endpoints = 2 * PROVIDERS + operators + operators // 2
            yield World(folder=folder, listed=listed, nameserver=served.name, sink=sink, endpoints=endpoints)


def _domain(number: int, operators: int) -> str:
    kind = number % 20
    if kind < 8:
        return f"d{number}.p{(number // 20) % PROVIDERS}.test"
    if kind < 18:
        return f"d{number}.o{(number // 20 * 10 + kind - 8) % operators}.test"
    return f"d{number}.null.test" if kind == 18 else f"d{number}.gone.test"


def _records(operators: int) -> Iterator[str]:
    yield "*.null MX 0 ."
    hosts = 0
    for number in range(PROVIDERS + operators):
        label = f"p{number}" if number < PROVIDERS else f"o{number - PROVIDERS}"
        count = 2 if number < PROVIDERS or number % 2 else 1
        for rank in range(count):
            host = host_name(hosts).removesuffix(".test")
            yield f"*.{label} MX {10 + 10 * rank} {host}"
            yield f"{host} A {address_of(hosts)}"
            hosts += 1


def start_survey(
    world: World, out: Path, depth: str, *, workers: int = 2, resume: bool = False
) -> "subprocess.Popen[bytes]":
    """A survey in a process of its own; its last line on standard output is its outcome as JSON."""
    words = {
        "listed": str(world.listed),
        "out": str(out),
        "depth": depth,
        "nameserver": world.nameserver,
        "port": world.sink.port,
        "cafile": str(world.sink.cafile),
        "workers": workers,
        "resume": resume,
    }
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "tests.bench.surveying", json.dumps(words)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, env=environment)


def plain_lines(path: Path) -> Iterator[str]:
    """The lines of results without what times and chance make of them."""
    with path.open("rb") as file:
        for line in file:
            yield json.dumps(_plain(json.loads(line)), sort_keys=True)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items() if key not in _TIMES}
    return [_plain(one) for one in value] if isinstance(value, list) else value


def family_memory(pid: int) -> int:
    """The octets that a process and all that come from it hold in memory now, pages that they share once."""
    total = 0
    for one in _family(pid):
        try:
            lines = Path(f"/proc/{one}/smaps_rollup").read_text(encoding="ascii").splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
    return total


def family_peak(pid: int) -> int:
    """The sum of what each of them has held at most until now."""
    total = 0
    for one in _family(pid):
        try:
            lines = Path(f"/proc/{one}/status").read_text(encoding="ascii").splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))
    return total


def _family(pid: int) -> list[int]:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    except OSError:
        return [pid]
    return [pid, *(one for child in children for one in _family(int(child)))]


def main() -> None:
    """The process of one survey."""
    import asyncio

    import msgspec

    from mxprobe.facts.snapshot import Vantage
    from mxprobe.facts.survey import Depth, Manner
    from mxprobe.jobs.survey.listing import EntryList
    from mxprobe.jobs.survey.survey import SurveyOptions, survey

    words = json.loads(sys.argv[1])
    manner = Manner(
        depth=Depth(words["depth"]),
        vantage=Vantage(helo="probe.bench.test", nameservers=(words["nameserver"],), families=(4,), port=words["port"]),
        helo="probe.bench.test",
        wishes=(),
        owned=True,
        allow_special=True,
        cafile=words["cafile"],
        sessions_at_once=200,
        per_operator=0,
        spacing=0.0,
    )
    options = SurveyOptions(
        entries=EntryList(Path(words["listed"])),
        out=words["out"],
        manner=manner,
        resume=words["resume"],
        workers=words["workers"],
    )
    outcome = asyncio.run(survey(options))
    print(msgspec.json.encode(outcome).decode())


if __name__ == "__main__":
    main()
