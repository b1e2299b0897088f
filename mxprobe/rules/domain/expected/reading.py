"""What the rules about expectations share: why there is none to hold a look against, and how a broken one is told."""

from collections.abc import Iterable

from msgspec import Struct

from mxprobe.facts.approved import Approved
from mxprobe.facts.beside import Beside
from mxprobe.facts.finding import Finding, Line
from mxprobe.rules.domain.drift.reading import NOTHING_APPROVED
from mxprobe.rules.rule import Rule, Words, finding

_MOST_LINES = 8
_MOST_REASONS = 2


class Broken(Struct, frozen=True, kw_only=True):
    """An expectation that is not met: what is so, and what the file says instead, with its place."""

    seen: str
    expected: str
    place: Line

    @property
    def line(self) -> str:
        """As evidence: what is so, and the line of the file that it breaks."""
        return f"{self.seen} ({self.place} expects {self.expected})"


def silent(beside: Beside, *given: object) -> str:
    """Why there is nothing to hold a look against; empty where one of the parts is `given`."""
    if beside.approved is None:
        return NOTHING_APPROVED
    return "" if any(given) else f"{beside.approved.path} says nothing about it"


def tell_broken(rule: Rule, subject: str, says: str, broken: Iterable[Broken], do: str) -> Finding:
    """A finding about `subject`: the first line that is broken stands in its sentence, all of them in its evidence."""
    parts = tuple(dict.fromkeys(broken))
    lines = [part.line for part in parts[:_MOST_LINES]]
    lines += [f"and {len(parts) - _MOST_LINES} more"] if len(parts) > _MOST_LINES else []
    places = tuple(dict.fromkeys(part.place for part in parts[:_MOST_LINES]))
    return finding(rule, subject, Words(says=f"{says} ({parts[0].place})", seen=tuple(lines), do=do, places=places))


def or_change(approved: Approved) -> str:
    """What else can be done: the file may be wrong."""
    return f"or, if it is meant to be so, change {approved.path}"


def some(reasons: Iterable[str]) -> list[str]:
    """The first reasons, and how many more there are."""
    told = list(dict.fromkeys(reasons))
    more = [f"and {len(told) - _MOST_REASONS} more"] if len(told) > _MOST_REASONS else []
    return told[:_MOST_REASONS] + more
