"""Moments and spans as findings say them: 2026-03-01 08:00 UTC, 3 h 20 min."""

from datetime import UTC, datetime
from functools import lru_cache


def say_moment(at: float) -> str:
    """A moment, `at` seconds since 1970 UTC; one that no calendar has is said as it is."""
    try:
        return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M UTC")
    except (ValueError, OverflowError, OSError):
        return f"second {at:g} since 1970"


def say_left(seconds: float) -> str:
    """A span in its two largest units: 30 s, 5 min, 9 d 4 h."""
    whole = max(round(seconds), 0)
    parts = []
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min"), (1, "s")):
        count, whole = divmod(whole, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2]) or "0 s"


@lru_cache(maxsize=64)
def day_of(at: float) -> str:
    """The day (UTC) of a moment, 2026-03-01; one that no calendar has lies behind all days."""
    try:
        return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d")
    except (ValueError, OverflowError, OSError):
        return "9999-12-31+"
