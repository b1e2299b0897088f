"""IMAP spoken with a server that may lie, stall or never stop: one account, always over TLS, within a deadline.

Everything here blocks and belongs into a thread. It looks with EXAMINE and BODY.PEEK, so that nothing is marked as
seen; only `remove` selects for writing. No exception that leaves this module holds another one behind it: imaplib's
know what was sent, the password too.

Standards: RFC 3501 (IMAP), RFC 6154 §2 (the folder of unwanted mail), RFC 4315 §2.1 (UID EXPUNGE).
"""

import contextlib
import imaplib
import re
import socket
import ssl
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, NoReturn, TypeVar

from msgspec import Struct

from mxprobe.errors import CouldNotLook, MxprobeError
from mxprobe.facts.proof import TOKEN_HEADER
from mxprobe.facts.text import escape, escape_text
from mxprobe.wire.imapline import Account, Line, MailboxRefused, TooMuch

MOST_MESSAGES = 200
"""Messages fetched in one look; what is more waits for the next, as does what half a look's time is too short for."""

_MOST_OCTETS = 262_144
_MOST_FOLDERS = 8
JUNK_NAMES = frozenset({"junk", "spam", "junk e-mail", "junk email", "junk mail", "bulk mail"})
"""What folders for unwanted mail are called, in lower case."""

_LISTED = re.compile(rb'\((?P<flags>[^)]*)\) (?:NIL|"(?P<delimiter>\\?[^"])") (?P<name>.+)', re.DOTALL)
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_DAY = 86_400
_REPORTS = (  # the last for OpenSMTPD, which calls a report multipart/mixed
    *("OR", "OR", "HEADER", "Content-Type", '"multipart/report"', "HEADER", "X-Failed-Recipients", '""'),
    *("FROM", '"mailer-daemon"'),
)
_SAFE_TOKEN = re.compile(r"[A-Za-z0-9._-]+")
Value = TypeVar("Value")


class Stored(Struct, frozen=True, kw_only=True):
    """A message on the server, as much of it as was asked for. `key` tells it from all others of the account."""

    key: tuple[str, str, int]
    content: bytes
    at: float
    is_report: bool


class Folder(Struct, frozen=True, kw_only=True):
    """A folder by its name as the server writes it."""

    name: str
    is_junk: bool


class Connection:
    """One account on one connection, which is made at need and thrown away after every failure.

    Every method blocks for `limit` seconds of its account at most. Raises CouldNotLook where the server cannot be
    reached or does not speak IMAP that can be used, MailboxRefused where certificate, name or password are wrong.
    """

    def __init__(self, account: Account) -> None:
        self.account = account
        self._line: Line | None = None
        self._socket: socket.socket | None = None

    def look(self, seen: set[tuple[str, str, int]], since: float) -> tuple[tuple[Folder, Stored], ...]:
        """Messages since about that day that bear the token header, as headers, and reports of delivery, whole up to
        262,144 octets; none whose key is in `seen`, to which those fetched are added."""
        return self._guarded(lambda line: _look(line, seen, since))

    def remove(self, tokens: frozenset[str], bears: Callable[[Stored], str | None]) -> int:
        """Remove messages for which `bears` gives one of the tokens, and no others; how many they were.

        A server without UIDPLUS only marks them as deleted: a plain EXPUNGE would take along what others have marked.
        """
        safe = frozenset(token for token in tokens if _SAFE_TOKEN.fullmatch(token))
        return self._guarded(lambda line: _remove(line, safe, bears)) if safe else 0

    def close(self) -> None:
        """Say LOGOUT, briefly, and close."""
        line, self._line = self._line, None
        if line is not None:
            line.allow(time.monotonic() + min(2.0, self.account.limit))
            with contextlib.suppress(OSError, imaplib.IMAP4.error, TooMuch, ValueError):
                line.logout()
            line.shutdown()

    def abort(self) -> None:
        """Close from another thread, so that whoever waits for the server waits no longer."""
        if self._socket is not None:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)  # TLS would be torn down under its reader

    def _hold(self, opened: socket.socket) -> None:
        self._socket = opened

    def _guarded(self, work: Callable[[Line], Value]) -> Value:
        """Do it, on a new connection where the old one has died meanwhile; failures become words of ours."""
        deadline = time.monotonic() + self.account.limit
        was_open = self._line is not None
        done = self._try(work, deadline)
        if isinstance(done, CouldNotLook) and was_open:
            done = self._try(work, deadline)
        if isinstance(done, MxprobeError):
            raise done
        return done

    def _try(self, work: Callable[[Line], Value], deadline: float) -> Value | MxprobeError:
        try:
            if self._line is None:
                self._line = self._opened(deadline)
            self._line.allow(deadline)
            return work(self._line)
        except MxprobeError as error:
            words: MxprobeError = type(error)(str(error))
        except (OSError, imaplib.IMAP4.error, TooMuch, ValueError, LookupError, TypeError, AttributeError) as error:
            words = self._failed(error)
        line, self._line = self._line, None
        if line is not None:
            line.shutdown()
        return words

    def _opened(self, deadline: float) -> Line:
        account = self.account
        line = Line(account, deadline, self._hold)
        try:
            if account.starttls:
                line.upgrade()
            _log_in(line, account)
            line.learn()
        except BaseException:
            line.shutdown()
            raise
        return line

    def _failed(self, error: Exception) -> MxprobeError:
        """What went wrong in words that hold nothing of what was sent."""
        account = self.account
        where = f"IMAP {account.name}"
        if isinstance(error, ssl.SSLCertVerificationError):
            return MailboxRefused(
                f"{where}: its certificate is not good: {escape_text(error.verify_message)}; "
                "--imap-cafile FILE names the authority that issued it"
            )
        if isinstance(error, TimeoutError):
            return CouldNotLook(f"{where}: no answer within {account.limit:g} s")
        if isinstance(error, TooMuch):
            return CouldNotLook(f"{where}: it sends more than an answer can hold")
        if isinstance(error, OSError):
            return CouldNotLook(f"{where}: {escape_text(error.strerror or type(error).__name__)}")
        if isinstance(error, imaplib.IMAP4.error):
            return CouldNotLook(f"{where}: {self._veiled(str(error))}")
        return CouldNotLook(f"{where}: what it says is not IMAP")

    def _veiled(self, said: str) -> str:
        """What a server said, in one line, without the password where it was said back."""
        return escape_text(said.replace(self.account.password.reveal(), "***"))[:200]


