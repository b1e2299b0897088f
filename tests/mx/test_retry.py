"""Retries: the ages at which a message is tried, and when it is given up."""

from itertools import accumulate, islice

from mxprobe.mx.retry import DAY, HOUR, RetryStep, Schedule, gives_up, intervals, next_attempt


def _ages(schedule: Schedule, tries: int) -> list[float]:
    """How old a message is at each of its first retries."""
    return list(accumulate(islice(intervals(schedule), tries)))


def test_a_quadratic_schedule_tries_at_the_squares() -> None:
    schedule = Schedule(steps=(RetryStep(first=400.0, quadratic=True),), lifetime=7 * DAY)

    assert _ages(schedule, 4) == [400.0, 1600.0, 3600.0, 6400.0]
    assert [next_attempt(schedule, rounds) for rounds in (1, 2, 3)] == [400.0, 1200.0, 2000.0]


def test_a_quadratic_step_ends_like_any_other_and_keeps_to_its_ceiling() -> None:
    steps = (RetryStep(first=400.0, quadratic=True, until=HOUR), RetryStep(first=2 * HOUR))
    low = RetryStep(first=400.0, quadratic=True, ceiling=1000.0)

    assert _ages(Schedule(steps=steps, lifetime=DAY), 4) == [400.0, 1600.0, 3600.0, 3600.0 + 2 * HOUR]
    assert _ages(Schedule(steps=(low,), lifetime=DAY), 3) == [400.0, 1400.0, 2400.0]


def test_a_factor_makes_each_interval_longer() -> None:
    schedule = Schedule(steps=(RetryStep(first=60.0, factor=2.0, ceiling=200.0),), lifetime=DAY)

    assert list(islice(intervals(schedule), 4)) == [60.0, 120.0, 200.0, 200.0]


def test_mail_is_given_up_by_age_or_by_rounds() -> None:
    schedule = Schedule(steps=(RetryStep(first=60.0),), lifetime=DAY, rounds=3)

    assert not gives_up(schedule, 2, DAY - 1)
    assert gives_up(schedule, 2, DAY)
    assert gives_up(schedule, 3, 120.0)
