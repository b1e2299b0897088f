"""When a mailer tries again, and when it gives up.

Standards: RFC 5321 §4.5.4.1 (30 minutes at least, four to five days).
"""

from collections.abc import Iterator
from itertools import islice

from msgspec import Struct

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0


class RetryStep(Struct, frozen=True, kw_only=True):
    """While the message is younger than `until` seconds (None: to the end): `first`, times `factor` each time.

    `quadratic`: the n-th of these tries comes n squared times `first` after the step began, whatever the factor.
    """

    first: float
    until: float | None = None
    factor: float = 1.0
    ceiling: float | None = None
    quadratic: bool = False


class Schedule(Struct, frozen=True, kw_only=True):
    """The intervals between rounds, and the age in seconds or the number of rounds at which mail is given back."""

    steps: tuple[RetryStep, ...]
    lifetime: float
    rounds: int | None = None


def intervals(schedule: Schedule) -> Iterator[float]:
    """The seconds between one round and the next, without end."""
    age = 0.0
    for step in schedule.steps:
        interval = step.first
        while step.until is None or age < step.until:
            yield interval
            age += interval
            longer = interval + 2 * step.first if step.quadratic else interval * step.factor
            interval = min(longer, step.ceiling or float("inf"))
    while True:
        yield interval


def next_attempt(schedule: Schedule, rounds: int) -> float:
    """Seconds from the end of the `rounds`-th failed round (from 1) to the next."""
    return next(islice(intervals(schedule), rounds - 1, None))


def gives_up(schedule: Schedule, rounds: int, age: float) -> bool:
    """Whether a message that has waited `age` seconds and failed `rounds` rounds is given back."""
    return age >= schedule.lifetime or (schedule.rounds is not None and rounds >= schedule.rounds)


def longest_wait(schedule: Schedule) -> float:
    """Roughly how long a message waits before it is given back, in seconds."""
    if schedule.rounds is None:
        return schedule.lifetime
    return min(schedule.lifetime, sum(islice(intervals(schedule), schedule.rounds - 1)))
