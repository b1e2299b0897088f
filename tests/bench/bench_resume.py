"""A survey that is killed ten times and goes on each time gives what an undisturbed one gives.

    python -m tests.bench.bench_resume [--domains 50000] [--depth tls] [--kills 10] [--seed N]

Both surveys look at the same world. The second is killed (SIGKILL) at random moments, and begun again with --resume at
once. Compared are all lines, without times. Of the visits it is counted how many the sink saw above one for each
endpoint: a visit that was under way when the survey was killed is made again, one in the journal is not.
"""

import argparse
import json
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from tests.bench.surveying import World, plain_lines, start_survey, world

_FAREWELL = 10.0  # seconds after which a worker without its survey is one that was left behind


def main() -> int:
    """Run both, and print what differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--domains", type=int, default=50_000)
    parser.add_argument("--operators", type=int, default=2_000)
    parser.add_argument("--depth", default="tls")
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10_000))
    words = parser.parse_args()
    print(f"seed {words.seed}")
    with world(words.domains, words.operators) as here:
        began, seen = time.monotonic(), here.sink.stats().sessions
        outcome = _finish(start_survey(here, here.folder / "whole.jsonl", words.depth))
        took = time.monotonic() - began
        first = here.sink.stats().sessions - seen
        print(f"undisturbed: {took:.1f} s, {first} sessions: {outcome}")
        outcome, lost = _disturbed(here, words, took)
        second = here.sink.stats().sessions - seen - first
        print(f"disturbed: {second} sessions: {outcome}")
        return _compare(here.folder, words.domains, second - first, lost)


def _disturbed(here: World, words: argparse.Namespace, took: float) -> tuple[str, int]:
    """A survey killed at random moments; its outcome, and how many processes were left behind."""
    chance = random.Random(words.seed)
    out, kills, resume = here.folder / "killed.jsonl", 0, False
    orphans = 0
    while kills < words.kills:
        process = start_survey(here, out, words.depth, resume=resume)
        resume = True
        # Some die while they load, and none comes to its end in between.
        try:
            process.wait(chance.uniform(0.1, 1.0 + 1.6 * took / words.kills))
        except subprocess.TimeoutExpired:
            workers = _children(process.pid)
            process.send_signal(signal.SIGKILL)
            process.wait()
            kills += 1
            died = time.monotonic()
            while any(map(_lives, workers)) and time.monotonic() < died + _FAREWELL:
                time.sleep(0.05)
            orphans += sum(map(_lives, workers))
            lines = out.read_bytes().count(b"\n") if out.exists() else 0
            print(f"  killed {kills}: {lines} lines are written, workers gone after {time.monotonic() - died:.2f} s")
        else:
            print("  came to its end before it was killed")
            break
    return _finish(start_survey(here, out, words.depth, resume=True)), orphans


def _children(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    except OSError:
        return []


def _lives(pid: str) -> bool:
    """Whether a process still does anything; one that nobody has asked about is dead."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def _finish(process: "subprocess.Popen[bytes]") -> str:
    output, _ = process.communicate()
    if process.returncode:
        raise SystemExit(f"the survey ended with {process.returncode}")
    return output.decode().strip()


def _compare(folder: Path, domains: int, again: int, orphans: int) -> int:
    whole, killed = Counter(plain_lines(folder / "whole.jsonl")), Counter(plain_lines(folder / "killed.jsonl"))
    named = Counter(json.loads(line)["snapshot"]["domain"] for line in killed.elements())
    twice = sum(count > 1 for count in named.values())
    missing = domains - len(named)
    differing = sum((whole - killed).values())
    print(f"lines {killed.total()} of {domains}, twice {twice}, missing {missing}, differing {differing}")
    print(f"visits made again: {again}; workers left behind: {orphans}")
    for line in list((whole - killed).elements())[:1]:
        domain = json.loads(line)["snapshot"]["domain"]
        other = next((one for one in killed if json.loads(one)["snapshot"]["domain"] == domain), "")
        print(f"undisturbed: {line}\ndisturbed:   {other}")
    return int(bool(twice or missing or differing or orphans))


if __name__ == "__main__":
    sys.exit(main())
