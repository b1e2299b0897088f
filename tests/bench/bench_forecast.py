"""How long the forecast takes, measured against a plain loop: python -m tests.bench.bench_forecast.

Five MX hosts of four addresses, twelve mailers of the bench's own, each host and each pair of hosts down in every usual
way, for three shapes of a chain. Prints the worst of the three, the time of a loop that adds up five million numbers,
and their ratio, which should stay under 2; where the loop takes half a second, a forecast may take one. The smallest of
several runs, taken in turns, is what the machine can do. `tests/mx/test_whatif.py` bounds the work itself.
"""

from time import perf_counter

from mxprobe.mx.whatif import WAYS, Chain, forecast_chain, parts_of
from tests.support.chains import chain, outcomes_of
from tests.support.profiles import twelve

ROUNDS = 5
MAILERS = twelve()
HOSTS, ADDRESSES = 5, 4
SHAPES = (
    [(number, [f"mx{number}"]) for number in range(HOSTS)],
    [(10, [f"mx{number}" for number in range(HOSTS)])],
    [(1, ["mx0"]), (5, ["mx1", "mx2"]), (10, ["mx3", "mx4"])],
)


def forecast(shape: list[tuple[int, list[str]]]) -> float:
    """The time of one forecast, in seconds."""
    plan = chain(shape, ADDRESSES)
    healthy = Chain(plan=plan, port=25, outcomes=outcomes_of(plan, {}), assumed=False)
    start = perf_counter()
    cases = forecast_chain(healthy, tuple(parts_of(healthy)), mailers=MAILERS).cases
    spent = perf_counter() - start
    assert len(cases) >= (HOSTS + HOSTS * (HOSTS - 1) // 2) * len(WAYS)
    return spent


def loop() -> float:
    """The time of the yardstick, in seconds."""
    start, total = perf_counter(), 0
    for number in range(5_000_000):
        total += number
    return perf_counter() - start


def measure(rounds: int = ROUNDS) -> tuple[float, float]:
    """The best times of the worst shape and of the loop, in seconds."""
    pairs = [(max(map(forecast, SHAPES)), loop()) for _ in range(rounds)]
    return min(pair[0] for pair in pairs), min(pair[1] for pair in pairs)


def main() -> None:
    """Measure and print."""
    ours, theirs = measure()
    print(f"forecast {ours * 1000:.0f} ms, five million additions {theirs * 1000:.0f} ms, ratio {ours / theirs:.2f}")


if __name__ == "__main__":
    main()
