"""NSD for benchmarks: a name server of its own for a zone of any size, on loopback, for as long as it is needed.

    write_zone(path, "test", lines)
    with serve_zones({"test": path}) as server:
        ask(server.address, server.port)

NSD is that of PATH, or of the tree of Debian packages that MXPROBE_MAILERS names: it is run by the loader of that tree,
so that nothing has to be installed, mounted or owned. It runs in the foreground as a child and is stopped by its
number; it also ends where this program is killed.
"""

import contextlib
import ctypes
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import dns.exception
import dns.flags
import dns.message
import dns.query
from msgspec import Struct

_STEP = 0.05
_START_LIMIT = 300.0
_STOP_LIMIT = 5.0
"""Real seconds; a zone of a million names takes most of a minute to be read."""

_TICKS = os.sysconf("SC_CLK_TCK")
_END_WITH_PARENT = 1  # PR_SET_PDEATHSIG

_CONFIGURATION = """\
server:
    ip-address: {address}@{port}
    username: ""
    server-count: {processes}
    zonesdir: "{folder}"
    database: ""
    logfile: "{folder}/log"
    pidfile: ""
    xfrdfile: "{folder}/transfers"
    xfrdir: "{folder}"
    zonelistfile: "{folder}/zones"
    rrl-ratelimit: 0
    minimal-responses: yes
    receive-buffer-size: 4194304
    send-buffer-size: 4194304
remote-control:
    control-enable: no
"""

HEAD = """\
$ORIGIN {origin}.
$TTL 3600
@ SOA ns hostmaster 1 3600 900 604800 300
@ NS ns
ns A 127.0.0.1
"""
"""What every zone begins with: absence lasts for 300 seconds."""


class NoNsd(Exception):
    """There is no NSD here, or it did not start; says what to do, or what NSD said."""


class Served(Struct, frozen=True, kw_only=True):
    """A name server that answers at `address` and `port`; `pid` is the process that all others of it come from."""

    address: str
    port: int
    pid: int

    @property
    def name(self) -> str:
        """The server as `mxprobe.wire` writes it."""
        return f"{self.address}:{self.port}"

    def cpu(self) -> float:
        """The seconds of processor time that its processes have used so far."""
        return sum(_used(pid) for pid in _family(self.pid))

    def memory(self) -> int:
        """The octets that its processes hold together (proportional set size)."""
        return sum(_held(pid) for pid in _family(self.pid))


def write_zone(path: Path, origin: str, lines: Iterable[str]) -> None:
    """Write a zone: `HEAD`, then `lines` (without their line ends), one by one, so that none is kept."""
    with path.open("w", encoding="ascii", buffering=1 << 20) as file:
        file.write(HEAD.format(origin=origin))
        for line in lines:
            file.write(line)
            file.write("\n")


def nsd_command() -> list[str]:
    """The beginning of a command line that runs NSD. Raises NoNsd."""
    named = os.environ.get("MXPROBE_MAILERS", "")
    program = Path(named) / "usr/sbin/nsd"
    if named and program.is_file():
        loaders = sorted((Path(named) / "lib64").glob("ld-linux-*.so.*")) or sorted(
            (Path(named) / "lib").glob("ld-linux-*.so.*")
        )
        libraries = sorted({str(path.parent) for path in (Path(named) / "usr/lib").glob("*/libevent*.so*")})
        if loaders and libraries:
            return [str(loaders[0]), "--library-path", ":".join(libraries), str(program)]
    found = shutil.which("nsd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if found is None:
        raise NoNsd("needs NSD: install Debian's package nsd, or name an unpacked tree with MXPROBE_MAILERS")
    return [found]


@contextlib.contextmanager
def serve_zones(zones: Mapping[str, Path | str], *, processes: int = 1, address: str = "127.0.0.1") -> Iterator[Served]:
    """Run an NSD with authority over `zones`: from a zone's name to its file, or to its text; it answers for all of
    them once this is entered. `processes` of it answer. Raises NoNsd."""
    with tempfile.TemporaryDirectory(prefix="mxprobe-nsd-") as name:
        folder = Path(name)
        port = _free_port(address)
        text = _CONFIGURATION.format(address=address, port=port, folder=folder, processes=processes)
        for number, (zone, content) in enumerate(zones.items()):
            path = content if isinstance(content, Path) else folder / f"{number}.zone"
            if isinstance(content, str):
                path.write_text(content, encoding="ascii")
            text += f'zone:\n    name: "{zone}"\n    zonefile: "{path.resolve()}"\n'
        (folder / "nsd.conf").write_text(text)
        command = [*nsd_command(), "-d", "-c", str(folder / "nsd.conf")]
        with (folder / "output").open("wb") as output:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, preexec_fn=_end_with_parent
            )
        try:
            _wait(process, folder, (address, port), tuple(zones))
            yield Served(address=address, port=port, pid=process.pid)
        finally:
            _stop(process)


def _end_with_parent() -> None:
    """The kernel ends this process when the thread that has started it is gone."""
    ctypes.CDLL(None).prctl(_END_WITH_PARENT, signal.SIGTERM)


def _wait(process: "subprocess.Popen[bytes]", folder: Path, at: tuple[str, int], zones: tuple[str, ...]) -> None:
    """Until every zone is answered for."""
    ends = time.monotonic() + _START_LIMIT
    waiting = list(zones)
    while waiting:
        if process.poll() is not None or time.monotonic() > ends:
            said = [path.read_text(errors="replace") for path in (folder / "log", folder / "output") if path.exists()]
            raise NoNsd("NSD did not start:\n" + "".join(said))
        try:
            answer = dns.query.udp(dns.message.make_query(waiting[-1], "SOA"), at[0], timeout=0.5, port=at[1])
        except (dns.exception.DNSException, OSError):
            time.sleep(_STEP)
            continue
        if answer.answer and answer.flags & dns.flags.AA:
            waiting.pop()
        else:
            time.sleep(_STEP)


def _stop(process: "subprocess.Popen[bytes]") -> None:
    """Its first process ends the others."""
    process.terminate()
    try:
        process.wait(_STOP_LIMIT)
    except subprocess.TimeoutExpired:
        for pid in reversed(_family(process.pid)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait()


def _family(pid: int) -> list[int]:
    """A process and all that come from it."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return [pid]
    return [pid, *(one for child in children for one in _family(int(child)))]


def _used(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _held(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def _free_port(address: str) -> int:
    """A port that is free for UDP and TCP at the time of asking."""
    for _ in range(100):
        port = random.SystemRandom().randint(20000, 60000)
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as stream, socket.socket(type=socket.SOCK_DGRAM) as one:
            try:
                stream.bind((address, port))
                one.bind((address, port))
            except OSError:
                continue
        return port
    raise NoNsd(f"no port of {address} is free")
