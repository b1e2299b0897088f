"""Looks that are kept one after another: DIR/DOMAIN.jsonl, a saved probe a line, and what is remembered beside it.

    DOMAIN.jsonl       every look, compact; each line is what `probe --save` writes, without what follows from it
    DOMAIN.jsonl.1.gz  the lines before those, up to so many files
    DOMAIN.mx.json     the MX records over the last weeks, a few lines however often somebody looks

A line is written at once, by one program at a time. A line that a crash has cut short is taken away by the next look,
and said. Files are anybody's work: a line that is none of ours ends in InputError, and memory is bounded.
"""

import gzip
import os
import shutil
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec
from msgspec import Struct

from mxprobe.errors import InputError, Place
from mxprobe.facts.codec import encode, masked
from mxprobe.facts.snapshot import SNAPSHOT_SCHEMA, Snapshot
from mxprobe.jobs.alone import alone, replace_whole
from mxprobe.mx.remembered import remember
from mxprobe.report.json import LookDocument

MOST_OCTETS = 16_777_216
"""No line is longer, and a history is put away when it grows beyond, where nobody says otherwise."""

KEPT_FILES = 8
"""Files that were put away and are kept, where nobody says otherwise."""

_BLOCK = 65536
_BEGINS = b'{"schema":1,"kind":"look","snapshot":'
"""How each line begins that `keep` writes; a line without an end that does not is somebody else's."""

_HINT = "A history has a saved probe on each line; mxprobe probe --history DIR writes it."


class _Line(msgspec.Struct, frozen=True, kw_only=True):
    kind: str
    schema: int
    snapshot: Snapshot


class _Remembered(msgspec.Struct, frozen=True, kw_only=True):
    schema: int = 1
    kind: str = "history-mx"
    domain: str
    looks: tuple[Snapshot, ...] = ()


class History(Struct, frozen=True, kw_only=True):
    """Where the looks at one domain are kept: the folder, when a file is put away (octets), and how many are kept."""

    folder: Path
    domain: str
    most_octets: int = MOST_OCTETS
    kept_files: int = KEPT_FILES

    @property
    def path(self) -> Path:
        """The newest lines."""
        return self.folder / f"{self.domain}.jsonl"

    @property
    def remembered(self) -> Path:
        """The MX records over the last weeks."""
        return self.folder / f"{self.domain}.mx.json"

    @property
    def lock(self) -> Path:
        """Who has it may write."""
        return self.folder / f".{self.domain}.lock"


def make_folder(folder: Path) -> None:
    """Make the folder of a history, for its owner alone. Raises InputError where that cannot be."""
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except FileNotFoundError as error:
        raise InputError("cannot keep looks there: there is no such folder", place=Place(str(folder.parent))) from error
    except OSError as error:
        reason = "this is no folder" if isinstance(error, FileExistsError) else error.strerror
        raise InputError(f"cannot keep looks there: {reason}", place=Place(str(folder))) from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise InputError("cannot keep looks there: it cannot be written to", place=Place(str(folder)))


# -- keeping -----------------------------------------------------------------------------------------------------------


def keep(history: History, snapshot: Snapshot, status: int = 0, reason: str = "") -> tuple[str, ...]:
    """Append a look, and remember its MX records; gives what a person should know of the file. Raises InputError."""
    document = LookDocument(snapshot=snapshot, exit_status=status, reason=reason)
    line = encode(masked(document)) + b"\n"
    if len(line) > MOST_OCTETS:
        raise InputError(f"this look has more than {MOST_OCTETS} octets", place=Place(str(history.path)))
    try:
        with alone(history.lock):
            notes = _mend(history)
            looks = remember(_remembered(history), masked(snapshot))
            _put_away(history, len(line))
            _append(history.path, line)
            replace_whole(history.remembered, encode(_Remembered(domain=history.domain, looks=looks)))
    except OSError as error:
        raise InputError(f"the look cannot be kept: {error.strerror}", place=Place(str(history.path))) from error
    return notes


