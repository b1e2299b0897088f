"""Programs of the user's own in a play: one that hands each message to their mailer, and one that is the mailer.

Each is a list of words that no shell reads, started in the story's folder as a process group of its own. In a network
of the play's own they see a resolver's file that names the only resolver, and a guard ends whatever is left in that
network, also when this program is killed; in a network that was there already their groups are ended.
"""

import asyncio
import contextlib
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

from msgspec import Struct

from mxprobe.errors import InputError, MxprobeError, Place
from mxprobe.facts.text import escape_text
from mxprobe.lab.letter import Letter
from mxprobe.lab.mta.daemon import listens
from mxprobe.lab.mta.mailer import SMTP
from mxprobe.scenario.load_own import NAME_IT, NO_COMMAND
from mxprobe.scenario.model import Own, Scenario

_LOOK = 0.02
_READY_LIMIT = 30.0
_STOP_LIMIT = 3.0
"""Real seconds."""

_LONGEST = 300
_LISTENS = "0A"  # TCP_LISTEN in /proc/net/tcp

# $1 the file that shall be /etc/resolv.conf, then the command. The mount goes with the new namespace.
_ENTER = 'if [ -e /etc/resolv.conf ]; then mount --bind "$1" /etc/resolv.conf || exit; fi; shift; exec "$@"'

# $1 the process that is not to be ended, $2 a directory to remove if that has ended by itself. Waits until nobody can
# write to its input any more, then ends every process in its network.
_GUARD = """
read -r orderly
ours=$(readlink "/proc/$$/ns/net")
for round in 1 2 3; do
    for at in /proc/[0-9]*; do
        pid=${at#/proc/}
        [ "$pid" = "$$" ] || [ "$pid" = "$1" ] || [ "$(readlink "$at/ns/net")" != "$ours" ] || kill -KILL "$pid"
    done
done 2>/dev/null
[ -n "$orderly" ] || rm -rf -- "$2"
"""


class Surrounding(Struct, frozen=True, kw_only=True):
    """What is told to programs: where they connect from, whom they ask for names, the PEM file of the authorities.

    `workdir` takes what they say; `closed`: the network is the play's own.
    """

    address: str
    resolver: str
    authority: Path
    workdir: Path
    pace: float
    closed: bool


def find_programs(scenario: Scenario) -> Own:
    """The story's programs. Raises InputError where it names none, or one that is not here."""
    own = scenario.own
    if own is None:
        raise InputError(NO_COMMAND, place=Place(scenario.path), hint=NAME_IT)
    check_program(scenario, own.inject, own.line)
    check_program(scenario, own.start, own.line)
    return own


def check_program(scenario: Scenario, command: tuple[str, ...], line: int) -> None:
    """Raise InputError where the program of a command is not here; an empty one has none."""
    for word in command[:1]:
        if shutil.which(folder_of(scenario) / word if "/" in word else word) is None:
            says = f"`own` runs the program `{word}`, and there is none here that can be run"
            raise InputError(says, place=Place(scenario.path, line or None))


def folder_of(scenario: Scenario) -> Path:
    """Where a story lies, or this program's own directory where that is nowhere."""
    folder = Path(scenario.path).parent.absolute()
    return folder if folder.is_dir() else Path.cwd()


def fill(words: Sequence[str], values: Mapping[str, tuple[str, ...]]) -> list[str]:
    """A command with values for what stands in braces: several are words of their own where nothing stands beside."""
    filled: list[str] = []
    for word in words:
        several = values.get(word[1:-1]) if word.startswith("{") and word.endswith("}") else None
        filled += several if several is not None else [_BRACES.sub(lambda match: _one(match, values), word)]
    return filled


_BRACES = re.compile(r"(?<!\{)\{([a-z]+)\}(?!\})")


def _one(match: re.Match[str], values: Mapping[str, tuple[str, ...]]) -> str:
    return ",".join(values[match[1]]) if match[1] in values else match[0]


