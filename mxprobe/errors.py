"""What mxprobe raises: bad input or a broken local world, never a remote host's fault.

What a remote does is a value in a turn; an exception means that the person, the file or the local world
has to change something. Every room may import this module, so it imports nothing of ours.
"""

from typing import NamedTuple

_WIDEST_EXCERPT = 90  # with the line number and the bar still within the 100 columns of every report


class MxprobeError(Exception):
    """Something on this side is wrong; the message says what, and what would be right."""

    exit_status = 2


class CouldNotLook(MxprobeError):
    """Nothing could be judged from here: no resolver, no network, port 25 blocked. Says nothing about the remote."""

    exit_status = 3


class Place(NamedTuple):
    """Where in an input something is wrong; `line` and `column` count from 1, `width` is the marked part's length.

    `excerpt` is the offending line, whole and as it stands; without it nothing is drawn, without `line` only the path
    is named.
    """

    path: str
    line: int | None = None
    column: int | None = None
    excerpt: str | None = None
    width: int = 1


class InputError(MxprobeError):
    """An argument or a file that cannot be right, shown at its place.

    `label` stands beside the marks under the excerpt ("tcp-refuse?"), `hint` closes the text ("All faults: ...").
    `str(error)` is the whole text as a person reads it, `error.message` the bare sentence.
    """

    def __init__(
        self, message: str, *, place: Place | None = None, label: str | None = None, hint: str | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.place = place
        self.label = label
        self.hint = hint

    def render(self) -> str:
        """`path:line:column: message`, the offending line with its marks, the hint; several lines, no final newline."""
        if self.place is None:
            lines = [self.message]
        else:
            lines = [f"{_position(self.place)}: {self.message}", *_drawing(self.place, self.label)]
        if self.hint is not None:
            lines.append(self.hint)
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.render()


def first_of(group: BaseExceptionGroup[MxprobeError]) -> MxprobeError:
    """The first of the errors that concurrent tasks raised: one message is enough to act on."""
    first = group.exceptions[0]
    return first_of(first) if isinstance(first, BaseExceptionGroup) else first


def _position(place: Place) -> str:
    numbers = [str(number) for number in (place.line, place.column) if number is not None]
    return ":".join([place.path, *numbers])


def _drawing(place: Place, label: str | None) -> list[str]:
    """The offending line behind its number, and below it the marks; nothing where there is no line to show."""
    if place.line is None or place.excerpt is None:
        return []
    first = 0 if place.column is None else place.column - 1
    shown, first = _window("".join(map(_one_column, place.excerpt.rstrip("\r\n"))), first)
    number = f"{place.line:>4}"
    drawing = [f"{number} | {shown}".rstrip()]
    if place.column is not None:
        marks = "^" * max(1, min(place.width, len(shown) - first))
        drawing.append(f"{' ' * len(number)} | {' ' * first}{marks} {label or ''}".rstrip())
    return drawing


def _window(line: str, first: int) -> tuple[str, int]:
    """The part of an over-long line around index `first`, and where that index stands in it."""
    if len(line) <= _WIDEST_EXCERPT:
        return line, first
    start = max(0, min(first - _WIDEST_EXCERPT // 2, len(line) - _WIDEST_EXCERPT))
    part = line[start : start + _WIDEST_EXCERPT]
    if start:
        part = "…" + part[1:]
    if start + _WIDEST_EXCERPT < len(line):
        part = part[:-1] + "…"
    return part, first - start


def _one_column(character: str) -> str:
    """A character as something visible that takes one column, so that the marks stay under what they mark."""
    number = ord(character)
    if number < 0x20:
        return chr(0x2400 + number)  # the control pictures: a tab becomes ␉, an escape ␛
    return character if character == " " or character.isprintable() else "�"
