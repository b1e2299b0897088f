"""Pieces of a survey's work as they are handed out: what each still owes, and what becomes of those that get lost.

A piece that is lost is handed out again. What was lost three times is a suspect, and goes alone: whoever is lost then
is lost by it. A suspect is halved until one is left, and that one is given up.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Generic, Self, TypeVar

from mxprobe.facts.survey import Entry, Errand

K = TypeVar("K")
V = TypeVar("V")

MOST_LOSSES = 3

MOST_ASKED = 2000
"""The recipients of so many entries are asked about in a piece, if these are not all with one operator."""


class Piece(Generic[K, V]):
    """A part of the work; `owed` is what has not come back, and `losses` how often it was lost."""

    def __init__(self, owed: Iterable[tuple[K, V]], place: str = "", losses: int = 0) -> None:
        self.owed = dict(owed)
        self.place = place
        self.losses = losses

    @property
    def is_suspect(self) -> bool:
        """Whether it has to go alone."""
        return self.losses >= MOST_LOSSES

    def halves(self) -> Iterator[Self]:
        """The same in two pieces."""
        items = iter(self.owed.items())
        first = (len(self.owed) + 1) // 2
        for size in (first, len(self.owed) - first):
            yield type(self)(list(islice(items, size)), self.place, self.losses)


class Resolving(Piece[int, Entry]):
    """Entries that the DNS is asked about, by their numbers."""


class Visiting(Piece[str, Errand]):
    """Errands from one place, by their keys."""

    def __init__(self, owed: Iterable[tuple[str, Errand]], place: str = "", losses: int = 0) -> None:
        super().__init__(owed, place, losses)
        self.operators = frozenset(errand.operator for errand in self.owed.values())
        """Whose endpoints these are, until the whole piece has ended."""
        self.addresses = frozenset(errand.endpoint.address for errand in self.owed.values())
        """Where they are, as long."""


class Telling(Piece[int, None]):
    """Entries that are told, by their numbers."""


AnyPiece = Resolving | Visiting | Telling


def parted(errands: Sequence[Errand], names_of: Callable[[Errand], Iterable[str]]) -> Iterator[list[Errand]]:
    """Errands in parts that ask about `MOST_ASKED` entries, so that a few large hosts do not keep one worker alone.

    Those that have a name in common are in one part, however large.
    """
    part: list[Errand] = []
    asked = 0
    for group in _joined(errands, names_of):
        count = sum(len(errand.asks) for errand in group)
        if part and asked + count > MOST_ASKED:
            yield part
            part, asked = [], 0
        part += group
        asked += count
    if part:
        yield part


def _joined(errands: Sequence[Errand], names_of: Callable[[Errand], Iterable[str]]) -> Iterable[list[Errand]]:
    """Groups of errands; two of different groups have no name in common."""
    groups = dict[int, list[Errand]]()
    owners = dict[str, int]()
    members = dict[int, list[str]]()
    for number, errand in enumerate(errands):
        names = list(names_of(errand))
        groups[number], members[number] = [errand], names
        for other in {owners[name] for name in names if name in owners}:
            groups[number] = groups.pop(other) + groups[number]
            members[number] += members.pop(other)
        owners.update(dict.fromkeys(members[number], number))
    return groups.values()
