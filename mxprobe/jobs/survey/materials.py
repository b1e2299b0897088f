"""Reads out of a survey's journal what the lines of entries are made of; the journal may be written meanwhile.

Entries of one chain that follow each other share what is read of their endpoints.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple, Self

import msgspec
from msgspec.structs import replace

from mxprobe.facts.session import Endpoint, Session
from mxprobe.facts.survey import Entry
from mxprobe.jobs.survey.material import Material, VisitMaterial
from mxprobe.jobs.survey.tables import NO_CHAIN, read_tables
from mxprobe.jobs.survey.tasks import ToldRow
from mxprobe.jobs.survey.told import decode_told
from mxprobe.mx.vantages import has_greeted, silent_places

_AT_ONCE = 50  # entries that are read in one go
_SAMPLE = 50  # visits of a place by which it is judged
_MOST_READ = 256  # visits beside those of the chain at hand that are kept, and entries whose hosts others have
_MOST_TOLD = 8  # pieces of what endpoints told that are kept, beside one for each endpoint of the chain

_SESSIONS = msgspec.json.Decoder(tuple[Session, ...])


class _Piece(NamedTuple):
    """What an endpoint told in a visit, of some of the entries from `first` to `last`; `id` as the journal has it."""

    first: int
    last: int
    visit: int
    id: int


class _Row(NamedTuple):
    """An entry as it stands in the journal."""

    number: int
    domain: str
    asked: str
    recipients: str
    chain: int
    started_at: float
    elapsed: float
    answers: bytes
    hosts: bytes
    hosts_of: int | None
    failure: str


_COLUMNS = ", ".join(_Row._fields)


class Materials:
    """A journal that is read alone. To be closed. `number` in what it keeps is that of an endpoint in the journal."""

    def __init__(self, path: Path) -> None:
        self._connection = read_tables(path)
        self._chain = NO_CHAIN
        self._visits = dict[int, VisitMaterial]()
        self._silent: tuple[str, ...] | None = None
        self._asked = False
        self._hosts = dict[int, bytes]()
        self._read = dict[int, tuple[bytes | None, int, str]]()
        self._told = dict[int, list[_Piece]]()
        self._rows = dict[int, dict[int, ToldRow]]()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def of(self, numbers: Iterable[int]) -> Iterator[Material]:
        """The material of these entries, as the last commit left them; of an entry that is unknown none.

        What is kept of a chain is forgotten at the end, so that the next call sees later visits.
        """
        self._chain, self._silent = NO_CHAIN, None
        self._asked = bool(self._connection.execute("SELECT EXISTS (SELECT 1 FROM told)").fetchone()[0])
        left = list(numbers)
        while left:
            rows = self._connection.execute(
                f"SELECT {_COLUMNS}"
                " FROM json_each(?) AS wanted CROSS JOIN entries ON number = wanted.value JOIN named USING (number)"
                " ORDER BY wanted.key",
                (msgspec.json.encode(left[:_AT_ONCE]).decode(),),
            ).fetchall()
            yield from map(self._material, map(_Row._make, rows))
            del left[:_AT_ONCE]

    def _material(self, row: _Row) -> Material:
        names = tuple(row.recipients.split("\n")) if row.recipients else ()
        visits = self._visits_for(row.number, row.chain)
        return Material(
            entry=Entry(number=row.number, domain=row.domain, asked=row.asked, recipients=names),
            started_at=row.started_at,
            elapsed=row.elapsed,
            answers=_octets(row.answers),
            hosts=_octets(row.hosts) if row.hosts_of is None else self._hosts_of(row.hosts_of),
            visits=visits,
            failure=row.failure,
            silent=self._silent_among(tuple(dict.fromkeys(visit.place for visit in visits))),
        )

    def _hosts_of(self, number: int) -> bytes:
        """What the DNS said of the hosts of another entry."""
        hosts = self._hosts.get(number)
        if hosts is None:
            if len(self._hosts) >= _MOST_READ:
                self._hosts.clear()
            row = self._connection.execute("SELECT hosts FROM named WHERE number = ?", (number,)).fetchone()
            hosts = self._hosts[number] = _octets(row[0])
        return hosts

    def _silent_among(self, places: tuple[str, ...]) -> tuple[str, ...]:
        """The places from which nobody was heard, by the first that were visited from each."""
        if len(places) < 2:
            return ()
        if self._silent is None:
            found = [(place, greeted) for place in places for greeted in self._first_greetings(place)]
            heard = Counter(place for place, greeted in found if greeted)
            self._silent = silent_places(heard, Counter(place for place, greeted in found if not greeted))
        return self._silent

    def _first_greetings(self, place: str) -> list[bool]:
        """Whether somebody greeted at each of the first visits from a place."""
        rows = self._connection.execute(
            "SELECT v.sessions FROM endpoints e JOIN visits v ON v.id = e.visit"
            " WHERE e.place = ? AND e.visit IS NOT NULL AND v.sessions IS NOT NULL LIMIT ?",
            (place, _SAMPLE),
        )
        return [any(map(has_greeted, _SESSIONS.decode(sessions))) for (sessions,) in rows]

    def _visits_for(self, number: int, chain: int) -> tuple[VisitMaterial, ...]:
        if chain == NO_CHAIN:
            return ()
        if chain != self._chain:
            self._visits, self._chain = self._read_chain(chain), chain
            self._told = self._read_told(chain) if self._asked else {}
        if not self._told:
            return tuple(self._visits.values())
        visits = dict(self._visits)
        for endpoint, pieces in self._told.items():
            for place, piece in enumerate(pieces):
                row = self._rows_of(piece).get(number) if piece.first <= number <= piece.last else None
                if row is not None:
                    its = self._read_visit(visits[endpoint], piece.visit)
                    visits[endpoint] = replace(its, session=row.session, turns=row.turns, taken=row.taken)
                    pieces.insert(0, pieces.pop(place))  # the next entry is most likely in it, too
                    break
        return tuple(visits.values())

    def _read_told(self, chain: int) -> dict[int, list[_Piece]]:
        """Where what the endpoints of a chain told stands, by endpoint; not what it is."""
        found: dict[int, list[_Piece]] = {}
        for endpoint, *piece in self._connection.execute(
            "SELECT endpoint, first, last, visit, told.id FROM uses CROSS JOIN told USING (endpoint) WHERE chain = ?",
            (chain,),
        ):
            found.setdefault(endpoint, []).append(_Piece(*piece))
        return found

    def _rows_of(self, piece: _Piece) -> dict[int, ToldRow]:
        """What a piece has, by the numbers of entries; the last few that were read are kept."""
        rows = self._rows.get(piece.id)
        if rows is None:
            if len(self._rows) >= _MOST_TOLD + len(self._told):
                self._rows.pop(next(iter(self._rows)))
            found = self._connection.execute("SELECT rows FROM told WHERE id = ?", (piece.id,)).fetchone()
            rows = self._rows[piece.id] = decode_told(found[0])
        return rows

    def _read_chain(self, chain: int) -> dict[int, VisitMaterial]:
        rows = self._connection.execute(
            "SELECT e.id, key, place, host, address, port, v.id, v.sessions, throttled, failure"
            " FROM uses JOIN endpoints e ON e.id = uses.endpoint LEFT JOIN visits v ON v.id = e.visit"
            " WHERE uses.chain = ? ORDER BY uses.endpoint",  # so that the place that was named first comes first
            (chain,),
        )
        return {
            endpoint: VisitMaterial(
                key=key,
                endpoint=Endpoint(host=host, address=address, port=port),
                visit=visit or 0,
                sessions=sessions,
                throttled=bool(throttled),
                place=place,
                failure=failure or "",
            )
            for endpoint, key, place, host, address, port, visit, sessions, throttled, failure in rows
        }

    def _read_visit(self, material: VisitMaterial, visit: int) -> VisitMaterial:
        """The same endpoint in another visit: where many were asked about, each is told of in one of several."""
        if visit == material.visit:
            return material
        read = self._read.get(visit)
        if read is None:
            if len(self._read) >= _MOST_READ:
                self._read.clear()
            read = self._read[visit] = self._connection.execute(
                "SELECT sessions, throttled, failure FROM visits WHERE id = ?", (visit,)
            ).fetchone()
        sessions, throttled, failure = read
        return replace(
            material,
            visit=visit,
            sessions=sessions,
            throttled=bool(throttled),
            failure=failure,
            session=None,
            turns=None,
        )


def _octets(value: bytes | str) -> bytes:
    return value.encode() if isinstance(value, str) else value


def read_lines(path: Path) -> Iterator[tuple[int, str, bytes, bytes]]:
    """The lines kept for results that are made at the end, by their numbers: number, domain, document, tally."""
    connection: sqlite3.Connection = read_tables(path)
    try:
        yield from connection.execute("SELECT number, domain, document, tally FROM lines ORDER BY number")
    finally:
        connection.close()
