"""An operator that throttles is visited more slowly, and holds up nobody else.

    python -m tests.bench.bench_throttled [--others 2000] [--hosts 40] [--allowed 10] [--window 10]

The command `mxprobe survey` runs twice with its usual pacing: over the domains of many operators alone, and over the
same with those of one operator among them whose hosts answer 421 after so many connections in a window of seconds.
Printed is how long it took until the last line of the others was written, without that operator and beside it, and
what came of its own hosts: sessions and those turned away as the sink counts them, and what their lines say.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from msgspec import Struct

from tests.bench.nsd import serve_zones, write_zone
from tests.bench.sink import ROOT, Settings, Sink, address_of, standing

MOST = 1.25
"""The others may take so many times as long beside the operator that throttles."""

_OTHERS = 1 << 16  # numbers of addresses from here on do not begin with 127.1.


class Took(Struct, frozen=True, kw_only=True):
    """Seconds until the last line of the others, and of all, was written; what the command printed."""

    others: float
    whole: float
    printed: str


def main() -> int:
    """Survey without the operator, and with it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--others", type=int, default=2000)
    parser.add_argument("--hosts", type=int, default=40)
    parser.add_argument("--allowed", type=int, default=10)
    parser.add_argument("--window", type=float, default=10.0)
    words = parser.parse_args()
    settings = Settings(throttled="127.1.", allowed=words.allowed, window=words.window, starttls=False)
    with standing(settings) as sink, _names(words) as (folder, nameserver):
        others = [f"f{number}.test" for number in range(words.others)]
        slow = [f"s{number}.test" for number in range(words.hosts)]
        alone = _survey(folder / "alone", others, sink, nameserver)
        before = sink.stats()
        beside = _survey(folder / "beside", [*slow, *others], sink, nameserver)
        after = sink.stats()
        print(beside.printed)
        print(
            f"the others took {alone.others:.1f} s alone, and {beside.others:.1f} s beside the operator that throttles"
        )
        print(f"all of it took {beside.whole:.1f} s")
        sessions, away = after.sessions - before.sessions - words.others, after.turned_away - before.turned_away
        print(f"the operator's {words.hosts} hosts saw {sessions} sessions, of which {away} were turned away")
        for verdict, count in _verdicts(folder / "beside.jsonl").most_common():
            print(f"  {count} of its domains: {verdict}")
    return int(beside.others > MOST * alone.others + 1)


@contextmanager
def _names(words: argparse.Namespace) -> Iterator[tuple[Path, str]]:
    """A name server that knows all of them."""
    records = [f"s{number} MX 10 mx{number}.slow" for number in range(words.hosts)]
    records += [f"mx{number}.slow A {address_of(number)}" for number in range(words.hosts)]
    records += [f"f{number} MX 10 mx.f{number}" for number in range(words.others)]
    records += [f"mx.f{number} A {address_of(_OTHERS + number)}" for number in range(words.others)]
    with TemporaryDirectory(prefix="mxprobe-bench-") as name:
        folder = Path(name)
        write_zone(folder / "test.zone", "test", iter(records))
        with serve_zones({"test": folder / "test.zone"}) as served:
            yield folder, served.name


def _survey(name: Path, domains: list[str], sink: Sink, nameserver: str) -> Took:
    """One run of the command."""
    listed, out = name.with_suffix(".txt"), name.with_suffix(".jsonl")
    listed.write_text("\n".join(domains), encoding="ascii")
    command = [sys.executable, "-m", "mxprobe", "survey", str(listed), "--out", str(out), "--depth", "ehlo"]
    command += ["--i-own-these", "--allow-special", "--nameserver", nameserver, "--port", str(sink.port), "-4"]
    command += ["--helo", "probe.bench.test"]
    began = time.monotonic()
    last = began
    known = 0
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=subprocess.STDOUT, cwd=ROOT, env=environment) as process:
        while process.poll() is None:
            count = out.read_bytes().count(b'"domain":"f') if out.exists() else 0
            if count > known:
                known, last = count, time.monotonic()
            time.sleep(0.2)
        printed = process.stdout.read().decode() if process.stdout else ""
    if process.returncode:
        raise SystemExit(f"the survey ended with {process.returncode}: {printed}")
    return Took(others=last - began, whole=time.monotonic() - began, printed=printed)


def _verdicts(results: Path) -> Counter[str]:
    """What the lines of the slow operator's domains say."""
    found = Counter[str]()
    with results.open("rb") as file:
        for text in file:
            line = json.loads(text)
            if line["snapshot"]["domain"].startswith("s"):
                sessions = line["snapshot"]["visits"][0].get("sessions", ())
                reached = "throttled" if line["tally"].get("throttled") else "visited"
                found[f"{reached}, after {len(sessions)} sessions"] += 1
    return found


if __name__ == "__main__":
    sys.exit(main())
