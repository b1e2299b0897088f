"""The tables of a survey's journal, and how its file is opened.

What is touched often is small (endpoints, chains, untold, telling); what is large is written once and read once
(entries, named, visits, told). An entry has a chain when it is resolved; it stands in `untold` until its line is handed
out, and in `telling` until that is written. A chain is a distinct set of endpoints that entries share: five large
providers stand for very many entries. What an endpoint told in a visit is one row for all entries that were asked about
there, from `first` to `last`. What the DNS said of an entry's hosts stands at the first entry that had it: it is that
of `hosts_of` for those that follow.
"""

import sqlite3
from enum import IntEnum
from pathlib import Path

from mxprobe.errors import InputError, Place

SCHEMA = 5

_PAGE_CACHE = 8192  # KiB; all that a process keeps of a journal in memory, however large that is
_AHEAD = 8000  # pages of 4 KiB; so much is written ahead before it is put in its place, a page that changed often once


class EndpointState(IntEnum):
    """How far an endpoint is. `OUT` is handed out, and `READY` again where a run did not end."""

    READY = 0
    OUT = 1
    LATER = 2
    DONE = 3


NO_CHAIN = 0
"""The chain of entries that nobody is visited for."""

_TABLES = f"""
CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID;
CREATE TABLE entries (
  number INTEGER PRIMARY KEY, domain TEXT NOT NULL, asked TEXT NOT NULL, recipients TEXT NOT NULL, chain INTEGER
);
CREATE UNIQUE INDEX entry_of ON entries (domain);
CREATE TABLE untold (chain INTEGER, number INTEGER, PRIMARY KEY (chain, number)) WITHOUT ROWID;
CREATE TABLE telling (number INTEGER PRIMARY KEY, chain INTEGER);
CREATE TABLE named (
  number INTEGER PRIMARY KEY, started_at REAL, elapsed REAL, queries INTEGER, answers BLOB, hosts BLOB,
  hosts_of INTEGER, failure TEXT
);
CREATE TABLE chains (id INTEGER PRIMARY KEY, digest BLOB UNIQUE, waiting INTEGER NOT NULL);
CREATE TABLE ready (id INTEGER PRIMARY KEY, chain INTEGER UNIQUE);
CREATE TABLE endpoints (
  id INTEGER PRIMARY KEY, key TEXT NOT NULL, place TEXT NOT NULL, host TEXT NOT NULL, address TEXT NOT NULL,
  port INTEGER NOT NULL, operator TEXT NOT NULL, rank INTEGER NOT NULL, state INTEGER NOT NULL, due REAL,
  sessions BLOB, visit INTEGER
);
CREATE UNIQUE INDEX endpoint_of ON endpoints (key, place);
CREATE INDEX to_visit ON endpoints (place, rank, operator, id) WHERE state = {EndpointState.READY};
CREATE INDEX to_go_on ON endpoints (place, id) WHERE state = {EndpointState.READY} AND visit IS NOT NULL;
CREATE INDEX to_visit_later ON endpoints (due) WHERE state = {EndpointState.LATER};
CREATE TABLE uses (chain INTEGER, endpoint INTEGER, PRIMARY KEY (chain, endpoint)) WITHOUT ROWID;
CREATE TABLE users (endpoint INTEGER, chain INTEGER, PRIMARY KEY (endpoint, chain)) WITHOUT ROWID;
CREATE TABLE visits (
  id INTEGER PRIMARY KEY, sessions BLOB, throttled INTEGER NOT NULL, failure TEXT NOT NULL
);
CREATE TABLE asks (
  endpoint INTEGER, number INTEGER, sender TEXT NOT NULL, recipients TEXT NOT NULL, PRIMARY KEY (endpoint, number)
) WITHOUT ROWID;
CREATE TABLE told (
  id INTEGER PRIMARY KEY, endpoint INTEGER, first INTEGER NOT NULL, last INTEGER NOT NULL, visit INTEGER, rows BLOB
);
CREATE INDEX told_at ON told (endpoint, first, last, visit);
CREATE TABLE paces (
  operator TEXT, place TEXT, throttled INTEGER, pace BLOB, PRIMARY KEY (operator, place)
) WITHOUT ROWID;
CREATE INDEX throttled ON paces (throttled) WHERE throttled > 0;
CREATE TABLE lines (number INTEGER PRIMARY KEY, domain TEXT, document BLOB, tally BLOB);
INSERT INTO ready (chain) VALUES ({NO_CHAIN});
"""

_CURABLE = f"""
INSERT OR IGNORE INTO ready (chain) SELECT DISTINCT chain FROM telling;
INSERT INTO untold (chain, number) SELECT chain, number FROM telling;
DELETE FROM telling;
UPDATE endpoints SET state = {EndpointState.READY} WHERE state = {EndpointState.OUT};
"""


def open_tables(path: Path) -> sqlite3.Connection:
    """A journal that is to be written, made where there is none. Raises InputError."""
    connection: sqlite3.Connection | None = None
    try:
        connection = sqlite3.connect(path, isolation_level=None, timeout=10, cached_statements=256)
        connection.execute("PRAGMA journal_mode = WAL")
        # A killed process loses nothing; when the machine stops, the last seconds may be gone, and are done again.
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(f"PRAGMA cache_size = -{_PAGE_CACHE}")
        connection.execute("PRAGMA journal_size_limit = 67108864")
        connection.execute(f"PRAGMA wal_autocheckpoint = {_AHEAD}")
    except sqlite3.Error as error:
        if connection is not None:
            connection.close()
        raise unusable(path, error) from error
    return connection


def is_begun(connection: sqlite3.Connection) -> bool:
    """Whether there is a survey in it."""
    return connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone() is not None


def make_tables(connection: sqlite3.Connection) -> None:
    """Make the tables, in the transaction that is open."""
    for statement in _TABLES.split(";"):
        connection.execute(statement)


def take_back(connection: sqlite3.Connection) -> None:
    """Take back what was handed out when a run ended, in the transaction that is open."""
    for statement in _CURABLE.split(";"):
        connection.execute(statement)


def read_tables(path: Path) -> sqlite3.Connection:
    """A journal that somebody else writes, to be read alone."""
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None, timeout=60)
    try:
        connection.execute(f"PRAGMA cache_size = -{_PAGE_CACHE // 2}")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def cannot_keep(path: Path, error: Exception) -> InputError:
    """What to say of a journal that can be written no longer."""
    hint = "What was kept until then is good: with room for more, --resume goes on."
    return InputError(f"cannot write the journal: {error}", place=Place(str(path)), hint=hint)


def unusable(path: Path, error: Exception) -> InputError:
    """What to say of a journal that is none."""
    return InputError(f"this is no journal of a survey that can be used: {error}", place=Place(str(path)))
