"""A span of time that a person typed behind a flag."""

from mxprobe.errors import InputError
from mxprobe.scenario.durations import NoDuration, parse_duration


def seconds_of(flag: str, word: str) -> float:
    """A span of time that stands behind a flag. Raises InputError."""
    try:
        return parse_duration(word)
    except NoDuration as error:
        raise InputError(f"{flag} {word}: {error}") from error