def _append(path: Path, line: bytes) -> None:
    """One write; where not all of it fits, nothing stays. Raises OSError."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0)
    descriptor = os.open(path, flags, 0o600)
    try:
        before = os.fstat(descriptor).st_size
        written = os.write(descriptor, line)
        if written != len(line):
            os.ftruncate(descriptor, before)
            raise OSError(28, "No space left on device")
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _mend(history: History) -> tuple[str, ...]:
    """Finish what a crash has left: a file that was being put away, a last line that was cut short.

    Raises InputError where the last whole line, or what stands behind it, is none of ours.
    """
    if _aside(history).exists():
        _compress(history)
    path = history.path
    if not path.exists():
        return ()
    with path.open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        ends, torn = _end_of_whole_lines(file, size), b""
        if ends < size:
            file.seek(ends)
            torn = file.read(MOST_OCTETS + 1)
        notes: tuple[str, ...] = ()
        if torn and _is_whole(torn):
            file.seek(0, os.SEEK_END)
            file.write(b"\n")
        elif torn and not _is_begun(torn):
            says = "behind the last line end stands something that no look begins with; it is not taken away"
            raise InputError(says, place=_place(path, ends), hint=_HINT)
        elif torn:
            file.truncate(ends)
            notes = (f"{path}: the last line was cut short by a crash, and is taken away ({size - ends} octets)",)
    for look in _backwards(path, 1):
        _check_domain(history, look)
    return notes


def _check_domain(history: History, look: Snapshot) -> None:
    if look.domain != history.domain:
        says = f"the last look that is kept there is one at {look.domain}, and not at {history.domain}"
        raise InputError(says, place=Place(str(history.path)))


def _is_whole(line: bytes) -> bool:
    try:
        msgspec.json.decode(line, type=_Line)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return False
    return True


def _is_begun(torn: bytes) -> bool:
    """Whether it is the beginning of a line of ours, or the zeros that some file systems leave of one."""
    return torn.startswith(_BEGINS) or _BEGINS.startswith(torn) or not torn.strip(b"\0")


def _end_of_whole_lines(file: BinaryIO, size: int) -> int:
    """Where the last line end is, or 0."""
    at = size
    while at > 0:
        start = max(0, at - _BLOCK)
        file.seek(start)
        block = file.read(at - start)
        if (found := block.rfind(b"\n")) >= 0:
            return start + found + 1
        at = start
    return 0


# -- putting away ------------------------------------------------------------------------------------------------------


def _put_away(history: History, more: int) -> None:
    """Compress the lines so far where the next one would make the file too large."""
    path = history.path
    if not path.exists() or path.stat().st_size + more <= history.most_octets or path.stat().st_size == 0:
        return
    for there in _beyond(history):  # more were kept once
        there.unlink()
    for number in range(history.kept_files, 0, -1):
        there = _numbered(history, number)
        if not there.exists():
            continue
        if number == history.kept_files:
            there.unlink()
        else:
            there.replace(_numbered(history, number + 1))
    path.replace(_aside(history))
    _compress(history)


def _compress(history: History) -> None:
    """Compress the file that stands aside; begun anew where it was not finished."""
    aside, target = _aside(history), _numbered(history, 1)
    if history.kept_files == 0:
        aside.unlink()
        return
    unfinished = target.with_name(f".{target.name}")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with aside.open("rb") as lines, os.fdopen(descriptor, "wb") as raw:
        with gzip.GzipFile(fileobj=raw, mode="wb", filename="", mtime=0) as packed:
            shutil.copyfileobj(lines, packed, _BLOCK)
        raw.flush()
        os.fsync(raw.fileno())
    unfinished.replace(target)
    aside.unlink()


def _beyond(history: History) -> Iterator[Path]:
    """Files that were put away when more of them were kept."""
    number = history.kept_files + 1
    while (there := _numbered(history, number)).exists():
        yield there
        number += 1


def _aside(history: History) -> Path:
    return history.folder / f"{history.domain}.jsonl.1"


def _numbered(history: History, number: int) -> Path:
    return history.folder / f"{history.domain}.jsonl.{number}.gz"


# -- reading -----------------------------------------------------------------------------------------------------------


def read_remembered(history: History) -> tuple[Snapshot, ...]:
    """The MX records of the looks before, oldest first; made from the lines where they are not remembered.

    Raises InputError.
    """
    try:
        return _remembered(history)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", place=Place(str(history.remembered))) from error


def _remembered(history: History) -> tuple[Snapshot, ...]:
    path = history.remembered
    if path.exists():
        with path.open("rb") as file:
            data = file.read(MOST_OCTETS + 1)
        try:
            known = msgspec.json.decode(data, type=_Remembered)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            known = None
        ours = _Remembered(domain=history.domain, looks=known.looks if known is not None else ())
        if known == ours and len(data) <= MOST_OCTETS:
            return ours.looks
    looks: tuple[Snapshot, ...] = ()
    for look in read_looks(history.path) if history.path.exists() else ():
        looks = remember(looks, look)
    return looks


def last_looks(history: History, number: int = 1) -> tuple[Snapshot, ...]:
    """The last looks that were kept, oldest first, read from the end of the file. Raises InputError."""
    if not history.path.exists():
        return ()
    try:
        found = list(_backwards(history.path, number))
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", place=Place(str(history.path))) from error
    for look in found:
        _check_domain(history, look)
    return tuple(reversed(found))


def last_line(path: Path) -> bytes:
    """The last line of a file of a history, empty where there is none. Raises InputError."""
    try:
        return next((line for _, line in _lines_backwards(path, 1)), b"")
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", place=Place(str(path))) from error


def _backwards(path: Path, number: int) -> Iterator[Snapshot]:
    """The looks of the last whole lines, newest first."""
    for start, line in _lines_backwards(path, number):
        yield _read_line(line, path, start)


def _lines_backwards(path: Path, number: int) -> Iterator[tuple[int, bytes]]:
    """The last whole lines and where they begin, newest first; what stands behind the last line end is no line."""
    with path.open("rb") as file:
        end = _end_of_whole_lines(file, file.seek(0, os.SEEK_END))
        while end > 0 and number > 0:
            start = _end_of_whole_lines(file, end - 1)
            if end - start > MOST_OCTETS:
                raise InputError(f"a line has more than {MOST_OCTETS} octets", place=_place(path, start), hint=_HINT)
            file.seek(start)
            yield start, file.read(end - start)
            end, number = start, number - 1


def read_looks(path: Path) -> Iterator[Snapshot]:
    """Every look of a file of a history, plain or put away, oldest first, a line at a time. Raises InputError.

    What stands behind the last line end was cut short, and is passed over.
    """
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
            number = 0
            while line := file.readline(MOST_OCTETS + 1):
                number += 1
                if len(line) > MOST_OCTETS:
                    raise InputError(f"a line has more than {MOST_OCTETS} octets", place=Place(str(path), number))
                if line.endswith(b"\n"):
                    yield _decode(line, Place(str(path), number))
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"cannot be read: {reason}", place=Place(str(path))) from error


def _read_line(line: bytes, path: Path, start: int) -> Snapshot:
    try:
        return _decode(line, Place(str(path)))
    except InputError as error:
        raise InputError(error.message, place=_place(path, start), hint=error.hint) from error


def _decode(line: bytes, place: Place) -> Snapshot:
    try:
        read = msgspec.json.decode(line, type=_Line)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise InputError(f"no saved probe: {error}", place=place, hint=_HINT) from error
    if read.kind != "look" or read.schema != 1 or read.snapshot.schema > SNAPSHOT_SCHEMA:
        raise InputError("no saved probe of schema 1", place=place, hint=_HINT)
    return read.snapshot


def _place(path: Path, start: int) -> Place:
    """The place of the line that begins at an octet."""
    lines, left = 1, start
    with path.open("rb") as file:
        while left > 0 and (block := file.read(min(_BLOCK, left))):
            lines, left = lines + block.count(b"\n"), left - len(block)
    return Place(str(path), lines)
