"""A command of the person's own, run without a shell: what it printed, within a deadline and a bound."""

import asyncio
import contextlib
import os
import shlex
import shutil
import signal
from collections.abc import Mapping
from typing import Protocol

from msgspec import Struct

from mxprobe.errors import CouldNotLook, InputError

PASSWORD_VARIABLE = "MXPROBE_IMAP_PASSWORD"
"""The environment variable that may hold a password; commands do not get to see it."""

_LONGEST_COMPLAINT = 2_000
_FAREWELL = 1.0  # for pipes that something outside the command's session keeps open


class _Pipe(Protocol):
    async def read(self, n: int) -> bytes:
        """What is there, up to `n` octets; nothing at its end."""


class Said(Struct, frozen=True, kw_only=True):
    """How a command ended, and what it wrote."""

    status: int
    output: bytes
    complaint: bytes


def split_command(text: str, argument: str) -> tuple[str, ...]:
    """The words of a command. Raises InputError naming `argument` where there are none, or no such program."""
    try:
        words = tuple(shlex.split(text))
    except ValueError as error:
        raise InputError(f"{argument}: {text} is no command: {str(error).lower()}") from error
    if not words:
        raise InputError(f"{argument}: a command is missing")
    if shutil.which(words[0]) is None:
        raise InputError(f"{argument}: there is no program {words[0]} that can be run")
    return words


async def ask_command(words: tuple[str, ...], more: Mapping[str, str], limit: float, most: int) -> Said:
    """Run a command to its end, with `more` in its environment and nothing on its standard input.

    Raises CouldNotLook where it cannot be started, or after `limit` seconds, when it is ended with all it has started.
    Of its output `most` octets are kept, the rest is read and forgotten.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            *words,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=_environment(more),
            start_new_session=True,
        )
    except OSError as error:
        raise CouldNotLook(f"{words[0]}: {error.strerror}") from error
    output, complaint = bytearray(), bytearray()
    try:
        async with asyncio.timeout(limit), asyncio.TaskGroup() as group:
            group.create_task(_drain(process.stdout, output, most))
            group.create_task(_drain(process.stderr, complaint, _LONGEST_COMPLAINT))
            group.create_task(process.wait())
    except BaseException as error:
        output.clear()  # it may be a password, and tracebacks show what functions held
        await _end(process)
        if isinstance(error, TimeoutError):
            raise CouldNotLook(f"{words[0]} did not end within {limit:g} s") from None
        raise
    return Said(status=process.returncode or 0, output=bytes(output), complaint=bytes(complaint))


def _environment(more: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != PASSWORD_VARIABLE} | dict(more)


async def _end(process: asyncio.subprocess.Process) -> None:
    """End a command that runs too long, with whatever it has started in its session, and let go of its pipes."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_FAREWELL):
            await process.wait()
            await _drain(process.stdout, bytearray(), 0)
            await _drain(process.stderr, bytearray(), 0)


async def _drain(stream: _Pipe | None, kept: bytearray, most: int) -> None:
    while stream is not None and (octets := await stream.read(65_536)):
        kept += octets[: max(0, most - len(kept))]
