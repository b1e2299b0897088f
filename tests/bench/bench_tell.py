"""What telling a domain of a survey costs: python -m tests.bench.bench_tell.

A flawless domain with two MX hosts, TLS, DANE and MTA-STS, as a survey at TLS depth has it, made into its line of the
results, over and over. CPU milliseconds a domain, the best of several rounds: with findings and forecast, and facts
alone; where many domains share their hosts, and where no two do. Beside them what judging and forecasting the same look
cost alone, and summing a line up.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path
from time import process_time

from msgspec.structs import replace

from mxprobe.facts.codec import decode, encode
from mxprobe.facts.snapshot import Snapshot
from mxprobe.jobs.survey.material import Material
from mxprobe.jobs.survey.remembered import Memory
from mxprobe.jobs.survey.summary import summarize
from mxprobe.jobs.survey.telling import line_of
from mxprobe.mx.foretold import foretell
from mxprobe.mx.whatif import forecast_snapshot
from mxprobe.rules import judge_snapshot
from tests.support.judged import FLAWLESS, look_at
from tests.support.surveyed import as_surveyed, manner_of, material_of

ROUNDS, TIMES = 5, 200


def best(work: Callable[[], object]) -> float:
    """The least CPU milliseconds that one of TIMES calls took on average."""
    spans = []
    for _ in range(ROUNDS):
        start = process_time()
        for _ in range(TIMES):
            work()
        spans.append((process_time() - start) / TIMES * 1e3)
    return min(spans)


def main() -> None:
    """Measure, and print a line for each."""
    seen = look_at(FLAWLESS).snapshot
    manner = manner_of(seen)
    look = as_surveyed(seen, manner)
    material, octets, shared = material_of(look, manner), encode(look), Memory()
    numbers = iter(range(10_000_000))

    def fresh() -> Material:
        return replace(material, entry=replace(material.entry, number=next(numbers)))

    reading = best(lambda: decode(octets, Snapshot))
    figures = {
        "judged alone": best(lambda: judge_snapshot(decode(octets, Snapshot))) - reading,
        "the whole forecast alone": best(lambda: forecast_snapshot(decode(octets, Snapshot))) - reading,
        "the forecast in short alone": best(lambda: foretell(decode(octets, Snapshot))) - reading,
        "a line, hosts of many domains": best(lambda: line_of(fresh(), manner, shared)),
        "a line, hosts of one domain": best(lambda: line_of(fresh(), manner, Memory())),
        "facts alone, hosts of many domains": best(lambda: line_of(fresh(), manner, shared, findings=False)),
        "facts alone, hosts of one domain": best(lambda: line_of(fresh(), manner, Memory(), findings=False)),
        "a line summed up": summing(line_of(material, manner, shared).document),
    }
    for name, milliseconds in figures.items():
        print(f"{name:<36} {milliseconds:8.3f} ms of CPU")


def summing(document: bytes, lines: int = 3000) -> float:
    """CPU milliseconds a line of the summary."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "results.jsonl"
        path.write_bytes((document + b"\n") * lines)
        start = process_time()
        summarize(str(path))
        return (process_time() - start) / lines * 1e3


if __name__ == "__main__":
    main()
