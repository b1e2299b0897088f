"""Holds a story's world up on loopback, for any mailer or tool. Prints nothing."""

import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from msgspec import Struct

from mxprobe.errors import InputError, Place
from mxprobe.facts.run import EventKind
from mxprobe.facts.smtp import Phase
from mxprobe.jobs.play import load_stories
from mxprobe.lab.control import listen_at, serve_lines
from mxprobe.lab.stage import Stage, stage_story
from mxprobe.scenario.load_fault import read_fault
from mxprobe.scenario.model import DNS, Break, Scenario


class Held(Struct, frozen=True, kw_only=True):
    """A world that stands. `cafile` holds the lab's authority while it does."""

    scenario: Scenario
    stage: Stage
    cafile: Path

    def break_host(self, host: str, fault: str, phase: str | None = None) -> None:
        """Break a host, or `dns`, from now on: `break_host("mx1", "{reply: 451 4.3.0 later}", phase="rcpt")`.

        `fault` is what stands behind `with` in a scenario file. Raises InputError for what cannot be right.
        """
        world, name = self.stage.world, self._complete(host)
        use = read_fault(fault, phase, self._complete)
        world.begin(Break(at=world.now, hosts=(name,), use=use))
        world.note(EventKind.BREAK, name, use.name)
        if use.fault.EMPTIES:
            world.lose_queue(name)

    def mend_host(self, host: str) -> None:
        """End the faults of a host, or of `dns`. Raises InputError for a host that the story does not have."""
        name = self._complete(host)
        self.stage.world.mend(name)
        self.stage.world.note(EventKind.MEND, name)

    def obey(self, line: str) -> str:
        """Do what a line of the control socket says, and answer it: `ok`, what is so, or what is wrong with the line.

        `break HOST FAULT [PHASE]`, `mend HOST`, `status`.
        """
        verb, _, rest = line.partition(" ")
        host, _, fault = rest.strip().partition(" ")
        try:
            if verb == "break" and fault:
                word, _, phase = fault.rpartition(" ")
                known = bool(word) and phase in {member.value for member in Phase}
                self.break_host(host, word if known else fault, phase if known else None)
            elif verb == "mend" and host and not fault:
                self.mend_host(host)
            elif line == "status":
                return "; ".join(self._states())
            else:
                return "no such command; there are: break HOST FAULT [PHASE], mend HOST, status"
        except InputError as error:
            return error.message
        return "ok"

    def _states(self) -> list[str]:
        world = self.stage.world
        hosts = [name for _, name in self.scenario.chain]
        told = [f"{self.scenario.short(name)}: {world.describe(name) or 'nothing is wrong'}" for name in (*hosts, DNS)]
        held = [f"the queue of {mailer.who} holds {mailer.held}" for mailer in world.mailers.values() if mailer.held]
        return told + held

    def _complete(self, host: str) -> str:
        """The complete name of a host."""
        names = {self.scenario.short(name): name for _, name in self.scenario.chain} | {DNS: DNS}
        if host not in names and host not in names.values():
            raise InputError(f"no host is called `{host}`", hint=f"Known: {', '.join(sorted(names))}.")
        return names.get(host, host)

    @property
    def probe_command(self) -> str:
        """The command that looks at this world."""
        recipient = f" --to {self.scenario.recipients[0]}" if self.scenario.recipients else ""
        return (
            f"mxprobe probe {self.scenario.domain} --nameserver {self.stage.nameserver} --port {self.stage.port}"
            f" --allow-special --cafile {self.cafile}{recipient}"
        )

    @property
    def send_command(self) -> str:
        """A command that sends to the last host of the chain; empty where the chain is."""
        if not self.scenario.chain:
            return ""
        host = self.scenario.chain[-1][1]
        recipient = self.scenario.recipients[0] if self.scenario.recipients else f"postmaster@{self.scenario.domain}"
        return f"swaks --server {self.stage.addresses[host]}:{self.stage.port} --to {recipient}"


@asynccontextmanager
async def hold(path: str | Path, seed: int = 1, control: Path | None = None) -> AsyncIterator[Held]:
    """Stage the story in `path` while the context lasts; `control` is where a socket takes lines (see `Held.obey`).

    Raises InputError for a file that cannot be right, and for a path where no socket can be.
    """
    scenario = _load_one(Path(path))
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="mxprobe-lab-"))
        sock = None if control is None else stack.enter_context(listen_at(control))
        stage = await stack.enter_async_context(stage_story(scenario, seed))
        cafile = Path(folder, "authority.pem")
        _write(cafile, stage.authority_pem)
        held = Held(scenario=scenario, stage=stage, cafile=cafile)
        if sock is not None:
            await stack.enter_async_context(serve_lines(sock, held.obey))
        yield held


def _load_one(path: Path) -> Scenario:
    if path.is_dir():
        raise InputError("a lab holds one story up, and this is a folder", place=Place(str(path)))
    (scenario,) = load_stories([path])
    return scenario


def _write(path: Path, data: bytes) -> None:
    path.write_bytes(data)
