"""The journal of a survey: all that is known of it, on disk beside the results, so that it can stop and go on.

One process writes it. What is written becomes good at `commit`, all at once; a survey that is killed goes on from the
last one. Nothing here grows with the list but the file. Endpoints are the `ErrandBook`'s.
"""

import hashlib
import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Self, TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import asdict, replace

from mxprobe.errors import InputError, Place
from mxprobe.facts.survey import Depth, Entry, Errand, Manner
from mxprobe.jobs.survey.errandbook import ErrandBook
from mxprobe.jobs.survey.tables import (
    NO_CHAIN,
    SCHEMA,
    is_begun,
    make_tables,
    open_tables,
    take_back,
    unusable,
)
from mxprobe.jobs.survey.tasks import LineRow, ResolvedRow

T = TypeVar("T")

_PACED = ("lookups_at_once", "sessions_at_once", "per_operator", "spacing")
"""Parts of a manner that say how fast alone: another run may differ in them."""

_FLAGS = {
    "wishes": "--ask",
    "owned": "--i-own-these",
    "excluded": "--exclude",
    "merged": "--no-dedup",
    "judged": "--no-findings",
    "mail_from": "--from",
    "nameservers": "--nameserver",
    "families": "-4, -6",
}
"""Options whose parts of a manner are called otherwise."""


class Standing(Struct, frozen=True, kw_only=True):
    """How far a survey is, as it is kept at each commit.

    `taken` entries came from the list, of which `twice` name a domain that was there before; `digest` is that of all
    taken, `whole` says that the list ended there. `written` octets of the results are good, with `told` lines in them;
    `failed` entries and errands were given up, with the reason in their lines.
    """

    taken: int = 0
    twice: int = 0
    digest: bytes = b""
    whole: bool = False
    resolved: int = 0
    queries: int = 0
    told: int = 0
    written: int = 0
    errands: int = 0
    visited: int = 0
    sessions: int = 0
    failed: int = 0


