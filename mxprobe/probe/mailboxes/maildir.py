"""A Maildir: `new/` and `cur/` of the mailbox itself, and of its folders for unwanted mail. It is read, never changed,
but for `clean`."""

import asyncio
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from mxprobe.errors import CouldNotLook, InputError
from mxprobe.facts.proof import Found
from mxprobe.mx.trace import MOST_OCTETS
from mxprobe.probe.mailboxes.mailbox import DAY, Kind, Watch, cut, mark_of, token_of
from mxprobe.wire.imap import JUNK_NAMES

_PARTS = ("new", "cur")
_OPENING = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


class Maildir:
    """The Maildir at `path`. A message keeps the part of its file name before the colon, and in
    every folder its Message-ID and Received lines, by which it is known again: people and filters move messages."""

    can_clean = True

    def __init__(self, path: Path, since: float) -> None:
        self._path = path
        self._since = since - DAY
        self._seen = set[tuple[str, str]]()
        self._marks = frozenset[bytes]()

    def describe(self) -> str:
        """Its path."""
        return f"Maildir {self._path}"

    async def look(self) -> tuple[Found, ...]:
        """New messages of ours and reports about them. Raises CouldNotLook where the directory cannot be read."""
        found, read, self._marks = await asyncio.to_thread(self._look)
        self._seen |= read  # not before: a look that failed or was cancelled has found nothing
        return found

    async def clean(self, tokens: frozenset[str]) -> int:
        """Remove the files of messages with one of these tokens."""
        return await asyncio.to_thread(self._clean, tokens)

    async def close(self) -> None:
        """Nothing is held open."""

    def _look(self) -> tuple[tuple[Found, ...], set[tuple[str, str]], frozenset[bytes]]:
        found, keys, marks = list[Found](), set[tuple[str, str]](), set(self._marks)
        for folder, path, is_junk in self._files():
            key = (folder, path.name.partition(":")[0])
            if key in self._seen or key in keys:
                continue
            read = _read(path, self._since)
            if read is None:
                continue  # moved between being listed and being opened, or no file: listed again the next time
            keys.add(key)
            content = cut(read[0])
            if content is None or (mark := mark_of(content)) in marks:
                continue
            marks.add(mark)
            found.append(Found(content, folder, read[1], is_junk))
        return tuple(found), keys, frozenset(marks)

    def _clean(self, tokens: frozenset[str]) -> int:
        removed = 0
        for _, path, _ in self._files():
            read = _read(path, self._since)
            content = None if read is None else cut(read[0])
            if content is None or token_of(content) not in tokens:
                continue
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                raise InputError(f"{path}: cannot be removed: {error.strerror}") from error
            removed += 1
        return removed

    def _files(self) -> Iterator[tuple[str, Path, bool]]:
        """Place, path and whether it is junk, of every file; `new` before `cur`, so that none slips past between."""
        try:
            folders = [("INBOX", self._path, False), *self._junk()]
            for place, folder, is_junk in folders:
                for part in _PARTS:
                    directory = folder / part
                    if directory.is_dir():
                        for entry in sorted(entry.name for entry in os.scandir(directory)):
                            yield place, directory / entry, is_junk
        except OSError as error:
            raise CouldNotLook(f"{self.describe()}: {error.strerror}") from error

    def _junk(self) -> list[tuple[str, Path, bool]]:
        """Folders by name, in either layout: `.Junk`, `.INBOX.Junk`, `Junk`."""
        names = sorted(entry.name for entry in os.scandir(self._path) if entry.is_dir(follow_symlinks=False))
        folders = [name for name in names if name.lstrip(".").rpartition(".")[2].casefold() in JUNK_NAMES]
        return [(name.lstrip("."), self._path / name, True) for name in folders]


def _read(path: Path, since: float) -> tuple[bytes, float] | None:
    """The beginning of a message and when its file was written; no octets where that was before `since`."""
    try:
        handle = os.open(path, _OPENING)
    except OSError:
        return None
    about = os.fstat(handle)
    if not stat.S_ISREG(about.st_mode):
        os.close(handle)
        return None
    with open(handle, "rb") as file:
        return (file.read(MOST_OCTETS) if about.st_mtime >= since else b""), about.st_mtime


def _open(word: str, watch: Watch) -> Maildir:
    path = Path(word.partition(":")[2]).expanduser()
    if not all((path / part).is_dir() for part in _PARTS):
        raise InputError(
            f"{watch.argument} {word}: {path} is no Maildir that can be read: it has no directories new and cur",
            hint="A Maildir is named by the directory that holds new, cur and tmp: maildir:~/Maildir",
        )
    return Maildir(path, watch.since)


KIND = Kind(names=("maildir",), example="maildir:~/Maildir", open=_open)
