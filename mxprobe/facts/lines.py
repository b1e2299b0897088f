"""Replies and commands out of bytes as they come, with every oddity kept and memory bounded.

The readers do no I/O, never raise, and give the same values however the bytes are split. What is kept of a line is cut
at LINE_CAP; a reply that grows past REPLY_CAP bytes or LINES_CAP lines ends there, flagged TOO_LONG, and its reader
takes nothing more. When a command may be sent and who spoke too early is the session's business.

Standards: RFC 5321 §4.2 (replies), §4.5.3.1.4, §4.5.3.1.5 (512 octets a line), §2.3.8 (CR and LF only together).
"""

import re
from collections.abc import Iterable
from functools import lru_cache

from msgspec import Struct

from mxprobe.facts.smtp import Command, Oddity, Reply
from mxprobe.facts.text import escape

LINE_CAP = 4096
"""The most octets kept of one line; what follows is read and dropped."""

REPLY_CAP = 64 * 1024
"""The most octets read of one reply, dropped ones included."""

LINES_CAP = 128
"""The most lines of one reply."""

STANDARD_LINE = 512
"""The longest line of a command or reply, its CRLF included, that RFC 5321 §4.5.3.1 lets a peer send."""

_CODED = re.compile(rb"([2-5]\d\d)(?:([ -])(.*))?\Z", re.DOTALL)
_ORDINARY = re.compile(rb"([2-5]\d\d)(?:-[ -~]{0,506}\r\n\1){0,100}(?: [ -~]{0,506})?\r\n")
"""A whole reply about which nothing is odd: one code, ASCII, lines of no more than STANDARD_LINE octets."""

_CONTROL = re.compile(rb"[\x01-\x08\x0b\x0c\x0e-\x1f\x7f]")
_ORDER = {oddity: number for number, oddity in enumerate(Oddity)}


class _Line(Struct, frozen=True, kw_only=True):
    """One line: `raw` with its ending (without it where it was cut), `content` without."""

    raw: bytes
    content: bytes
    oddities: frozenset[Oddity]


class _Splitter:
    """Cuts a stream at its line feeds; `size` counts the octets of the unfinished line, dropped ones included."""

    def __init__(self) -> None:
        self.kept = bytearray()
        self.size = 0
        self._last = b""

    def take(self, data: memoryview) -> None:
        """Add octets without a line feed to the unfinished line."""
        room = LINE_CAP - len(self.kept)
        if room > 0:
            self.kept += data[:room]
        self.size += len(data)
        if len(data):
            self._last = bytes(data[-1:])

    def finish(self, *, terminated: bool) -> _Line:
        """The line, ended by a line feed or by the end of the stream."""
        kept, cut = bytes(self.kept), self.size > len(self.kept)
        content = kept.removesuffix(b"\r") if terminated and not cut else kept
        oddities = _oddities(content)
        if terminated and self._last != b"\r":
            oddities.add(Oddity.BARE_LF)
        if not terminated:
            oddities.add(Oddity.UNTERMINATED)
        if cut or self.size + terminated > STANDARD_LINE:
            oddities.add(Oddity.OVERLONG_LINE)
        self.kept.clear()
        self.size, self._last = 0, b""
        ending = b"\n" if terminated and not cut else b""
        return _Line(raw=kept + ending, content=content, oddities=frozenset(oddities))


def _oddities(content: bytes) -> set[Oddity]:
    """What does not belong into a line."""
    found = set()
    if b"\r" in content:
        found.add(Oddity.BARE_CR)
    if b"\0" in content:
        found.add(Oddity.NUL)
    if _CONTROL.search(content):
        found.add(Oddity.CONTROL)
    if not content.isascii():
        found.add(Oddity.NON_ASCII)
    return found


def sort_oddities(oddities: Iterable[Oddity]) -> tuple[Oddity, ...]:
    """Each oddity once, in the order of their list."""
    return tuple(sorted(set(oddities), key=_ORDER.__getitem__))


