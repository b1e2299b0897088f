"""Words and numbers as people read them in every report."""

import textwrap
from itertools import zip_longest

from mxprobe.facts.text import escape_text

WIDTH = 100
"""The widest line of a report."""


def say_time(seconds: float) -> str:
    """Story time: 0m00s, 1m05s, 2h00m."""
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02d}s"
    return f"{whole // 3600}h{whole % 3600 // 60:02d}m"


def say_span(seconds: float) -> str:
    """A span in its two largest units: 30 s, 5 min, 9 d 4 h."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    units = ((86400, "d"), (3600, "h"), (60, "min"))
    parts = []
    for size, unit in units:
        count, whole = divmod(whole, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2])


def count_of(number: int, thing: str, things: str | None = None) -> str:
    """1 story, 2 stories."""
    return f"{number} {thing if number == 1 else things or thing + 's'}"


def cut(text: str, width: int) -> str:
    """One line of at most `width` columns."""
    text = escape_text(text.replace("\n", " "))
    return text if len(text) <= width else text[: width - 1] + "…"


def wrap(label: str, text: str, width: int = WIDTH) -> list[str]:
    """`text` behind `label`, on as many lines of at most `width` columns as it needs, each below the one above."""
    text = escape_text(" ".join(text.split("\n")))
    room = width - len(label)
    lines = textwrap.wrap(text, room, break_on_hyphens=False) or [""]
    return [f"{label if number == 0 else ' ' * len(label)}{line}".rstrip() for number, line in enumerate(lines)]


def columns(cells: tuple[str, ...], widths: tuple[int, ...]) -> list[str]:
    """One row of a table: each cell wrapped in its column, columns two blanks apart."""
    wrapped = [textwrap.wrap(cell, width, break_on_hyphens=False) for cell, width in zip(cells, widths, strict=True)]
    return [
        "  ".join(part.ljust(width) for part, width in zip(row, widths, strict=True)).rstrip()
        for row in zip_longest(*wrapped, fillvalue="")
    ]
