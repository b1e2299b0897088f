"""An mbox: one file with all messages, each behind a line that begins with "From ". It is read from where the last look
ended, and not while a mailer holds its lock; only `clean` writes to it."""

import asyncio
import contextlib
import mailbox
import os
import time
from collections.abc import Iterator
from email.utils import parsedate
from pathlib import Path
from typing import IO

from msgspec import Struct, structs

from mxprobe.errors import CouldNotLook, InputError
from mxprobe.facts.proof import Found
from mxprobe.mx.trace import MOST_OCTETS
from mxprobe.probe.mailboxes.mailbox import DAY, Kind, Watch, cut, mark_of, token_of

try:
    import fcntl
except ImportError:  # not on Windows
    fcntl = None  # type: ignore[assignment]

_FROM = b"From "
_LONGEST_LINE = 65_536


class _Read(Struct, frozen=True):
    """How far which file was read, and the marks of what was found in it and in those before it."""

    end: int = 0
    inode: int = 0
    seen: frozenset[bytes] = frozenset()


class Mbox:
    """The mbox at `path`, which need not be there yet: some mailers make it for the first message."""

    can_clean = True

    def __init__(self, path: Path, since: float) -> None:
        self._path = path
        self._since = since
        self._read_to = _Read()

    def describe(self) -> str:
        """Its path."""
        return f"mbox {self._path}"

    async def look(self) -> tuple[Found, ...]:
        """New messages of ours and reports about them; nothing while a mailer writes to the file."""
        found, self._read_to = await asyncio.to_thread(self._look)
        return found

    async def clean(self, tokens: frozenset[str]) -> int:
        """Remove messages with one of these tokens, with the file locked, as mailers lock it."""
        removed = await asyncio.to_thread(self._clean, tokens)
        self._read_to = structs.replace(self._read_to, end=0)  # what came since the last look is still to be found
        return removed

    async def close(self) -> None:
        """Nothing is held open."""

    def _look(self) -> tuple[tuple[Found, ...], _Read]:
        try:
            with self._path.open("rb") as file:
                if self._path.with_name(f"{self._path.name}.lock").exists() or not _is_free(file):
                    return (), self._read_to
                return self._read(file)
        except FileNotFoundError:
            return (), self._read_to
        except OSError as error:
            raise CouldNotLook(f"{self.describe()}: {error.strerror}") from error

    def _read(self, file: IO[bytes]) -> tuple[tuple[Found, ...], _Read]:
        """What stands behind the place where the last look ended; all where the file is another or has shrunk."""
        about, before = os.fstat(file.fileno()), self._read_to
        is_same = about.st_ino == before.inode and about.st_size >= before.end
        file.seek(before.end if is_same else 0)
        found, seen = list[Found](), set(before.seen)
        for first, raw in _messages(file):
            content = cut(raw)
            if content is None or (mark := mark_of(content, first)) in seen:
                continue
            seen.add(mark)
            at = _read_from_line(first)
            if at is None or not self._since - DAY <= at <= about.st_mtime + DAY:
                at = about.st_mtime
            if at >= self._since - DAY:
                found.append(Found(content, "INBOX", min(at, about.st_mtime), False))
        return tuple(found), _Read(file.tell(), about.st_ino, frozenset(seen))

    def _clean(self, tokens: frozenset[str]) -> int:
        if not self._path.exists():
            return 0
        box = mailbox.mbox(self._path, create=False)
        removed = 0
        try:
            box.lock()
            for key in box.keys():  # noqa: SIM118  # removing while a mailbox is iterated over
                with contextlib.closing(box.get_file(key)) as file:
                    content = cut(file.read(MOST_OCTETS))
                if content is not None and token_of(content) in tokens:
                    box.remove(key)
                    removed += 1
            box.flush()
        except mailbox.ExternalClashError as error:
            raise CouldNotLook(f"{self.describe()}: a mailer holds its lock; nothing was removed") from error
        except OSError as error:
            raise CouldNotLook(f"{self.describe()}: {error.strerror}; nothing was removed") from error
        finally:
            box.close()
        return removed


def _is_free(file: IO[bytes]) -> bool:
    """Whether no mailer holds a lock for writing. It is held until the file is closed."""
    if fcntl is None:
        return True
    try:
        fcntl.lockf(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _messages(file: IO[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """Every message from here on: its "From " line, and as much of it as anything looks at."""
    first, kept, size, after_empty = b"", list[bytes](), 0, True
    while line := file.readline(_LONGEST_LINE):
        if after_empty and line.startswith(_FROM):
            if first:
                yield first, b"".join(kept)
            first, kept, size = line, [], 0
        elif size < MOST_OCTETS:
            kept.append(line)
            size += len(line)
        after_empty = line in {b"\n", b"\r\n"}
    if first:
        yield first, b"".join(kept)


def _read_from_line(line: bytes) -> float | None:
    """When a mailer says it wrote the message: local time, as mailers have it; None where that cannot be read."""
    words = line.decode("ascii", "replace").split(maxsplit=2)
    date = parsedate(words[2]) if len(words) > 2 else None
    try:
        return None if date is None else time.mktime((*date[:6], 0, 1, -1))
    except (ValueError, OverflowError):
        return None


def _open(word: str, watch: Watch) -> Mbox:
    path = Path(word.partition(":")[2]).expanduser()
    if not path.name or path.is_dir() or not path.parent.is_dir():
        what = "is a directory: is it a Maildir?" if path.is_dir() else "lies in no directory that is there"
        raise InputError(
            f"{watch.argument} {word}: {path} {what}",
            hint="An mbox is named by its file: mbox:/var/mail/alice",
        )
    if path.exists() and not os.access(path, os.R_OK):
        raise InputError(f"{watch.argument} {word}: {path} cannot be read by this user")
    return Mbox(path, watch.since)


KIND = Kind(names=("mbox",), example="mbox:/var/mail/alice", open=_open)