class ReplyReader:
    """Replies of one direction of one connection, in order.

    A line without a code is a reply of its own where no reply is open, and part of it where one is. A continuation
    line with another code does not end its reply: the last line's code counts, as for most senders.
    """

    def __init__(self) -> None:
        self._lines: list[_Line] = []
        self._splitter = _Splitter()
        self._size = 0
        self.overflowed = False

    @property
    def is_open(self) -> bool:
        """Whether a reply has begun and not ended."""
        return self._size > 0

    @property
    def pending(self) -> bytes:
        """What was kept of a reply that has not ended."""
        return b"".join(line.raw for line in self._lines) + bytes(self._splitter.kept)

    def feed(self, data: bytes) -> list[Reply]:
        """The replies that `data` completes."""
        replies: list[Reply] = []
        position = 0 if self._size or self.overflowed else _take_ordinary(data, 0, replies)
        if position == len(data):
            return replies
        view = memoryview(data)
        while position < len(data) and not self.overflowed:
            found = data.find(b"\n", position)
            end = found if found >= 0 else len(data)
            budget = REPLY_CAP - self._size
            if end + (found >= 0) - position > budget:
                self._splitter.take(view[position : min(end, position + budget)])
                replies.append(self._overflow())
                break
            self._splitter.take(view[position:end])
            self._size += end - position + (found >= 0)
            position = end + 1
            if found >= 0:
                replies += self._add(self._splitter.finish(terminated=True))
        return replies

    def close(self) -> Reply | None:
        """The reply that the end of the stream leaves unfinished, flagged UNTERMINATED."""
        if self._splitter.size:
            self._lines.append(self._splitter.finish(terminated=False))
        return self._finish({Oddity.UNTERMINATED}) if self._lines else None

    def _add(self, line: _Line) -> list[Reply]:
        self._lines.append(line)
        match = _CODED.match(line.content)
        if (match and match[2] != b"-") or (match is None and len(self._lines) == 1):
            return [self._finish(set())]
        return [self._overflow()] if len(self._lines) >= LINES_CAP else []

    def _overflow(self) -> Reply:
        self.overflowed = True
        if self._splitter.size:
            self._lines.append(self._splitter.finish(terminated=False))
        reply = self._finish({Oddity.TOO_LONG})
        return reply

    def _finish(self, oddities: set[Oddity]) -> Reply:
        lines, self._lines, self._size = self._lines, [], 0
        texts, codes = [], []
        for line in lines:
            oddities |= line.oddities
            match = _CODED.match(line.content)
            texts.append(escape((match[3] or b"") if match else line.content))
            if match:
                codes.append(int(match[1]))
            else:
                oddities.add(Oddity.MALFORMED)
        if len(set(codes)) > 1:
            oddities.add(Oddity.MIXED_CODES)
        return Reply(
            raw=b"".join(line.raw for line in lines),
            code=codes[-1] if codes else None,
            lines=tuple(texts),
            oddities=sort_oddities(oddities),
        )


def _take_ordinary(data: bytes, position: int, replies: list[Reply]) -> int:
    """Where the ordinary replies that stand at `position` end; most replies are, and so cost little."""
    match = _ORDINARY.match
    while (found := match(data, position)) is not None:
        position = found.end()
        raw = found[0]
        replies.append(_common(raw) if len(raw) <= STANDARD_LINE else _ordinary(raw))
    return position


def _ordinary(raw: bytes) -> Reply:
    if raw[3] == _HYPHEN:
        lines = tuple([line[4:] for line in raw[:-2].decode("ascii").split("\r\n")])
    else:
        lines = (raw[4:-2].decode("ascii"),)
    return Reply(raw=raw, code=int(raw[:3]), lines=lines)


_common = lru_cache(maxsize=512)(_ordinary)
"""Most replies are what others said, too."""


_HYPHEN = 0x2D


class CommandReader:
    """Command lines of one client, in order. Of an endless line LINE_CAP octets are kept and the rest is dropped."""

    def __init__(self) -> None:
        self._splitter = _Splitter()

    @property
    def pending(self) -> bytes:
        """What was kept of a line that has not ended."""
        return bytes(self._splitter.kept)

    def feed(self, data: bytes) -> list[Command]:
        """The commands that `data` completes."""
        commands = []
        view, position = memoryview(data), 0
        while position < len(data):
            found = data.find(b"\n", position)
            self._splitter.take(view[position : found if found >= 0 else len(data)])
            if found < 0:
                break
            position = found + 1
            commands.append(_command(self._splitter.finish(terminated=True)))
        return commands

    def close(self) -> Command | None:
        """The command that the end of the stream leaves without its line feed, flagged UNTERMINATED."""
        return _command(self._splitter.finish(terminated=False)) if self._splitter.size else None


def _command(line: _Line) -> Command:
    verb, _, argument = line.content.strip(b" \t").partition(b" ")
    return Command(
        raw=line.raw,
        verb=escape(verb).upper(),
        argument=escape(argument.strip(b" \t")),
        oddities=sort_oddities(line.oddities),
    )