class Journal:
    """One survey. To be closed; `standing` is what holds now."""

    def __init__(self, path: Path, connection: sqlite3.Connection, lock: int | None, manner: Manner) -> None:
        self.path = path
        self.manner = manner
        self.places: tuple[str, ...] = ("",)
        """From where each endpoint is visited."""
        self.book = ErrandBook(connection, merges=manner.depth is Depth.RCPT)
        self.standing = Standing()
        self._connection = connection
        self._lock = lock
        self._dirty = False

    @classmethod
    def open(cls, path: Path, manner: Manner, *, resume: bool, places: tuple[str, ...] = ("",)) -> Self:
        """The journal at `path`; a new one where there is none.

        Raises InputError where there is one that nobody wants to `resume`, for one of another manner, and for one that
        is in use or is none.
        """
        lock = _lock(path)
        connection: sqlite3.Connection | None = None
        try:
            connection = open_tables(path)
            journal = cls(path, connection, lock, manner)
            journal.places = places
            journal._start(resume=resume)
        except BaseException as error:
            if connection is not None:
                connection.close()
            if lock is not None:
                os.close(lock)
            if isinstance(error, (sqlite3.Error, msgspec.MsgspecError)):
                raise unusable(path, error) from error
            raise
        return journal

    def _start(self, *, resume: bool) -> None:
        """Begin, or go on. Raises InputError."""
        self.begin()
        begun = is_begun(self._connection)
        if not begun:
            make_tables(self._connection)
        if not begun or self._is_empty():
            self._put("schema", SCHEMA)
            self._put("manner", self.manner)
            self._put("places", self.places)
        elif resume:
            self._read_standing()
            take_back(self._connection)
            self.book.count(self.standing)
        else:
            hint = "--resume goes on with it; to begin anew, remove this file and the results."
            raise InputError("a survey was begun here before", place=Place(str(self.path)), hint=hint)
        self.commit()

    def _is_empty(self) -> bool:
        """Whether nothing came of what was begun here: a list or results were found wanting at once."""
        if self._get("schema", int) != SCHEMA:
            return False
        standing = self._get("standing", Standing)
        return not standing.taken and not standing.whole

    def _read_standing(self) -> None:
        schema = self._get("schema", int)
        if schema != SCHEMA:
            raise InputError(f"the journal is of another mxprobe (form {schema})", place=Place(str(self.path)))
        differing = _differences(self._get("manner", Manner), self.manner)
        if self._get("places", tuple[str, ...]) != self.places:
            differing.append("vantage points")
        if differing:
            hint = "What a survey asks is decided when it begins; only how fast it goes may change."
            message = f"this survey was begun with other options than these: {', '.join(differing)}"
            raise InputError(message, place=Place(str(self.path)), hint=hint)
        self.standing = self._get("standing", Standing)

    def close(self) -> None:
        """Let go of the file; what was not committed is forgotten."""
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")
        self._connection.close()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def commit(self) -> None:
        """All that was written is good from here on."""
        self.standing = self.counted
        self._put("standing", self.standing)
        if self._connection.in_transaction:
            self._connection.execute("COMMIT")
        self._dirty = False

    @property
    def counted(self) -> Standing:
        """What holds now, endpoints included."""
        book = self.book
        return replace(self.standing, errands=book.errands, visited=book.visited, sessions=book.sessions)

    @property
    def is_dirty(self) -> bool:
        """Whether something was written since the last commit."""
        return self._dirty

    def list_entries(self, entries: Sequence[Entry], *, last: bool = False) -> None:
        """Keep the next entries of the list; of a domain that was there, its further recipients alone."""
        self.begin()
        before = self._connection.total_changes
        rows = [(entry.number, entry.domain, entry.asked, _texts(entry.recipients)) for entry in entries]
        self._connection.executemany(
            "INSERT OR IGNORE INTO entries (number,domain,asked,recipients) VALUES (?,?,?,?)", rows
        )
        new = self._connection.total_changes - before
        if new < len(entries):
            self._add_recipients(entry for entry in entries if entry.recipients)
        self.standing = replace(
            self.standing,
            taken=self.standing.taken + len(entries),
            twice=self.standing.twice + len(entries) - new,
            digest=digest_of(self.standing.digest, entries),
            whole=last,
        )

    def _add_recipients(self, entries: Iterable[Entry]) -> None:
        """The recipients of entries whose domain may stand in the list before, as long as nobody was asked about it."""
        for entry in entries:
            found = self._connection.execute(
                "SELECT number, recipients FROM entries WHERE domain = ? AND chain IS NULL", (entry.domain,)
            ).fetchone()
            if found is not None and found[0] != entry.number:
                both = dict.fromkeys([*_split(found[1]), *entry.recipients])
                self._connection.execute(
                    "UPDATE entries SET recipients = ? WHERE number = ?", (_texts(tuple(both)), found[0])
                )

    def next_entries(self, behind: int, most: int) -> tuple[Entry, ...]:
        """Entries that nobody was asked about, with numbers above `behind`."""
        rows = self._connection.execute(
            "SELECT number, domain, asked, recipients FROM entries WHERE number > ? AND chain IS NULL"
            " ORDER BY number LIMIT ?",
            (behind, most),
        )
        return tuple(
            Entry(number=number, domain=domain, asked=asked, recipients=_split(recipients))
            for number, domain, asked, recipients in rows
        )

    def keep_resolved(self, rows: Iterable[ResolvedRow]) -> None:
        """Keep what the DNS said of some entries, and the errands that follow, for each place once."""
        self.begin()
        queries = 0
        named, chained = [], []
        for row in rows:
            chain = self.book.add_chain(row.errands, row.asks, self.places)
            times = (row.started_at, row.elapsed, row.queries)
            named.append((row.number, *times, row.answers, row.hosts, row.hosts_of, ""))
            chained.append((chain, row.number))
            queries += row.queries
        self._connection.executemany("INSERT INTO named VALUES (?,?,?,?,?,?,?,?)", named)
        self._keep_chains(chained)
        self.standing = replace(
            self.standing, resolved=self.standing.resolved + len(named), queries=self.standing.queries + queries
        )

    def _keep_chains(self, chained: Sequence[tuple[int, int]]) -> None:
        """The chains of entries (by their numbers), whose lines are to be written."""
        self._connection.executemany("UPDATE entries SET chain = ? WHERE number = ?", chained)
        self._connection.executemany("INSERT INTO untold (chain, number) VALUES (?,?)", chained)
        self.book.tellable += sum(chain == NO_CHAIN for chain, _ in chained)

    def fail_entry(self, number: int, reason: str) -> None:
        """Give up an entry that no worker could ask the DNS about."""
        self.begin()
        self._connection.execute("INSERT INTO named VALUES (?,0,0,0,'[]','[]',NULL,?)", (number, reason))
        self._keep_chains([(NO_CHAIN, number)])
        self.standing = replace(self.standing, resolved=self.standing.resolved + 1, failed=self.standing.failed + 1)

    def fail_errand(self, errand: Errand, reason: str) -> None:
        """Give up an errand that no worker could make."""
        self.begin()
        self.book.fail_errand(errand, reason)
        self.standing = replace(self.standing, failed=self.standing.failed + 1)

    def entries(self, numbers: Iterable[int]) -> Iterator[Entry]:
        """The entries with these numbers."""
        query = "SELECT domain, asked, recipients FROM entries WHERE number = ?"
        for number in list(numbers):
            domain, asked, recipients = self._connection.execute(query, (number,)).fetchone()
            yield Entry(number=number, domain=domain, asked=asked, recipients=_split(recipients))

    def take_tellable(self, most: int) -> tuple[int, ...]:
        """Entries all of whose errands are done, handed out until `keep_lines` has them."""
        self.begin()
        return self.book.take_tellable(most)

    def keep_lines(self, rows: Sequence[LineRow]) -> None:
        """Lines that stand in the results, or will at the next commit."""
        self.begin()
        self._connection.executemany("DELETE FROM telling WHERE number = ?", [(row.number,) for row in rows])
        self.standing = replace(self.standing, told=self.standing.told + len(rows))

    def keep_documents(self, rows: Sequence[LineRow]) -> None:
        """Lines for results that are made at the end."""
        self.begin()
        values = [(row.number, row.domain, row.document, row.tally) for row in rows]
        self._connection.executemany("INSERT OR REPLACE INTO lines VALUES (?,?,?,?)", values)

    def keep_written(self, octets: int) -> None:
        """So many octets of the results are good."""
        self.begin()
        self.standing = replace(self.standing, written=octets)

    def tell_again(self) -> None:
        """All lines are to be written once more: the results are gone."""
        self.begin()
        self._connection.execute(
            "INSERT OR IGNORE INTO untold (chain, number) SELECT chain, number FROM entries WHERE chain IS NOT NULL"
        )
        self.book.make_ready_again()
        self.standing = replace(self.standing, told=0, written=0)

    def begin(self) -> None:
        """What is written from here on becomes good at the next commit, all at once."""
        self._dirty = True
        if not self._connection.in_transaction:
            self._connection.execute("BEGIN IMMEDIATE")

    def _put(self, name: str, value: object) -> None:
        self.begin()
        self._connection.execute("INSERT OR REPLACE INTO meta VALUES (?,?)", (name, msgspec.json.encode(value)))

    def _get(self, name: str, kind: type[T]) -> T:
        row = self._connection.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        if row is None:
            raise InputError(f"this is no journal of a survey: it has no {name}", place=Place(str(self.path)))
        return msgspec.json.decode(row[0], type=kind)


