"""The part of a survey's journal that has the endpoints: who is to be visited, for whom, and what came of it.

An endpoint is visited once from each place, however many entries need it; where its recipients are too many for one
errand, it is visited until none waits. Entries that need the same endpoints share a chain, and the chain is ready when
none of these is left to visit.
"""

import hashlib
import heapq
import sqlite3
from collections.abc import Container, Iterable, Sequence
from typing import Protocol

import msgspec
from msgspec import Raw

from mxprobe.facts.session import Endpoint, Session
from mxprobe.facts.survey import Asked, Errand, Pace
from mxprobe.jobs.survey.chains import decode_errands
from mxprobe.jobs.survey.sweep import Found, Limits, Sweeper
from mxprobe.jobs.survey.tables import NO_CHAIN, EndpointState
from mxprobe.jobs.survey.tasks import PutOffRow, VisitedRow
from mxprobe.jobs.survey.told import encode_told, encode_untold

MOST_ASKS = 1000
"""So many entries' recipients are put into one errand."""

_KNOWN_CHAINS = 4096

_TELLABLE = "SELECT count(*) FROM ready JOIN untold USING (chain)"


class Counted(Protocol):
    """Counts that a journal keeps of its endpoints."""

    @property
    def errands(self) -> int:
        """Endpoints known."""
        ...

    @property
    def visited(self) -> int:
        """Endpoints done."""
        ...

    @property
    def sessions(self) -> int:
        """Sessions that these took."""
        ...


