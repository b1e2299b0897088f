"""A survey of skewed domains, by the command itself: each endpoint visited once, or the hosts of each domain anew.

    python -m tests.bench.bench_survey [--domains 40000] [--anew 10000] [--depth rcpt]

Name server (NSD), sink and survey share the machine. Limits for each operator are off, and as many sessions are open
with and without merging. The same survey is made without findings and with them; posttls-finger, eight at a time, asks
nobody about recipients. Processor time is that of the survey's processes together.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterable
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

from msgspec import Struct

from tests.bench.domains import ZONE, Served, skewed, zone_lines
from tests.bench.nsd import serve_zones, write_zone
from tests.bench.session_programs import POSTTLS, NotHere, measure_program
from tests.bench.sink import Settings, Sink, standing

ROOT = Path(__file__).parents[2]
_FIRST = 5_000_000  # endpoint of posttls-finger's: none that was visited


class Ground(Struct, frozen=True, kw_only=True):
    """Where surveys are made: a folder, a name server and hosts."""

    folder: Path
    nameserver: str
    sink: Sink


class Done(Struct, frozen=True, kw_only=True):
    """One survey: seconds of the clock and of the processor, domains, and what the sink saw of it."""

    clock: float
    processor: float
    domains: int
    sessions: int
    recipients: int

    @property
    def rate(self) -> float:
        """Domains a second."""
        return self.domains / self.clock


def survey(ground: Ground, domains: Iterable[Served], depth: str, *flags: str) -> Done:
    """Survey these domains by the command. Raises SystemExit where it fails."""
    listed, out = ground.folder / "domains.txt", ground.folder / "results.jsonl"
    names = [domain.name for domain in domains]
    listed.write_text("".join(f"{name}\n" for name in names), encoding="ascii")
    for old in ground.folder.glob("results.jsonl*"):
        old.unlink()
    command = [sys.executable, "-m", "mxprobe", "survey", str(listed), "--out", str(out), "--depth", depth, "--quiet"]
    command += ["--nameserver", ground.nameserver, "--port", str(ground.sink.port), "--cafile", str(ground.sink.cafile)]
    command += ["--helo", f"probe.{ZONE}", "--contact", f"postmaster@{ZONE}", "-4", "--ask", "none"]
    command += ["--i-own-these", "--allow-special", "--no-pacing", *flags]
    before, began = ground.sink.stats(), time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)})
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    clock, after = time.monotonic() - began, ground.sink.stats()
    if process.returncode:
        raise SystemExit(f"the survey ended with {process.returncode}: {' '.join(command)}")
    with out.open("rb") as lines:
        told = sum(1 for _ in lines)
    if told != len(names):
        raise SystemExit(f"{told} lines for {len(names)} domains")
    return Done(
        clock=clock,
        processor=usage.ru_utime + usage.ru_stime,
        domains=len(names),
        sessions=after.sessions - before.sessions,
        recipients=after.recipients - before.recipients,
    )


def row(name: str, done: Done) -> str:
    """One line of the table."""
    each = done.processor / done.domains * 1000
    return (
        f" {name:<34}{done.domains:>8}{done.rate:>11.0f}{each:>12.2f}{done.sessions:>10}"
        f"{done.sessions / done.clock:>11.0f}{done.recipients:>12}"
    )


def main() -> None:
    """Survey, and print the table and the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--domains", type=int, default=40_000)
    parser.add_argument("--anew", type=int, default=10_000, help="domains of the survey that merges nothing")
    parser.add_argument("--depth", default="rcpt")
    words = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="mxprobe-bench-")))
        sink = stack.enter_context(standing(Settings(certificates=200)))
        many, certificates = words.domains, sink.settings.certificates
        write_zone(folder / "zone", ZONE, zone_lines(skewed(many), certificates))
        served = stack.enter_context(serve_zones({ZONE: folder / "zone"}))
        ground = Ground(folder=folder, nameserver=served.name, sink=sink)
        print(" skewed domains                     domains  domains/s  ms CPU each  sessions sessions/s  RCPT asked")
        told = {}
        for name, domains, flags in (
            ("each endpoint once", many, ("--no-findings",)),
            ("each endpoint once, with findings", many, ()),
            ("hosts of each domain anew", words.anew, ("--no-findings", "--no-dedup")),
            ("anew, with findings", words.anew, ("--no-dedup",)),
        ):
            told[name] = survey(ground, islice(skewed(many), domains), words.depth, *flags)
            print(row(name, told[name]), flush=True)
        once, judged, anew, anew_judged = told.values()
        print(f"once : anew {once.rate / anew.rate:.1f}, with findings {judged.rate / anew_judged.rate:.1f}")
        try:
            finger = measure_program(POSTTLS, sink, _FIRST)[1]
        except NotHere as error:
            print(f"posttls-finger: {error}")
            return
        print(f"posttls-finger under xargs -P8: {finger:.0f} domains/s")
        print(f"once : posttls-finger {once.rate / finger:.1f}, with findings {judged.rate / finger:.1f}")


if __name__ == "__main__":
    main()
