"""How many messages a person has sent within an hour, over all proofs, in a book that all programs share."""

import os
import time
from pathlib import Path

from mxprobe.errors import InputError, Place
from mxprobe.jobs.alone import alone

MOST_AN_HOUR = 60
"""The most messages of one person in an hour, over all proofs."""

_HOUR = 3600.0


def charge(number: int) -> None:
    """Take down that so many messages are sent now. Raises InputError where that would be too many for an hour, and
    then nothing is taken down."""
    home = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "mxprobe"
    book = home / "sent"
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        with alone(home / "sent.lock"):
            now = time.time()
            recent = [at for at in _read(book) if now - _HOUR < at <= now]
            if len(recent) + number > MOST_AN_HOUR:
                says = f"{len(recent)} messages were sent in the last hour; {MOST_AN_HOUR} an hour is the most"
                raise InputError(says, hint="Wait, or name fewer hosts: --only.")
            beside = home / f".sent.{os.getpid()}"
            beside.write_text("".join(f"{int(at)}\n" for at in [*recent, *[now] * number]), encoding="ascii")
            beside.replace(book)
    except OSError as error:
        raise InputError(f"the count of messages cannot be kept: {error.strerror}", place=Place(str(book))) from error


def _read(book: Path) -> list[float]:
    """When messages were sent, in seconds since 1970; what is no time in the book counts for nothing."""
    if not book.exists():
        return []
    words = book.read_bytes().decode("ascii", "replace").split()
    return [float(word) for word in words if word.isascii() and word.isdigit()]
