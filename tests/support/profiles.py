"""Mailers made for tests, so that no test depends on which mailers mxprobe models."""

from itertools import product

from mxprobe.mx.outcome import Action, TlsPolicy
from mxprobe.mx.profile import Deviation, Grade, Limits, Profile, Shuffle, Timeouts
from mxprobe.mx.retry import DAY, HOUR, RetryStep, Schedule


def mailer(title: str, days: float = 5.0, **more: object) -> Profile:
    """A mailer of this title that keeps mail for so many days, and does as the reference unless told otherwise."""
    values: dict[str, object] = {
        "name": title.lower(),
        "title": title,
        "version": "1",
        "timeouts": Timeouts(connect=30.0),
        "schedule": Schedule(steps=(RetryStep(first=HOUR),), lifetime=days * DAY),
    }
    return Profile(**{**values, **more})  # type: ignore[arg-type]


def differs(cell: str, action: Action, grade: Grade = Grade.SOURCE) -> Deviation:
    """A departure from the reference."""
    return Deviation(cell=cell, action=action, because="for a test", grade=grade, evidence="none")


ALPHA = mailer("Alpha")
BETA = mailer(
    "Beta",
    days=1.0,
    timeouts=Timeouts(connect=300.0),
    deviations=(differs("B2", Action.WAIT), differs("B3", Action.BOUNCE)),
)
GAMMA = mailer("Gamma", days=2.0, deviations=(differs("T4", Action.NEXT, Grade.MEASURED),))
CLEAR = mailer("Clear", tls=TlsPolicy.NONE)
THREE = (ALPHA, BETA, GAMMA)


def twelve() -> tuple[Profile, ...]:
    """Twelve mailers, each with limits and an order of its own."""
    limits = (
        Limits(one_answer_per_host=True),
        Limits(addresses=5),
        Limits(sessions=2),
        Limits(addresses=3, one_more_per_preference=True),
    )
    departures = ((), (differs("B2", Action.WAIT), differs("B3", Action.BOUNCE)))
    kinds = [kind for number, kind in enumerate(product(limits, Shuffle, departures)) if number % 4 != 3]
    return tuple(
        mailer(f"Mailer{number}", days=1 + number, limits=limit, shuffle=shuffle, deviations=deviations)
        for number, (limit, shuffle, deviations) in enumerate(kinds)
    )