def _log_in(line: Line, account: Account) -> None:
    """AUTHENTICATE PLAIN where it is offered, which takes every character; else LOGIN."""
    refused = False
    try:
        if "AUTH=PLAIN" in line.capabilities:
            line.authenticate("PLAIN", lambda _: f"\0{account.user}\0{account.password.reveal()}".encode())
        elif "LOGINDISABLED" in line.capabilities:
            refused = True
        else:
            line.login(_quoted(account.user), account.password.reveal())
    except UnicodeError:
        raise MailboxRefused(
            f"IMAP {account.name}: the server takes no name or password with other characters than ASCII"
        ) from None
    except imaplib.IMAP4.abort:
        raise CouldNotLook(f"IMAP {account.name}: it broke off while it was told the password") from None
    except imaplib.IMAP4.error:
        refused = True
    if refused:
        raise MailboxRefused(
            f"IMAP {account.name}: the server does not let {account.user} in with this password; "
            "MXPROBE_IMAP_PASSWORD, --password-file or --password-command gives another"
        )


def _look(line: Line, seen: set[tuple[str, str, int]], since: float) -> tuple[tuple[Folder, Stored], ...]:
    found = list[tuple[Folder, Stored]]()
    for folder in _folders(line):
        validity = _enter(line, folder, readonly=True)
        if validity is None:
            continue
        day = datetime.fromtimestamp(max(0.0, since - _DAY), UTC)  # the server's day may be another than ours
        began = ("SINCE", f"{day.day}-{_MONTHS[day.month - 1]}-{day.year}") if since > _DAY else ()
        ours = _search(line, *began, "HEADER", TOKEN_HEADER, '""')
        reports = _search(line, *began, *_REPORTS) - ours
        new = [uid for uid in sorted(ours | reports) if (folder.name, validity, uid) not in seen]
        for uid in new:
            if len(found) >= MOST_MESSAGES or (found and line.left < line.limit / 2):
                return tuple(found)  # what is more is found by the next look
            line.allow_more()
            stored = _fetch(line, (folder.name, validity, uid), is_report=uid in reports)
            if stored is not None:
                seen.add(stored.key)
                found.append((folder, stored))
    return tuple(found)


def _remove(line: Line, tokens: frozenset[str], bears: Callable[[Stored], str | None]) -> int:
    removed = 0
    for folder in _folders(line):
        validity = _enter(line, folder, readonly=False)
        if validity is None:
            continue
        ours = set[int]()
        for token in sorted(tokens):
            ours |= _search(line, "HEADER", TOKEN_HEADER, f'"{token}"')
        reports = _search(line, *_REPORTS) - ours
        for uid in sorted(ours | reports):
            line.allow_more()
            stored = _fetch(line, (folder.name, validity, uid), is_report=uid in reports)
            if stored is None or bears(stored) not in tokens:
                continue
            _good(line.uid("STORE", str(uid), "+FLAGS.SILENT", r"(\Deleted)"))
            if "UIDPLUS" in line.capabilities:
                _good(line.uid("EXPUNGE", str(uid)))
            removed += 1
    return removed


