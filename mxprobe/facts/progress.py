"""How far a survey is, as whoever carries it out counts it and as people are told it.

Counts only grow while a survey runs. Those of an earlier run that is resumed are in them, and once more in `before`, so
that rates are of this run alone.
"""

from msgspec import Struct

from mxprobe.facts.survey import Depth, Pace


class Counts(Struct, frozen=True, kw_only=True):
    """What is done: entries of the list that were read, resolved and told, errands known so far and made, sessions
    that they took, and DNS queries."""

    listed: int = 0
    resolved: int = 0
    errands: int = 0
    visited: int = 0
    told: int = 0
    sessions: int = 0
    queries: int = 0


class Progress(Struct, frozen=True, kw_only=True):
    """How far a survey is at the moment `at` (seconds since 1970 UTC); this run of it began at `started_at`.

    `share_listed` says how much of the list was read, from 0 to 1, None where nobody knows how long it is. `waiting`
    errands were put off for later, `in_flight` sessions are open. `paces` are those of operators that made us slow
    down, whoever rests longest first.
    """

    depth: Depth
    started_at: float
    at: float
    done: Counts
    before: Counts = Counts()
    share_listed: float | None = None
    waiting: int = 0
    in_flight: int = 0
    paces: tuple[Pace, ...] = ()
