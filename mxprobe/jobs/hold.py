"""Holds a story's world up on loopback, for any mailer or tool. Prints nothing."""

import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path

from msgspec import Struct

from mxprobe.errors import InputError, Place
from mxprobe.facts.run import EventKind
from mxprobe.facts.smtp import Phase
from mxprobe.jobs.play import load_stories
from mxprobe.lab.control import listen_at, serve_lines
from mxprobe.lab.stage import ANY_PORTS, SETTLES, Ports, Stage, stage_story
from mxprobe.report.mailers import Surroundings, render_export, what_is_missing
from mxprobe.report.words import say_time
from mxprobe.scenario.load_fault import read_fault
from mxprobe.scenario.model import DNS, Break, Scenario
from mxprobe.scenario.timeline import Coming, order_coming
from mxprobe.wire.exchange import split_server


class Held(Struct, frozen=True, kw_only=True):
    """A world that stands. `cafile` holds the lab's authority, `resolver_file` is a resolv.conf, `trust_anchor` what
    its signed zones are under (None: they are not signed): all while it does."""

    scenario: Scenario
    stage: Stage
    cafile: Path
    resolver_file: Path
    trust_anchor: Path | None = None

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

        `break HOST FAULT [PHASE]`, `mend HOST`, `next`, `status`.
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
            elif line == "next":
                return self.go_on() or "no step is left"
            elif line == "status":
                return "; ".join(self._states())
            else:
                return "no such command; there are: break HOST FAULT [PHASE], mend HOST, next, status"
        except InputError as error:
            return error.message
        return "ok"

    def _next(self) -> Coming | None:
        return next((one for one in order_coming(self.scenario) if one.at > self.stage.world.now), None)

    @property
    def coming(self) -> str:
        """The next thing that a step lets happen, `6m00s sends during`; empty where none is left."""
        coming = self._next()
        return f"{say_time(coming.at)} {coming.says}" if coming else ""

    def go_on(self) -> str:
        """Go to the moment of the next step now; what it does, or nothing where none is left."""
        coming = self._next()
        if coming is None:
            return ""
        self.stage.world.go_to(coming.at, SETTLES)
        return f"{say_time(coming.at)} {coming.says}"

    def export(self, mailer: str) -> str:
        """What to write into a mailer (postfix, exim, opensmtpd, sendmail, container) to speak with this world.

        Raises InputError for one that could not find it at these ports.
        """
        address, dns_port = split_server(self.stage.nameserver)
        lab = Surroundings(
            domain=self.scenario.domain,
            nameserver=address,
            dns_port=dns_port,
            port=self.stage.port,
            resolver_file=str(self.resolver_file),
            cafile=str(self.cafile),
        )
        if missing := what_is_missing(mailer, lab):
            raise InputError(f"--export {mailer}: {missing}")
        return render_export(mailer, lab)

    def _states(self) -> list[str]:
        world = self.stage.world
        hosts = [name for _, name in self.scenario.chain]
        told = [f"{self.scenario.short(name)}: {world.describe(name) or 'nothing is wrong'}" for name in (*hosts, DNS)]
        held = [f"the queue of {mailer.who} holds {mailer.held}" for mailer in world.mailers.values() if mailer.held]
        return told + held

    def _complete(self, host: str) -> str:
        """The complete name of a host."""
        names = {self.scenario.short(name): name for name in self.scenario.machines} | {DNS: DNS}
        if host not in names and host not in names.values():
            raise InputError(f"no host is called `{host}`", hint=f"Known: {', '.join(sorted(names))}.")
        return names.get(host, host)

    @property
    def probe_command(self) -> str:
        """The command that looks at this world."""
        port = split_server(self.stage.nameserver)[1]
        recipient = f" --to {self.scenario.recipients[0]}" if self.scenario.recipients else ""
        signed = f" --dnssec --trust-anchor {self.trust_anchor}" if self.trust_anchor is not None else ""
        return (
            f"mxprobe probe {self.scenario.domain} --nameserver {self.stage.nameserver} --port {self.stage.port}"
            f" --authority-port {port} --allow-special --cafile {self.cafile}{signed}{recipient}"
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
async def hold(
    path: str | Path, seed: int = 1, control: Path | None = None, ports: Ports = ANY_PORTS
) -> AsyncIterator[Held]:
    """Stage the story in `path` while the context lasts; `control` is where a socket takes lines (see `Held.obey`).

    Raises InputError for a file that cannot be right, and for a path where no socket can be.
    """
    scenario = _load_one(Path(path))
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(_open_folder())
        sock = None if control is None else stack.enter_context(listen_at(control))
        stage = await stack.enter_async_context(stage_story(scenario, seed, ports))
        cafile = Path(folder, "authority.pem")
        _write(cafile, stage.authority_pem)
        resolver = Path(folder, "resolv.conf")
        _write(resolver, f"nameserver {split_server(stage.nameserver)[0]}\n".encode())
        anchor = Path(folder, "anchor") if stage.world.anchor else None
        if anchor is not None:
            _write(anchor, "".join(f". IN DS {digest}\n" for digest in stage.world.anchor).encode())
        held = Held(scenario=scenario, stage=stage, cafile=cafile, resolver_file=resolver, trust_anchor=anchor)
        if sock is not None:
            await stack.enter_async_context(serve_lines(sock, held.obey))
        yield held


def _load_one(path: Path) -> Scenario:
    if path.is_dir():
        raise InputError("a lab holds one story up, and this is a folder", place=Place(str(path)))
    stories = load_stories([path])
    if len(stories) > 1:
        raise InputError("a lab holds one story up, and this is a plan of many", place=Place(str(path)))
    return stories[0]


@contextmanager
def _open_folder() -> Iterator[str]:
    """A folder for what is public, and gone at the end: a mailer is another user of the machine, and has to read it."""
    with tempfile.TemporaryDirectory(prefix="mxprobe-lab-") as folder:
        Path(folder).chmod(0o755)
        yield folder


def _write(path: Path, data: bytes) -> None:
    path.write_bytes(data)
