"""One program at a time: a lock that programs of one person share, and files that are replaced whole."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def alone(lock: Path) -> Iterator[None]:
    """Nobody else is here meanwhile, where the system can promise that. Raises OSError."""
    try:
        import fcntl
    except ImportError:  # no POSIX system
        yield
        return
    descriptor = os.open(lock, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def replace_whole(path: Path, data: bytes) -> None:
    """Write a file that its owner alone can read; whoever reads it sees the old one or the new one. Raises OSError."""
    beside = path.parent / f".{path.name}.{os.getpid()}"
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError:
        beside.unlink(missing_ok=True)
        raise
