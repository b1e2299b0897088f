"""How many round trips a cold look takes on real sockets, a tenth of a second away: run this file.

Prints for one MX host and for three with two addresses each, without and with recipients, the round trips from the MX
query to the last reply to QUIT, those of the whole look, and what the whole command takes; and the ratio of many hosts
to one. Right is at most 9.2 from the query to QUIT, and at most 1.1 for the ratio. The best of several runs counts: the
rest is other people's load.
"""

import json
import subprocess
from time import perf_counter
from typing import Any, NamedTuple

from tests.bench.small_world import DOMAIN, small_world

ROUND_TRIP = 0.1
ROUNDS = 5
TO = ("--to", f"alice@{DOMAIN}", "--to", f"bob@{DOMAIN}")


class Took(NamedTuple):
    """Round trips until the last reply to QUIT, of the whole look, and of the whole command."""

    quit: float
    look: float
    command: float


def look(command: list[str]) -> Took:
    """One run."""
    start = perf_counter()
    done = subprocess.run([*command, "--format", "json"], stdout=subprocess.PIPE, check=False)
    wall = perf_counter() - start
    seen: dict[str, Any] = json.loads(done.stdout)["snapshot"]
    sessions = [session for visit in seen["visits"] for session in visit["sessions"]]
    assert all(session["tls"]["version"] == "TLSv1.3" for session in sessions)
    ended = max(session["started_at"] + session["turns"][-1]["ended"] - seen["started_at"] for session in sessions)
    return Took(ended / ROUND_TRIP, seen["elapsed"] / ROUND_TRIP, wall / ROUND_TRIP)


def measure(hosts: int, addresses: int, words: tuple[str, ...], rounds: int = ROUNDS) -> Took:
    """The best of each figure."""
    with small_world(hosts, addresses, ROUND_TRIP) as command:
        runs = [look([*command, *words]) for _ in range(rounds)]
    return Took(*map(min, zip(*runs, strict=True)))


def main() -> None:
    """Measure and print."""
    for words in ((), TO):
        named = "with recipients" if words else "without recipients"
        found = {(hosts, addresses): measure(hosts, addresses, words) for hosts, addresses in ((1, 1), (3, 2))}
        for (hosts, addresses), took in found.items():
            figures = f"{took.quit:.2f} round trips to QUIT, look {took.look:.2f}, command {took.command:.2f}"
            print(f"{named}, {hosts} MX x {addresses}: {figures}")
        one, many = found.values()
        print(f"{named}, many to one: {many.quit / one.quit:.2f}, whole command {many.command / one.command:.2f}")


if __name__ == "__main__":
    main()
