"""A log for programs that only know syslog: what they say at /dev/log is written to a file as it comes.

Standards: none is needed; the messages are those of the C library's syslog(3).
"""

import os
import socket
import threading
from pathlib import Path

_LONGEST = 65536


class Syslog:
    """Listens at a path until it is closed, in a thread: a program that nobody listens to would stand still."""

    def __init__(self, path: Path, log: Path) -> None:
        path.unlink(missing_ok=True)
        self._log = log
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
        # An address has 107 octets at most, and a path may have more: this one is short wherever the folder is.
        self._address = f"/proc/self/fd/{self._folder}/{path.name}"
        self._socket.bind(self._address)
        path.chmod(0o666)
        self._path = path
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Listen no more; everything said before is in the file."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as last:
            last.sendto(b"", self._address)
        self._thread.join()
        os.close(self._folder)
        self._socket.close()
        self._path.unlink(missing_ok=True)

    def _listen(self) -> None:
        with self._log.open("ab", buffering=0) as log:
            while said := self._socket.recv(_LONGEST):
                log.write(said.rstrip(b"\0\n") + b"\n")
