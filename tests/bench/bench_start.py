"""How long `mxprobe` takes beside importing what it stands on: run this file.

Prints `mxprobe --help` against `import asyncio`, whose ratio should stay under 2.2, and a whole look at a domain on
loopback, with a name server and a host with STARTTLS, against `import asyncio, ssl, dns.asyncresolver`: under 2.5. Each
of a pair is run in turns; the best of several runs is what the machine can do, the rest is other people's load.
Bytecode is kept, as it is where mxprobe was installed; without it every start compiles all that it loads.
"""

import os
import subprocess
import sys
import tempfile
from statistics import median
from time import perf_counter

from tests.bench.small_world import small_world

ROUNDS = 15
HELP = [sys.executable, "-m", "mxprobe", "--help"]
ASYNCIO = [sys.executable, "-c", "import asyncio"]
STANDS_ON = [sys.executable, "-c", "import asyncio, ssl, dns.asyncresolver"]


def seconds(command: list[str], environment: dict[str, str]) -> float:
    """The wall time of one run."""
    start = perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment, check=False)
    return perf_counter() - start


def measure(ours: list[str], theirs: list[str], rounds: int = ROUNDS) -> list[tuple[float, float]]:
    """The times of our command and of theirs, in seconds, pair by pair."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryDirectory() as folder:
        environment["PYTHONPYCACHEPREFIX"] = folder
        pairs = [(seconds(ours, environment), seconds(theirs, environment)) for _ in range(rounds + 1)]
    return pairs[1:]  # the first has compiled


def tell(ours: str, theirs: str, pairs: list[tuple[float, float]]) -> None:
    """Print the best and the median of both, and their ratios."""
    for word, choose in (("best", min), ("median", median)):
        one, other = (choose(times) for times in zip(*pairs, strict=True))
        print(f"{word}: {ours} {one * 1000:.0f} ms, {theirs} {other * 1000:.0f} ms, ratio {one / other:.2f}")


def main() -> None:
    """Measure and print."""
    tell("mxprobe --help", "import asyncio", measure(HELP, ASYNCIO))
    with small_world() as look:
        tell("mxprobe probe", "import asyncio, ssl, dns.asyncresolver", measure(look, STANDS_ON))


if __name__ == "__main__":
    main()
