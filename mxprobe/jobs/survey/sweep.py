"""Which endpoints of a survey's journal are handed out next: better ranks first, and nobody keeps others waiting.

A sweep goes on where the last one ended. An operator that has its share, or is visited by another worker, is passed by
as a whole; of an address that another worker visits, whatever its hosts are called, each endpoint is.
"""

import sqlite3
from collections import Counter
from collections.abc import Container
from typing import Any

from msgspec import Struct

from mxprobe.jobs.survey.tables import EndpointState

_LAST = 2**62
_COLUMNS = "rank, operator, id, key, host, address, port, sessions"
_PAGES = 20  # read in one sweep: what lies behind them is for the next


class Limits:
    """How many errands of one operator are taken in a sweep (`each`), and of which operators and addresses none."""

    def __init__(self, each: int, busy: Container[tuple[str, str]]) -> None:
        self._each = each
        self._busy = busy
        self._taken = Counter[str]()

    def allows(self, operator: str, place: str) -> bool:
        """Whether one more of this operator may be taken."""
        return self._taken[operator] < self._each and (operator, place) not in self._busy

    def allows_address(self, address: str, place: str) -> bool:
        """Whether what lies at this address may be taken."""
        return (address, place) not in self._busy

    def count(self, operator: str) -> None:
        """One more was taken."""
        self._taken[operator] += 1


class Found(Struct, frozen=True, kw_only=True):
    """An endpoint as it stands in the journal."""

    rank: int
    operator: str
    number: int
    key: str
    host: str
    address: str
    port: int
    sessions: bytes | None


class _Cursor(Struct, frozen=True, order=True):
    """Where a sweep stands."""

    rank: int = -1
    operator: str = ""
    number: int = -1


class Sweeper:
    """Goes over the endpoints that are ready, each place for itself."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._cursors = dict[str, _Cursor]()

    def go_on(self, place: str, most: int, limits: Limits, taken: dict[int, Found]) -> None:
        """Take what was visited already and has more to ask: it takes longest, and nobody shall wait for it alone."""
        rows = self._connection.execute(
            f"SELECT {_COLUMNS} FROM endpoints INDEXED BY to_go_on"
            f" WHERE state = {EndpointState.READY} AND visit IS NOT NULL AND place = ? ORDER BY id LIMIT ?",
            (place, most),
        ).fetchall()
        self._take(rows, place, most, limits, taken)

    def sweep(self, place: str, most: int, limits: Limits, taken: dict[int, Found]) -> None:
        """Go round once at most, and take what the limits allow, until `most` are taken."""
        began = self._cursors.get(place, _Cursor())
        at, wrapped = began, False
        for _ in range(_PAGES):
            rows = self._page(place, at, most)
            if rows:
                at = self._take(rows, place, most, limits, taken)
            elif not wrapped:
                at, wrapped = _Cursor(), True
            else:
                break
            if len(taken) >= most or (wrapped and rows and at >= began):
                break
        self._cursors[place] = at

    def _page(self, place: str, at: _Cursor, most: int) -> list[tuple[Any, ...]]:
        return self._connection.execute(
            f"SELECT {_COLUMNS} FROM endpoints"
            f" WHERE state = {EndpointState.READY} AND place = ? AND (rank, operator, id) > (?,?,?)"
            " ORDER BY rank, operator, id LIMIT ?",
            (place, at.rank, at.operator, at.number, most),
        ).fetchall()

    def _take(
        self, rows: list[tuple[Any, ...]], place: str, most: int, limits: Limits, taken: dict[int, Found]
    ) -> _Cursor:
        """Take of a page what may be taken; gives where the sweep stands then."""
        at, passes_by = _Cursor(), False
        for rank, operator, number, key, host, address, port, sessions in rows:
            at = _Cursor(rank, operator, number)
            passes_by = not limits.allows(operator, place)
            if passes_by or number in taken or not limits.allows_address(address, place):
                continue
            limits.count(operator)
            taken[number] = Found(
                rank=rank,
                operator=operator,
                number=number,
                key=key,
                host=host,
                address=address,
                port=port,
                sessions=sessions,
            )
            if len(taken) >= most:
                return at
        return _Cursor(at.rank, at.operator, _LAST) if passes_by else at