Start = Callable[[IO[bytes], IO[bytes]], "subprocess.Popen[bytes]"]


class Program:
    """A program that runs: the leader of a process group. Its number is kept until `stop`, so it can be no other's."""

    def __init__(self, name: str, output: Path, start: Start) -> None:
        self.name = name
        self._outputs = (output.with_suffix(".err"), output.with_suffix(".out"))
        with self._outputs[0].open("wb") as errors, self._outputs[1].open("wb") as said:
            self._process = start(said, errors)

    @property
    def pid(self) -> int:
        """Its process id, and the number of its group."""
        return self._process.pid

    def ended(self) -> str | None:
        """How it has ended: empty for well, None while it runs."""
        if self._process.returncode is not None:
            return "it was stopped"
        found = os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if found is None:
            return None
        if found.si_code != os.CLD_EXITED:
            return f"signal {found.si_status}"
        return f"exit status {found.si_status}" if found.si_status else ""

    def last_words(self, lines: int = 1) -> str:
        """The last lines that it wrote to its standard error, or else its output, safe to show."""
        for path in self._outputs:
            said = path.read_bytes()[-65536:].decode("utf-8", "surrogateescape").splitlines()
            told = [escape_text(line.strip())[:_LONGEST] for line in said if line.strip()]
            if told:
                return "\n".join(told[-lines:])
        return ""

    def stop(self, patience: float = 0.0) -> None:
        """End its whole group; with patience it may come to its end by itself first."""
        if self._process.returncode is not None:
            return
        deadline = time.monotonic() + patience
        if patience and self.ended() is None:
            os.killpg(self._process.pid, signal.SIGTERM)
            while self.ended() is None and time.monotonic() < deadline:
                time.sleep(_LOOK)
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


