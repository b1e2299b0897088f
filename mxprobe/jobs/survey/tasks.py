"""The pieces of work that a survey is cut into, and the rows that come back: what processes and machines exchange.

A task is small enough to be lost and made again, and what it gives comes in batches as it is done. Facts that only
travel to a file are JSON already, so that whoever keeps them need not read them.
"""

from collections.abc import AsyncIterator
from typing import Protocol

from msgspec import Struct

from mxprobe.facts.survey import Asked, Entry, Errand, Manner, Pace, PutOff


class ResolveTask(Struct, frozen=True, kw_only=True, tag="resolve"):
    """Ask the DNS about these entries. Gives a `ResolvedRow` for each."""

    entries: tuple[Entry, ...]


class VisitTask(Struct, frozen=True, kw_only=True, tag="visit"):
    """Make these errands, at the paces learnt so far. Gives a `VisitedRow` or a `PutOff` for each, and the paces."""

    errands: tuple[Errand, ...]
    paces: tuple[Pace, ...] = ()
    place: str = ""


class TellTask(Struct, frozen=True, kw_only=True, tag="tell"):
    """Make the lines of these entries out of the journal at that path. Gives a `LineRow` for each."""

    journal: str
    numbers: tuple[int, ...]


Task = ResolveTask | VisitTask | TellTask


class ResolvedRow(Struct, frozen=True, kw_only=True, array_like=True, tag="resolved"):
    """One entry as the DNS has it: `answers` is the JSON of a tuple of `Answer`, `hosts` of those that follow, from the
    first about addresses on (`mx.surveyed.with_hosts_apart`).

    Where an entry that was given before in the same task has the same `hosts`, they are empty, and `hosts_of` is its
    number. `errands` are the visits it needs (`chains.encode_errands`), `asks` whom these hosts may be asked about.
    """

    number: int
    started_at: float
    elapsed: float
    queries: int
    answers: bytes
    hosts: bytes = b"[]"
    hosts_of: int | None = None
    errands: bytes = b""
    asks: Asked | None = None


class ToldRow(Struct, frozen=True, kw_only=True, array_like=True):
    """`turns` is the JSON of a tuple of `Turn`, masked, for the entry, of the session with that number.

    `taken`: so many recipients, where MAIL and all else in the envelope was answered with 2yz; else 0. Without a
    session nobody came so far as to ask.
    """

    number: int
    session: int | None = None
    turns: bytes | None = None
    taken: int = 0


class VisitedRow(Struct, frozen=True, kw_only=True, array_like=True, tag="visited"):
    """One errand that is done: `sessions` is the JSON of a tuple of `Session`.

    `told` is the MessagePack of a tuple of `ToldRow`, one for each entry that was asked about (`told.encode_told`),
    empty where none was; `heard`: one of them at least has turns.
    """

    key: str
    sessions: bytes
    told: bytes = b""
    heard: bool = False
    throttled: bool = False
    place: str = ""


class PutOffRow(Struct, frozen=True, kw_only=True, array_like=True, tag="put-off"):
    """One errand that has to wait."""

    put_off: PutOff


class PaceRow(Struct, frozen=True, kw_only=True, array_like=True, tag="pace"):
    """What was learnt of an operator in this task."""

    pace: Pace


class LineRow(Struct, frozen=True, kw_only=True, array_like=True, tag="line"):
    """One entry told: `document` is its line of the results without the line's end, `tally` the JSON of its tally."""

    number: int
    domain: str
    document: bytes
    tally: bytes


Row = ResolvedRow | VisitedRow | PutOffRow | PaceRow | LineRow


class WorkerLost(Exception):
    """A worker ended in the middle of a task; what it gave before is good, the rest is to be asked of another."""


class Workforce(Protocol):
    """Who makes tasks: this process, a process for each core, or the workers of a cluster."""

    size: int
    """So many tasks are made at one time."""

    def perform(self, task: Task, manner: Manner) -> AsyncIterator[tuple[Row, ...]]:
        """Make a task; its rows come in batches. Raises WorkerLost."""
        ...