def digest_of(before: bytes, entries: Iterable[Entry]) -> bytes:
    """What a list is known by, from what its beginning was known by and the entries that follow."""
    digest = int.from_bytes(before, "big")
    for entry in entries:
        text = f"{entry.number} {entry.asked} {_texts(entry.recipients)}".encode("utf-8", "surrogateescape")
        digest ^= int.from_bytes(hashlib.blake2b(text, digest_size=16).digest(), "big")
    return digest.to_bytes(16, "big")


def _differences(before: Manner, now: Manner) -> list[str]:
    """The parts of a manner that differ, by the options that they come from, each once."""
    first, second = asdict(before), asdict(now)
    found = [name for name in first if name not in (*_PACED, "vantage") and first[name] != second[name]]
    first, second = asdict(before.vantage), asdict(now.vantage)
    found += [name for name in first if first[name] != second[name]]
    return list(dict.fromkeys(_FLAGS.get(name, f"--{name.replace('_', '-')}") for name in found))


def _texts(recipients: tuple[str, ...]) -> str:
    return "\n".join(recipients)


def _split(recipients: str) -> tuple[str, ...]:
    return tuple(recipients.split("\n")) if recipients else ()


def _lock(path: Path) -> int | None:
    """Whoever has it may write the journal; the system takes it back however the process ends. Raises InputError."""
    try:
        import fcntl
    except ImportError:  # no POSIX system
        return None
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise InputError(f"cannot write the journal: {error.strerror}", place=Place(str(path))) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise InputError("another survey writes this journal now", place=Place(str(path))) from error
    return descriptor