class Programs:
    """The programs of one play."""

    def __init__(self, own: Own, scenario: Scenario, around: Surrounding) -> None:
        self.own, self.scenario, self.around = own, scenario, around
        self.folder = folder_of(scenario)
        self._values = {
            "address": (around.address,),
            "domain": (scenario.domain,),
            "resolver": (around.resolver,),
        }
        self._environment = os.environ | {
            "MXPROBE_ADDRESS": around.address,
            "MXPROBE_AUTHORITY": str(around.authority),
            "MXPROBE_DOMAIN": scenario.domain,
            "MXPROBE_PACE": f"{around.pace:g}",
            "MXPROBE_RESOLVER": around.resolver,
        }
        self._runs: list[Program] = []
        self._mailer: Program | None = None
        self._guard: subprocess.Popen[bytes] | None = None
        self._names = self._file("resolv.conf")
        self._names.write_text(f"nameserver {around.resolver}\noptions timeout:5 attempts:1 trust-ad edns0\n")

    async def start(self) -> None:
        """Start the mailer, if it is to be started, and wait until it listens. MxprobeError where it does not."""
        self.launch()
        if self._mailer is None:
            return
        deadline = time.monotonic() + _READY_LIMIT
        while self.own.listens and not _listens(self.own.listens):
            self.check()
            if time.monotonic() > deadline:
                raise self._not_ready(f"port {self.own.listens}")
            await self.pause()

    def launch(self) -> None:
        """Start the guard and the mailer, where there is one and it does not run."""
        if self.around.closed and self._guard is None:
            self._guard = _start_guard(self.around.workdir)
        if self.own.start and self._mailer is None:
            self._mailer = self._run(fill(self.own.start, self._values), {}, None)

    def await_listening(self) -> None:
        """Wait until the mailer listens at port 25 of its address. MxprobeError where it does not."""
        deadline = time.monotonic() + _READY_LIMIT
        while not listens(self.around.address, SMTP):
            self.check()
            if time.monotonic() > deadline:
                raise self._not_ready(f"port {SMTP} of {self.around.address}")
            time.sleep(_LOOK)

    def halt(self) -> None:
        """End the mailer; it may be launched again."""
        if self._mailer is not None:
            self._mailer.stop(_STOP_LIMIT)
            self._mailer = None

    @property
    def pid(self) -> int | None:
        """The process id of the mailer; None before it is launched, and after it was halted."""
        return None if self._mailer is None else self._mailer.pid

    async def follow(self) -> None:
        """Watch the mailer that was started; MxprobeError when it ends."""
        while self._mailer is not None:
            self.check()
            await self.pause()

    async def pause(self) -> None:
        """A little while in real time."""
        await asyncio.sleep(_LOOK * self.around.pace)

    def inject(self, letter: Letter) -> Program:
        """Begin to hand a message over."""
        content = self._file(f"{len(self._runs)}.message")
        content.write_bytes(letter.content)
        told = {"from": (letter.mail_from,), "to": letter.recipients, "message": (letter.message,)}
        about = {f"MXPROBE_{key.upper()}": ",".join(values) for key, values in told.items()}
        return self._run(fill(self.own.inject, self._values | told), about, content)

    def close(self) -> None:
        """End everything that runs still."""
        for program in self._runs:
            program.stop(_STOP_LIMIT if program is self._mailer else 0.0)
        if self._guard is not None and self._guard.stdin is not None:
            with self._guard, contextlib.suppress(BrokenPipeError):
                self._guard.stdin.write(b"orderly\n")
            self._guard = None

    def _file(self, name: str) -> Path:
        """A file that is this mailer's alone."""
        return self.around.workdir / f"own-{self.around.address}-{name}"

    def _run(self, words: list[str], more: Mapping[str, str], stdin: Path | None) -> Program:
        def start(said: IO[bytes], errors: IO[bytes]) -> "subprocess.Popen[bytes]":
            enter = ["unshare", "--mount", "--", "/bin/sh", "-c", _ENTER, "enter", str(self._names)]
            with (stdin or Path(os.devnull)).open("rb") as content:
                return subprocess.Popen(
                    [*(enter if self.around.closed else ()), *words],
                    stdin=content,
                    stdout=said,
                    stderr=errors,
                    cwd=self.folder,
                    env={**self._environment, **more},
                    start_new_session=True,
                )

        try:
            program = Program(Path(words[0]).name, self._file(f"{len(self._runs)}.log"), start)
        except OSError as error:
            raise MxprobeError(f"own: {words[0]} cannot be run: {error.strerror} ({error.filename})") from error
        self._runs.append(program)
        return program

    def check(self) -> None:
        """Raise MxprobeError where the mailer has come to an end by itself."""
        ended = None if self._mailer is None else self._mailer.ended()
        if self._mailer is not None and ended is not None:
            says = (
                f"own: {self._mailer.name} of `start` has ended in the middle of the play ({ended or 'exit status 0'})"
            )
            raise MxprobeError(says + self._told())

    def _not_ready(self, where: str) -> MxprobeError:
        name = self._mailer.name if self._mailer is not None else ""
        return MxprobeError(
            f"own: {name} was started, and after {_READY_LIMIT:g} s nothing listens at {where}{self._told()}"
        )

    def _told(self) -> str:
        words = self._mailer.last_words(5) if self._mailer is not None else ""
        return f"; it said last:\n{words}" if words else "; it said nothing"


def _start_guard(workdir: Path) -> "subprocess.Popen[bytes]":
    command = ("/bin/sh", "-c", _GUARD, "guard", str(os.getpid()), str(workdir))
    return subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)


def _listens(port: int) -> bool:
    """Whether a TCP socket listens at a port, whatever its address, read from the kernel's tables."""
    for table in ("tcp", "tcp6"):
        with contextlib.suppress(FileNotFoundError):
            rows = Path(f"/proc/thread-self/net/{table}").read_text().splitlines()[1:]
            if any(row.split()[1].endswith(f":{port:04X}") and row.split()[3] == _LISTENS for row in rows):
                return True
    return False
