"""Durations as people write them: 500ms 30s 5m 2h 7d 4w, joined at will (1h30m)."""

import re

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|[smhdw])")
_WHOLE = re.compile(rf"(?:{_PART.pattern})+")


class NoDuration(ValueError):
    """The text is no duration; the message says why."""


def parse_duration(text: str) -> float:
    """Seconds. Raises NoDuration for a bare number, a clock time, a negative one, or an unknown unit."""
    if text.startswith("-"):
        raise NoDuration(f"`{text}` is negative; time runs forward from the start of the story")
    if re.fullmatch(r"\d+(\.\d+)?", text):
        raise NoDuration(f"`{text}` has no unit")
    if not _WHOLE.fullmatch(text):
        raise NoDuration(f"`{text}` is no duration")
    return round(sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text)), 3)


def render_duration(seconds: float) -> str:
    """The shortest form: 1h30m. What `parse_duration` reads back as the same number."""
    left = round(seconds * 1000)
    parts = []
    for unit, size in (("w", 604_800_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)):
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0m"
