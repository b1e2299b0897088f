"""No mailbox at all: the person looks, and types or pastes the mark of each message that came, on standard input.

Any line with a mark of ours counts, such as a subject. Lines are read as they come, from a terminal, a pipe or a file,
without a thread; the end of the input is fine, and what is no mark of ours is passed over.
"""

import asyncio
import os
import stat
import sys
import time

from mxprobe.errors import CouldNotLook, InputError
from mxprobe.facts.proof import TOKEN_HEADER, Found
from mxprobe.mx.labelled import BY_HAND, SAID_PLACE
from mxprobe.probe.mailboxes.mailbox import RETURNS, Kind, Watch

_LONGEST_LINE = 4_096
_AT_ONCE = 65_536
_MOST_OF_A_FILE = 1_048_576


class Operator:
    """Finds each message whose mark was typed, once. Standard input is read from the first look until `close`."""

    can_clean = False

    def __init__(self, watch: Watch) -> None:
        self._awaited = list(dict.fromkeys(watch.tokens))
        self._line = bytearray()
        self._found = list[Found]()
        self._reading: int | None = None
        self._began = False

    def describe(self) -> str:
        """What the person has to do."""
        return BY_HAND

    async def look(self) -> tuple[Found, ...]:
        """What was typed since the last look. Raises CouldNotLook where no lines can be waited for."""
        self._begin()
        found, self._found = tuple(self._found), []
        return found

    async def clean(self, tokens: frozenset[str]) -> int:
        """Nothing: the person's mail is theirs."""
        return 0

    async def close(self) -> None:
        """Standard input is not read any more; it stays open."""
        self._end()

    def _begin(self) -> None:
        if self._began:
            return
        handle = _handle_of_input()
        if handle is not None and stat.S_ISREG(os.fstat(handle).st_mode):
            self._take(os.read(handle, _MOST_OF_A_FILE) + b"\n")  # it never blocks, and nothing can wait for it
        elif handle is not None:
            try:
                asyncio.get_running_loop().add_reader(handle, self._read)
                self._reading = handle
            except PermissionError:
                pass  # /dev/null, and its like: there is nothing to wait for
            except NotImplementedError as error:
                hint = "what has come can be told later: --resume FILE --arrived TOKEN"
                raise CouldNotLook(f"lines of standard input cannot be waited for on this system; {hint}") from error
        self._began = True

    def _read(self) -> None:
        """What is there; called when something is."""
        try:
            octets = os.read(self._reading, _AT_ONCE) if self._reading is not None else b""
        except OSError:
            octets = b""  # a terminal that has gone
        self._take(octets or b"\n")
        if not octets:
            self._end()

    def _end(self) -> None:
        if self._reading is not None:
            asyncio.get_running_loop().remove_reader(self._reading)
            self._reading = None

    def _take(self, octets: bytes) -> None:
        """Read whole lines; of a long one, its beginning."""
        *whole, rest = octets.split(b"\n")
        for part in whole:
            self._line += part[:_LONGEST_LINE]
            self._count(bytes(self._line[:_LONGEST_LINE]).decode("utf-8", "replace"))
            self._line.clear()
        self._line += rest[: max(0, _LONGEST_LINE - len(self._line))]

    def _count(self, line: str) -> None:
        """A message for every mark of ours in a line."""
        for token in tuple(self._awaited):
            if token in line:
                self._awaited.remove(token)
                content = f"{TOKEN_HEADER}: {token}\r\n\r\n".encode()
                self._found.append(Found(content, SAID_PLACE, time.time(), at_known=False))


def _handle_of_input() -> int | None:
    """The descriptor of standard input; None where there is none, or it is no file of the system."""
    try:
        return None if sys.stdin is None else sys.stdin.fileno()
    except (OSError, ValueError):  # replaced by something that is none, or closed
        return None


def _open(word: str, watch: Watch) -> Operator:
    if watch.argument == RETURNS:
        raise InputError(
            f"{RETURNS} {word}: what comes back is not typed",
            hint="Name where bounces arrive: imap.example.com, maildir:PATH, mbox:PATH; or leave it out",
        )
    return Operator(watch)


KIND = Kind(names=("token",), example="token", open=_open)