def _folders(line: Line) -> tuple[Folder, ...]:
    """INBOX, and the folders that the server, or else their names, say are for unwanted mail."""
    told = list[tuple[frozenset[str], str, str]]()
    if "SPECIAL-USE" in line.capabilities:
        told = _listed(line, "(SPECIAL-USE)", '""', '"*"')
    junk = [name for flags, _, name in told if r"\junk" in flags]
    if not junk:
        told = _listed(line, '""', '"*"')
        junk = [name for flags, leaf, name in told if r"\junk" in flags or leaf.casefold() in JUNK_NAMES]
    names = [name for name in dict.fromkeys(junk) if name.upper() != "INBOX"][: _MOST_FOLDERS - 1]
    return (Folder(name="INBOX", is_junk=False), *(Folder(name=name, is_junk=True) for name in names))


def _listed(line: Line, *words: str) -> list[tuple[frozenset[str], str, str]]:
    """Flags in lower case, last part of the name, and name of every folder in the answer to LIST."""
    line.response("LIST")
    _good(line.xatom("LIST", *words))
    found = []
    for row in line.response("LIST")[1] or ():
        text = b" ".join((row[0].rpartition(b" ")[0], _quote(row[1]))) if isinstance(row, tuple) else row
        match = _LISTED.fullmatch(text or b"")
        if match is None:
            continue
        name = match["name"]
        if name.startswith(b'"') and name.endswith(b'"') and len(name) > 1:
            name = re.sub(rb"\\(.)", rb"\1", name[1:-1])
        if not name.isascii() or any(octet < 0x20 for octet in name):
            continue  # it could not be said back, or would be another command
        text_name = name.decode("ascii")
        delimiter = (match["delimiter"] or b"").decode("ascii", "replace")[-1:]
        leaf = text_name.rpartition(delimiter)[2] if delimiter else text_name
        found.append((frozenset(match["flags"].decode("ascii", "replace").lower().split()), leaf, text_name))
    return found


def _enter(line: Line, folder: Folder, *, readonly: bool) -> str | None:
    """The folder's UIDVALIDITY; None where it cannot be opened, which for INBOX is a failure."""
    line.untagged_responses.clear()
    status, words = line.select(_quoted(folder.name), readonly=readonly)
    if status != "OK":
        if folder.is_junk:
            return None
        _refuse(words)
    validity = line.response("UIDVALIDITY")[1]
    return escape(validity[-1])[:20] if validity and validity[-1] else ""


def _search(line: Line, *words: str) -> set[int]:
    found = _good(line.uid("SEARCH", *words))
    return {int(word) for row in found if row for word in row.split() if word.isdigit() and len(word) < 11}


def _fetch(line: Line, key: tuple[str, str, int], *, is_report: bool) -> Stored | None:
    """A message, in part; None where it has gone meanwhile."""
    part = "" if is_report else "HEADER"
    rows = _good(line.uid("FETCH", str(key[2]), f"(INTERNALDATE BODY.PEEK[{part}]<0.{_MOST_OCTETS}>)"))
    content = next((row[1] for row in rows if isinstance(row, tuple)), None)
    if content is None:
        return None
    told = b" ".join(row[0] if isinstance(row, tuple) else row or b"" for row in rows)
    date = re.search(rb'INTERNALDATE "([ 0-9A-Za-z:+-]{1,40})"', told)
    at = _read_internal_date(date[1].decode("ascii")) if date else None
    return Stored(key=key, content=content[:_MOST_OCTETS], at=time.time() if at is None else at, is_report=is_report)


def _read_internal_date(text: str) -> float | None:
    try:
        return parsedate_to_datetime(text.strip().replace("-", " ", 2)).timestamp()
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _good(answer: tuple[str, Iterable[Any]]) -> list[Any]:
    status, words = answer
    if status != "OK":
        _refuse(words)
    return list(words)


def _refuse(words: Iterable[Any]) -> NoReturn:
    said = b" ".join(word for word in words if isinstance(word, bytes))
    raise imaplib.IMAP4.error(f'it says "{escape(said[:200])}"')


def _quoted(name: str) -> str:
    return f'"{name.replace(chr(92), chr(92) * 2).replace(chr(34), chr(92) + chr(34))}"'


def _quote(name: bytes) -> bytes:
    return b'"' + name.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'
