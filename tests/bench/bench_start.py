"""How long `mxprobe --help` takes, measured against `import asyncio`: run this file.

Prints both times and their ratio, which should stay under 2.2. The smallest of several runs, taken in turns, is what
the machine can do; the rest is other people's load.
"""

import subprocess
import sys
from time import perf_counter

ROUNDS = 15
HELP = [sys.executable, "-m", "mxprobe", "--help"]
ASYNCIO = [sys.executable, "-c", "import asyncio"]


def seconds(command: list[str]) -> float:
    """The wall time of one run."""
    start = perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return perf_counter() - start


def measure(rounds: int = ROUNDS) -> tuple[float, float]:
    """The best times of `mxprobe --help` and of `import asyncio`, in seconds."""
    pairs = [(seconds(HELP), seconds(ASYNCIO)) for _ in range(rounds)]
    return min(pair[0] for pair in pairs), min(pair[1] for pair in pairs)


def main() -> None:
    """Measure and print."""
    ours, theirs = measure()
    print(f"mxprobe --help {ours * 1000:.0f} ms, import asyncio {theirs * 1000:.0f} ms, ratio {ours / theirs:.2f}")


if __name__ == "__main__":
    main()