class ErrandBook:
    """The endpoints of a survey, within the transactions of its journal.

    `ready` endpoints can be handed out, `out` are, `later` wait; `tellable` entries have all they need.
    """

    def __init__(self, connection: sqlite3.Connection, *, merges: bool) -> None:
        self._connection = connection
        self._asks = merges
        self._chains = dict[bytes, int]()
        self._sweeper = Sweeper(connection)
        self._paced = False
        self.errands = self.visited = self.sessions = 0
        self.ready = self.out = self.later = 0
        self.tellable = 0

    def count(self, standing: Counted) -> None:
        """Take over the counts of a journal that is resumed, and count what can be handed out."""
        self.errands, self.visited, self.sessions = standing.errands, standing.visited, standing.sessions
        self.ready = self._number(f"SELECT count(*) FROM endpoints WHERE state = {EndpointState.READY}")
        self.later = self._number(f"SELECT count(*) FROM endpoints WHERE state = {EndpointState.LATER}")
        self.tellable = self._number(_TELLABLE)
        self._paced = bool(self._number("SELECT count(*) FROM (SELECT 1 FROM paces LIMIT 1)"))

    def _number(self, query: str, *values: object) -> int:
        return int(self._connection.execute(query, values).fetchone()[0])

    # Chains ---------------------------------------------------------------------------------------------------------

    def add_chain(self, errands: bytes, asks: Asked | None, places: Sequence[str]) -> int:
        """The chain of these errands (`chains.encode_errands`) from all of the places, made where it is new.

        Whom all of them ask about is kept.
        """
        if not errands:
            return NO_CHAIN
        chain = self._chains.get(errands)
        if chain is None:
            chain = self._find_chain(decode_errands(errands), places)
            if len(self._chains) >= _KNOWN_CHAINS:
                self._chains.clear()
            self._chains[errands] = chain
        if asks is not None:
            self._connection.execute(
                "INSERT OR REPLACE INTO asks SELECT endpoint, ?, ?, ? FROM uses WHERE chain = ?",
                (asks.number, asks.sender, "\n".join(asks.recipients), chain),
            )
        return chain

    def _find_chain(self, errands: Sequence[Errand], places: Sequence[str]) -> int:
        digest = _digest(errands, places)
        row = self._connection.execute("SELECT id FROM chains WHERE digest = ?", (digest,)).fetchone()
        return int(row[0]) if row is not None else self._make_chain(digest, errands, places)

    def _make_chain(self, digest: bytes, errands: Sequence[Errand], places: Sequence[str]) -> int:
        found = [self._add_endpoint(errand, place) for errand in errands for place in places]
        cursor = self._connection.execute("INSERT INTO chains (digest, waiting) VALUES (?,?)", (digest, len(found)))
        chain = int(cursor.lastrowid or 0)
        self._connection.executemany("INSERT INTO uses VALUES (?,?)", [(chain, one) for one in found])
        self._connection.executemany("INSERT INTO users VALUES (?,?)", [(one, chain) for one in found])
        return chain

    def _add_endpoint(self, errand: Errand, place: str) -> int:
        """The endpoint's number in the journal; of two ranks the better one stays."""
        row = self._connection.execute(
            "SELECT id, rank FROM endpoints WHERE key = ? AND place = ?", (errand.key, place)
        ).fetchone()
        if row is not None:
            if errand.rank < row[1]:
                self._connection.execute("UPDATE endpoints SET rank = ? WHERE id = ?", (errand.rank, row[0]))
            return int(row[0])
        to = errand.endpoint
        cursor = self._connection.execute(
            "INSERT INTO endpoints (key,place,host,address,port,operator,rank,state) VALUES (?,?,?,?,?,?,?,?)",
            (errand.key, place, to.host, to.address, to.port, errand.operator, errand.rank, EndpointState.READY),
        )
        self.errands += 1
        self.ready += 1
        return int(cursor.lastrowid or 0)

    # Errands --------------------------------------------------------------------------------------------------------

    def take_errands(self, place: str, most: int, each: int, busy: Container[tuple[str, str]]) -> tuple[Errand, ...]:
        """Errands to hand out: those that go on, and better ranks, first; at most `most`, of one operator `each` where
        there are others.

        None is of an operator, or lies at an address, that is among the `busy` ones (each with its place).
        """
        taken = dict[int, Found]()
        limits = Limits(each=each, busy=busy)
        self._sweeper.go_on(place, most, limits, taken)
        if len(taken) < most:
            self._sweeper.sweep(place, most, limits, taken)
        if len(taken) < most:
            self._sweeper.sweep(place, most, Limits(each=most, busy=busy), taken)
        self._connection.executemany(
            f"UPDATE endpoints SET state = {EndpointState.OUT} WHERE id = ?", [(number,) for number in taken]
        )
        self.ready -= len(taken)
        self.out += len(taken)
        return tuple(self._errand(found, place) for found in taken.values())

    def _errand(self, found: Found, place: str) -> Errand:
        return Errand(
            key=found.key,
            endpoint=Endpoint(host=found.host, address=found.address, port=found.port),
            operator=found.operator,
            rank=found.rank,
            asks=self._waiting_asks(found.number) if self._asks else (),
            sessions=msgspec.json.decode(found.sessions, type=tuple[Session, ...]) if found.sessions else (),
            place=place,
        )

    def _waiting_asks(self, endpoint: int) -> tuple[Asked, ...]:
        rows = self._connection.execute(
            "SELECT number, sender, recipients FROM asks WHERE endpoint = ? ORDER BY number LIMIT ?",
            (endpoint, MOST_ASKS),
        )
        return tuple(
            Asked(number=number, sender=sender, recipients=tuple(recipients.split("\n")))
            for number, sender, recipients in rows
        )

    def put_off(self, row: PutOffRow) -> None:
        """An errand that has to wait. Whoever was asked about before it had to is not asked about again."""
        errand = row.put_off.errand
        number = self._endpoint(errand.key, errand.place)
        told = max((one.session for one in errand.told), default=-1) + 1
        visit = self._keep_part(number, errand, told) if told else None
        waiting = errand.sessions[told:]
        self._connection.execute(
            f"UPDATE endpoints SET state = {EndpointState.LATER}, due = ?, sessions = ?,"
            " visit = coalesce(visit, ?) WHERE id = ?",
            (row.put_off.due, msgspec.json.encode(waiting) if waiting else None, visit, number),
        )
        self.out -= 1
        self.later += 1

    def _keep_part(self, endpoint: int, errand: Errand, count: int) -> int:
        """Keep the first sessions of an errand that goes on, and what they told, as a visit; gives its number."""
        sessions = msgspec.json.encode(errand.sessions[:count])
        self.sessions += count
        visit = self._make_visit(sessions)
        numbers = [one.number for one in errand.told]
        self._keep_told(endpoint, visit, numbers, encode_told(errand.told))
        query = "DELETE FROM asks WHERE endpoint = ? AND number = ?"
        self._connection.executemany(query, [(endpoint, number) for number in numbers])
        return visit

    def _make_visit(self, sessions: bytes | None, *, throttled: bool = False, failure: str = "") -> int:
        cursor = self._connection.execute(
            "INSERT INTO visits (sessions,throttled,failure) VALUES (?,?,?)", (sessions, throttled, failure)
        )
        return int(cursor.lastrowid or 0)

    def _keep_told(self, endpoint: int, visit: int, numbers: Sequence[int], rows: bytes) -> None:
        """What was told in a visit of these entries."""
        self._connection.execute(
            "INSERT INTO told (endpoint,first,last,visit,rows) VALUES (?,?,?,?,?)",
            (endpoint, min(numbers), max(numbers), visit, rows),
        )

    def _keep_all_told(self, endpoint: int, visit: int, asks: Sequence[Asked], rows: bytes) -> None:
        """What was told in a visit of the first who waited; nobody asks about them any more."""
        numbers = [ask.number for ask in asks]
        self._keep_told(endpoint, visit, numbers, rows or encode_untold(numbers))
        self._connection.execute("DELETE FROM asks WHERE endpoint = ? AND number <= ?", (endpoint, max(numbers)))

    def wake(self, now: float) -> None:
        """What waited until now can be handed out again."""
        if not self.later:
            return
        woken = self._connection.execute(
            f"UPDATE endpoints SET state = {EndpointState.READY} WHERE state = {EndpointState.LATER} AND due <= ?",
            (now,),
        ).rowcount
        self.later -= woken
        self.ready += woken

    def next_due(self) -> float | None:
        """When the next endpoint that waits can be visited again."""
        row = self._connection.execute(f"SELECT min(due) FROM endpoints WHERE state = {EndpointState.LATER}").fetchone()
        return None if row[0] is None else float(row[0])

    def keep_visited(self, row: VisitedRow, errand: Errand) -> None:
        """Keep what came of an errand as it was handed out."""
        self.sessions += len(msgspec.json.decode(row.sessions, type=list[Raw]))
        number = self._endpoint(errand.key, errand.place)
        visit = self._make_visit(row.sessions, throttled=row.throttled)
        if errand.asks:
            self._keep_all_told(number, visit, errand.asks, row.told)
        self._conclude(number, visit, goes_on=row.heard and self._is_asked(number))

    def fail_errand(self, errand: Errand, reason: str) -> None:
        """Give up an errand that no worker could make."""
        self._give_up(errand, reason, throttled=False)

    def leave_alone(self, errand: Errand, reason: str) -> None:
        """Give up an errand whose operator limits us whatever we do."""
        self.sessions += len(errand.sessions)
        self._give_up(errand, reason, throttled=True)

    def _give_up(self, errand: Errand, reason: str, *, throttled: bool) -> None:
        sessions = msgspec.json.encode(errand.sessions) if errand.sessions else None
        visit = self._make_visit(sessions, throttled=throttled, failure=reason)
        self._conclude(self._endpoint(errand.key, errand.place), visit, goes_on=False)

    def _is_asked(self, endpoint: int) -> bool:
        """Whether recipients wait for it."""
        return bool(self._number("SELECT EXISTS (SELECT 1 FROM asks WHERE endpoint = ?)", endpoint))

    def _conclude(self, endpoint: int, visit: int, *, goes_on: bool) -> None:
        """An errand is over. It `goes_on` where so many recipients wait that they need another session; an endpoint
        that answered nobody is not visited again for those who still wait."""
        self.out -= 1
        while self._asks and not goes_on and (waiting := self._waiting_asks(endpoint)):
            self._keep_all_told(endpoint, visit, waiting, b"")
        self._connection.execute(
            "UPDATE endpoints SET state = ?, sessions = NULL, visit = coalesce(visit, ?) WHERE id = ?",
            (EndpointState.READY if goes_on else EndpointState.DONE, visit, endpoint),
        )
        if goes_on:
            self.ready += 1
        else:
            self.visited += 1
            self._free_chains(endpoint)

    def _free_chains(self, endpoint: int) -> None:
        """The chains that waited for this endpoint alone are ready."""
        chains = self._connection.execute("SELECT chain FROM users WHERE endpoint = ?", (endpoint,)).fetchall()
        for (chain,) in chains:
            waiting = self._number("UPDATE chains SET waiting = waiting - 1 WHERE id = ? RETURNING waiting", chain)
            if not waiting:
                self._connection.execute("INSERT OR IGNORE INTO ready (chain) VALUES (?)", (chain,))
                self.tellable += self._number("SELECT count(*) FROM untold WHERE chain = ?", chain)

    def _endpoint(self, key: str, place: str) -> int:
        return self._number("SELECT id FROM endpoints WHERE key = ? AND place = ?", key, place)

    # Paces ----------------------------------------------------------------------------------------------------------

    def keep_pace(self, pace: Pace) -> None:
        """Keep what was learnt of an operator."""
        self._paced = True
        self._connection.execute(
            "INSERT OR REPLACE INTO paces VALUES (?,?,?,?)",
            (pace.operator, pace.place, pace.throttled, msgspec.json.encode(pace)),
        )

    def paces_of(self, operators: Iterable[str], place: str) -> tuple[Pace, ...]:
        """What was learnt of these."""
        if not self._paced:
            return ()
        query = "SELECT pace FROM paces WHERE operator = ? AND place = ?"
        rows = [self._connection.execute(query, (operator, place)).fetchone() for operator in operators]
        return tuple(msgspec.json.decode(row[0], type=Pace) for row in rows if row is not None)

    def throttling(self, most: int) -> tuple[Pace, ...]:
        """Operators that made us slow down, at most so many, whoever rests longest first."""
        if not self._paced:
            return ()
        rows = self._connection.execute("SELECT pace FROM paces WHERE throttled > 0")
        paces = (msgspec.json.decode(row[0], type=Pace) for row in rows)
        return tuple(heapq.nlargest(most, paces, key=lambda pace: pace.rests_until))

    def count_throttling(self) -> int:
        """So many operators made us slow down."""
        return self._number("SELECT count(*) FROM paces WHERE throttled > 0")

    # Entries that can be told ---------------------------------------------------------------------------------------

    def take_tellable(self, most: int) -> tuple[int, ...]:
        """Entries whose chain is ready, handed out until they are told."""
        taken = self._tellable_of(NO_CHAIN, most)
        while len(taken) < most:
            row = self._connection.execute(
                f"SELECT id, chain FROM ready WHERE chain != {NO_CHAIN} ORDER BY id LIMIT 1"
            ).fetchone()
            if row is None:
                break
            wanted = most - len(taken)
            found = self._tellable_of(row[1], wanted)
            if len(found) < wanted:
                self._connection.execute("DELETE FROM ready WHERE id = ?", (row[0],))
            taken += found
        self.tellable -= len(taken)
        return tuple(taken)

    def _tellable_of(self, chain: int, most: int) -> list[int]:
        query = "SELECT number, chain FROM untold WHERE chain = ? ORDER BY number LIMIT ?"
        rows = self._connection.execute(query, (chain, most)).fetchall()
        self._connection.executemany("INSERT INTO telling (number, chain) VALUES (?,?)", rows)
        self._connection.executemany("DELETE FROM untold WHERE number = ? AND chain = ?", rows)
        return [number for number, _ in rows]

    def make_ready_again(self) -> None:
        """Every chain that waits for nobody is ready, whatever was told of it."""
        self._connection.execute(
            "INSERT OR IGNORE INTO ready (chain) SELECT id FROM chains WHERE waiting = 0 AND EXISTS"
            " (SELECT 1 FROM untold WHERE chain = chains.id)"
        )
        self.tellable = self._number(_TELLABLE)


def _digest(errands: Sequence[Errand], places: Sequence[str]) -> bytes:
    """What a chain is known by: its endpoints, their ranks, and from where they are visited."""
    parts = sorted(f"{errand.key}\0{errand.rank}" for errand in errands)
    return hashlib.blake2b("\n".join([*parts, "", *places]).encode(), digest_size=16).digest()
