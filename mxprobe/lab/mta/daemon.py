"""A program of the tree that stays: started when it listens, ended with everything it has started, by process id.

The daemon is the first process of a process namespace. When that process ends the kernel ends all others of the
namespace, and only then is its parent told; so a stopped daemon leaves no process, and no mount, since the mounts were
its namespace's. The same happens when this program is killed: a guard outside the namespace reads from a pipe that
nobody else writes to, and ends the daemon when the pipe does.
"""

import abc
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from mxprobe.errors import MxprobeError
from mxprobe.lab.mta.tree import ENVIRONMENT, Tree, give_resolver

_STEP = 0.01
_START_LIMIT = 10.0
_STOP_LIMIT = 3.0
_LISTEN = "0A"  # TCP_LISTEN in /proc/net/tcp

# The daemon's own parent, and beside it the guard. A death signal would not do: it comes with the end of the thread
# that has started a process, and is forgotten by a daemon that takes on another user (Exim, Postfix).
_GUARD = """
exec 3<&0
end() {
    daemon=$(cat "/proc/$parent/task/$parent/children")
    kill -KILL ${daemon:-$parent}
}
trap end USR1
"$@" </dev/null 3<&- &
parent=$!
(read -r _ || kill -USR1 $$) <&3 &
guard=$!
wait "$parent"
ended=$?
kill -KILL "$guard" 2>/dev/null
exit "$ended"
"""

# Waits for the end of this program, and then for that of the daemons that still write below the directory $1.
_SWEEPER = """
read -r _
for try in $(seq 100); do
    rm -rf -- "$1" 2>/dev/null && [ ! -e "$1" ] && exit
    sleep 0.1
done
"""


class DidNotStart(MxprobeError):
    """A daemon ended, or was not ready in time; the text holds what it had to say."""


@contextlib.contextmanager
def own_folder() -> Iterator[Path]:
    """A directory for daemons, which is removed with all that is in it, also where this program is killed."""
    with tempfile.TemporaryDirectory(prefix="mxprobe-mta-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        command = ("/bin/sh", "-c", _SWEEPER, "sweeper", name)
        with subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True) as sweeper:
            try:
                yield folder
            finally:
                sweeper.kill()


class Daemon(abc.ABC):
    """Something of the tree that listens on `address` and `port`; a context manager that starts and stops it.

    It may be started again after a stop, and then finds its own files (a mailer: its queue) as it left them.
    """

    def __init__(self, tree: Tree, home: Path, address: str, port: int) -> None:
        self.tree = tree
        self.home = home
        self.address = address
        self.port = port
        self._process: subprocess.Popen[bytes] | None = None

    @abc.abstractmethod
    def configure(self) -> None:
        """Write the files below `home`, which the daemon sees as `/rig`."""

    @abc.abstractmethod
    def command(self) -> Sequence[str]:
        """The command line inside the tree; it must stay in the foreground."""

    @abc.abstractmethod
    def log(self) -> str:
        """What the daemon has logged so far, over all its starts."""

    def explain(self) -> str:
        """What more can be found out about a failed start, where output and log may not tell."""
        return ""

    def is_ready(self) -> bool:
        """Whether clients can be let at it; asked without connecting, so the log shows only the test's own clients."""
        return listens(self.address, self.port)

    @property
    def pid(self) -> int | None:
        """The process id of the daemon itself, as this machine counts; None when it does not run."""
        if self._process is None or self._process.poll() is not None:
            return None
        parent = _first_child(self._process.pid)
        return None if parent is None else _first_child(parent)

    def start(self) -> None:
        """Configure and start, and return when it is ready; DidNotStart with its log after 10 s, or when it ends."""
        if self._process is not None:
            raise RuntimeError(f"{self.address}:{self.port} is started already")
        self.home.mkdir(mode=0o755, parents=True, exist_ok=True)
        give_resolver(self.home, None)
        self.configure()
        command = self.tree.command(self.home, self.command(), alone=True)
        with (self.home / "output").open("ab") as output:
            self._process = subprocess.Popen(
                ("/bin/sh", "-c", _GUARD, "guard", *command),
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=ENVIRONMENT,
                start_new_session=True,
            )
        try:
            self._await_ready(self._process)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End it and everything it started, politely for at most 3 s; does nothing when it is not running."""
        process, pid = self._process, self.pid
        self._process = None
        if process is None:
            return
        with process:
            for number in (signal.SIGTERM, signal.SIGKILL):
                if pid is not None and process.poll() is None:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, number)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(_STOP_LIMIT)
                    return

    def run(
        self, *argv: str, stdin: str = "", timeout: float = 30, group: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run another program of the tree to its end, with this daemon's directory as its `/rig`."""
        return self.tree.run(self.home, *argv, stdin=stdin, timeout=timeout, group=group)

    def make_directory(self, name: str, *, owner: str = "root", group: str | None = None, mode: int = 0o755) -> Path:
        """A directory below `home` for a user of the tree; its group is the user's own unless another is named."""
        user = self.tree.user(owner)
        path = self.home / name
        path.mkdir(parents=True, exist_ok=True)
        os.chown(path, user.uid, user.gid if group is None else self.tree.group(group))
        path.chmod(mode)
        return path

    def copy_file(self, source: Path, name: str, *, owner: str = "root") -> None:
        """Copy a file below `home`, readable by that user of the tree and root alone."""
        user = self.tree.user(owner)
        target = self.home / name
        shutil.copyfile(source, target)
        os.chown(target, user.uid, user.gid)
        target.chmod(0o400)

    def _await_ready(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + _START_LIMIT
        while not self.is_ready():
            if process.poll() is not None:
                raise DidNotStart(f"ended with {process.returncode}\n{self._words()}")
            if time.monotonic() > deadline:
                raise DidNotStart(f"not ready after {_START_LIMIT:g} s\n{self._words()}")
            time.sleep(_STEP)

    def _words(self) -> str:
        return (self.home / "output").read_text(errors="replace") + self.log() + self.explain()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _first_child(parent: int) -> int | None:
    try:
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    except OSError:
        return None
    return int(children[0]) if children else None


def listens(address: str, port: int) -> bool:
    """Whether a TCP socket listens on this IPv4 address and port, read from the kernel's table without connecting."""
    # The table writes an address as the hexadecimal of its 32 bits in the machine's own byte order: little-endian here.
    wanted = f"{socket.inet_aton(address)[::-1].hex().upper()}:{port:04X}"
    rows = (line.split() for line in Path("/proc/thread-self/net/tcp").read_text().splitlines()[1:])
    return any(row[1] == wanted and row[3] == _LISTEN for row in rows)
