"""One play with one seed or with many, as reports tell it: the first that went wrong, and the seeds that did."""

from collections.abc import Iterable

from msgspec import Struct

from mxprobe.facts.run import Run

_MOST_SEEDS = 20


class Series(Struct, frozen=True, kw_only=True):
    """The runs of one story by one sender, one for each seed."""

    runs: tuple[Run, ...]

    @property
    def path(self) -> str:
        """The story."""
        return self.runs[0].path

    @property
    def sender(self) -> str:
        """Who played it."""
        return self.runs[0].sender

    @property
    def wrong(self) -> tuple[Run, ...]:
        """The runs that did not go as written, and may not."""
        return tuple(run for run in self.runs if run.went_wrong and not run.is_waived)

    @property
    def seeds(self) -> str:
        """`7`, or `1 to 25`."""
        first, last = self.runs[0].seed, self.runs[-1].seed
        return f"{first}" if first == last else f"{first} to {last}"

    @property
    def told(self) -> str:
        """Which of many seeds went wrong; empty where there is one seed, or none did."""
        wrong = self.wrong
        if len(self.runs) == 1 or not wrong:
            return ""
        some = ", ".join(str(run.seed) for run in wrong[:_MOST_SEEDS])
        more = f" and {len(wrong) - _MOST_SEEDS} more" if len(wrong) > _MOST_SEEDS else ""
        return f"{len(wrong)} of {len(self.runs)} do not go as written: {some}{more}"


def gather_series(runs: Iterable[Run]) -> tuple[Series, ...]:
    """The runs by story and sender, in the order in which they were played."""
    found: dict[tuple[str, str], list[Run]] = {}
    for run in runs:
        found.setdefault((run.path, run.sender), []).append(run)
    return tuple(Series(runs=tuple(series)) for series in found.values())
