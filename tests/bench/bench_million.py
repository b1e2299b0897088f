"""The memory of a survey does not grow with its list: what grows is on disk.

    python -m tests.bench.bench_million [--small 10000] [--large 1000000] [--depth dns] [--operators 2000]

Printed is the most that the survey's processes together held at one time, for either list (proportional set size,
looked at five times a second; and the sum of the peaks of each), and the ratio of the two. Name server and sink do not
count.
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path

from msgspec import Struct

from tests.bench.surveying import family_memory, family_peak, start_survey, world

MOST = 1.3


class Measured(Struct, frozen=True, kw_only=True):
    """A survey's memory in octets, seconds, and the size of what it wrote."""

    held: int
    peaks: int
    elapsed: float
    written: int
    journal: int


def main() -> int:
    """Survey both lists."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", type=int, default=10_000)
    parser.add_argument("--large", type=int, default=1_000_000)
    parser.add_argument("--operators", type=int, default=2_000)
    parser.add_argument("--depth", default="dns")
    words = parser.parse_args()
    small = measure(words.small, words.operators, words.depth)
    large = measure(words.large, words.operators, words.depth)
    ratio = large.held / small.held
    print(f"ratio {ratio:.2f} (at most {MOST}), of the sums of peaks {large.peaks / small.peaks:.2f}")
    return int(ratio > MOST)


def measure(domains: int, operators: int, depth: str) -> Measured:
    """One survey of so many domains."""
    with world(domains, operators) as here:
        out = here.folder / "results.jsonl"
        began = time.monotonic()
        with start_survey(here, out, depth) as process:
            held = peaks = 0
            while process.poll() is None:
                held = max(held, family_memory(process.pid))
                peaks = max(peaks, family_peak(process.pid))
                try:
                    process.wait(0.2)
                except subprocess.TimeoutExpired:
                    continue
            outcome = process.stdout.read().decode().strip() if process.stdout else ""
        if process.returncode:
            raise SystemExit(f"the survey ended with {process.returncode}")
        journal = Path(f"{out}.journal")
        measured = Measured(
            held=held,
            peaks=peaks,
            elapsed=time.monotonic() - began,
            written=out.stat().st_size,
            journal=journal.stat().st_size,
        )
    print(
        f"{domains} domains: {held / 1e6:.0f} MB held, {peaks / 1e6:.0f} MB sum of peaks, {measured.elapsed:.0f} s,"
        f" results {measured.written / 1e6:.0f} MB, journal {measured.journal / 1e6:.0f} MB\n  {outcome}",
        flush=True,
    )
    return measured


if __name__ == "__main__":
    sys.exit(main())
