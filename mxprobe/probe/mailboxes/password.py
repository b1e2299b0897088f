"""Where a password comes from: the environment, a file that nobody else may read, or a command; never an argument."""

import os
import stat
from pathlib import Path

from msgspec import Struct

from mxprobe.errors import InputError
from mxprobe.probe.mailboxes.asked import PASSWORD_VARIABLE, ask_command, split_command
from mxprobe.wire.secret import Secret

_LONGEST = 4_096
_COMMAND = "--password-command"
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class PasswordSource(Struct, frozen=True, kw_only=True):
    """What the options say: a file, a command, or neither, and then the environment is looked at.

    `described` may be shown to people.
    """

    file: Path | None = None
    command: str | None = None
    limit: float = 30.0

    @property
    def described(self) -> str:
        """Where the password comes from."""
        if self.file is not None:
            return f"the file {self.file}"
        return _COMMAND if self.command is not None else PASSWORD_VARIABLE


async def read_password(source: PasswordSource) -> Secret | None:
    """The password; None where nobody gave one. Of a file or a command's output it is the first line.

    Raises InputError for a file that others may read, for both a file and a command, and for a password that is empty
    or holds control characters; CouldNotLook where the command does not end.
    """
    if source.file is not None and source.command is not None:
        raise InputError("--password-file and --password-command: give one of them")
    if source.file is not None:
        return _checked(_first_line(_read_file(source.file)), f"--password-file {source.file}")
    if source.command is not None:
        words = split_command(source.command, _COMMAND)
        return _checked(_first_line(await _ask(words, source.limit)), _COMMAND)
    if PASSWORD_VARIABLE not in os.environ:
        return None
    return _checked(_first_line(os.fsencode(os.environ[PASSWORD_VARIABLE])), PASSWORD_VARIABLE)


async def _ask(words: tuple[str, ...], limit: float) -> bytes:
    said = await ask_command(words, {}, limit, _LONGEST)
    status, output = said.status, said.output
    del said
    if status != 0:
        del output  # nor does what it complained of go further: it may hold what it found
        raise InputError(f"{_COMMAND}: it ended with status {status} and gave no password")
    return output


def _read_file(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            if os.name == "posix" and stat.S_ISREG(mode) and mode & _OTHERS:
                raise InputError(
                    f"--password-file {path}: others may read or change it (mode {stat.S_IMODE(mode):04o})",
                    hint=f"Make it yours alone: chmod 600 {path}",
                )
            return file.read(_LONGEST)
    except OSError as error:
        raise InputError(f"--password-file {path}: cannot be read: {error.strerror}") from error


def _checked(secret: Secret | None, argument: str) -> Secret:
    """The secret, where it can be one. Every function here that raises holds it in this form alone."""
    if secret is None:
        raise InputError(f"{argument}: the password is no text in UTF-8")
    if not secret.reveal() or any(ord(character) < 0x20 for character in secret.reveal()):
        raise InputError(f"{argument}: the password is empty, or holds control characters")
    return secret


def _first_line(content: bytes) -> Secret | None:
    try:
        return Secret(content.split(b"\n", 1)[0].rstrip(b"\r").decode("utf-8"))
    except UnicodeDecodeError:
        return None
