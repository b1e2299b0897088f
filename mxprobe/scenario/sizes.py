"""Sizes of messages as people write them: 500B 200kB 10MB, in powers of ten."""

import re

_UNITS = {"B": 1, "kB": 1000, "MB": 1_000_000}
_WHOLE = re.compile(r"(\d+)(B|kB|MB)")


class NoSize(ValueError):
    """The text is no size; the message says why."""


def parse_size(text: str) -> int:
    """Octets. Raises NoSize for a bare number and for an unknown unit."""
    if text.isdigit():
        raise NoSize(f"`{text}` has no unit")
    match = _WHOLE.fullmatch(text)
    if match is None:
        raise NoSize(f"`{text}` is no size")
    return int(match[1]) * _UNITS[match[2]]


def render_size(octets: int) -> str:
    """The shortest form, which `parse_size` reads back as the same number."""
    unit = next(unit for unit, size in reversed(_UNITS.items()) if octets % size == 0)
    return f"{octets // _UNITS[unit]}{unit}" if octets else "0B"
