"""Plays one story with real mailers in it: as the sender under test, or as hosts of the domain.

Everything stands in a network of its own, which has no way out; nothing is left of it, or of the mailers, when the play
is over, also where it breaks off. The story's clock runs at a fixed pace beside real time.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from mxprobe.errors import InputError, MxprobeError, Place
from mxprobe.facts.dsn import Bounce
from mxprobe.facts.run import Event, EventKind, Run, WorldKind
from mxprobe.facts.session import Endpoint, Session
from mxprobe.lab.clock import play_in_fresh_loop
from mxprobe.lab.host import host_protocol
from mxprobe.lab.mta import MAILERS
from mxprobe.lab.mta.agent import Agent, Foreign
from mxprobe.lab.mta.book import Book
from mxprobe.lab.mta.daemon import own_folder
from mxprobe.lab.mta.ground import NetworkGround, strange_address
from mxprobe.lab.mta.horizon import horizon_of
from mxprobe.lab.mta.hosts import RealHost, Standing, setup_of_host
from mxprobe.lab.mta.mailer import Mailer as Real
from mxprobe.lab.mta.mailer import Setup
from mxprobe.lab.mta.names import Heard, resolve_at, zones_of_senders
from mxprobe.lab.mta.network import add_addresses, network_here, own_network, prefer_sources
from mxprobe.lab.mta.own import OwnHost, OwnMailer
from mxprobe.lab.mta.postbox import NAME, postbox_protocol
from mxprobe.lab.mta.programs import Programs, Surrounding, check_program, find_programs
from mxprobe.lab.mta.tree import Tree, find_tree
from mxprobe.lab.nameserver import NameServer
from mxprobe.lab.play import end_of, people, run_of
from mxprobe.lab.policyhost import HTTPS_PORT, policy_protocol
from mxprobe.lab.seams import Look
from mxprobe.lab.world import SENDER, World
from mxprobe.mx.outcome import TlsPolicy
from mxprobe.mx.profile import Profile
from mxprobe.mx.senders import parse_sender
from mxprobe.scenario.model import OWN, REAL, Own, Scenario, Send, modelled_name, profile_of
from mxprobe.scenario.protected import protected_hosts

PACE = 100.0
"""So many seconds of story time pass in a real second: a wait of five minutes takes three seconds."""

_GRACE = 0.4
"""Real seconds without any news after which a settled story is over."""

_LOOK = 0.1

_BLUR = 0.5
"""Real seconds by which a host may notice late that a session is over."""

_SMTP, _DNS = 25, 53
_SENDER, _PROBE, _CLIENT, _POSTBOX, _RESOLVER = 1, 2, 3, 4, 10
"""The numbers of addresses that no machine of the story has."""
_LOOPBACK = ("127.0.0.1", "::1")
"""Where an own mailer may connect from as well, whatever it was told."""


class Wanted(Struct, frozen=True, kw_only=True):
    """A play that is wanted: the story, the sender's label (`real:exim`, `postfix+may`), the seed and the pace.

    `here`: in the network that there is already, in place of one of its own.
    `horizon` is the story time at which it ends at the latest; None: where the story itself has nothing more to say.
    `rounds`: it is over when the sender has put everybody off so many times who still waits (None: it goes on).
    """

    scenario: Scenario
    sender: str
    seed: int = 1
    pace: float = PACE
    here: bool = False
    horizon: float | None = None
    rounds: int | None = None


def play_real(wanted: Wanted, look: Look | None = None) -> Run:
    """One play; `look` is what steps that probe do.

    Raises MxprobeError where this machine has not got the mailers, or may not run them.
    """
    is_own = wanted.sender == OWN
    real = [spec for spec in wanted.scenario.hosts if spec.real or spec.own]
    if (is_own or wanted.sender.startswith(REAL)) and real:
        what = "a real sender and a real host in one story: nobody would see what they say to each other"
        raise InputError(what, place=Place(wanted.scenario.path))
    if is_own:
        find_programs(wanted.scenario)
    for spec in real:
        check_program(wanted.scenario, spec.own, spec.line)
    tree = find_tree() if wanted.sender.startswith(REAL) or any(spec.real for spec in real) else None
    with network_here() if wanted.here else own_network(), own_folder() as folder:
        play = _Play(wanted, tree, folder)
        play.world.look = look
        try:
            ended = play_in_fresh_loop(play.run, play.ground.make_loop)
        except BaseExceptionGroup as group:
            raise _first_of(group) from group
    run = run_of(play.world, (wanted.sender, wanted.seed, WorldKind.LOOPBACK), ended)
    return replace(run, slack=wanted.pace, protected=protected_hosts(wanted.scenario, play.policy_of_sender))


def _first_of(group: BaseExceptionGroup) -> BaseException:
    """What really happened, of several that followed from it."""
    first = group.exceptions[0]
    return _first_of(first) if isinstance(first, BaseExceptionGroup) else first


class _Play:
    """One play on its way."""

    def __init__(self, wanted: Wanted, tree: Tree | None, folder: Path) -> None:
        self.wanted, self.tree, self.folder = wanted, tree, folder
        scenario = wanted.scenario
        self.ground = NetworkGround(scenario, wanted.pace, self._sighted)
        self.world = World(scenario, wanted.seed, self.ground.addresses)
        self.world.sessions = _Finished(lambda session: self._read(session, over=True))
        self.world.heard = self._recorded
        self.world.answered = lambda session: self._read(session, over=False)
        self.books: dict[str, Book] = {}
        self.agents: list[Foreign] = []
        self.programs: list[Programs] = []
        self.hosts: dict[str, RealHost] = {}
        self.real_hosts = {spec.name: spec.real or OWN for spec in scenario.hosts if spec.real or spec.own}
        self.heard = {who: Heard(scenario.domain) for who in (SENDER, *self.real_hosts)}

    async def run(self) -> float:
        """Stage the world, tell the story, wait until it is over; the story time of its end."""
        loop = asyncio.get_running_loop()
        broken: list[dict[str, Any]] = []
        loop.set_exception_handler(lambda _, context: broken.append(context))
        world, ground = self.world, self.ground
        try:
            async with AsyncExitStack() as stack:
                await ground.open(world)
                await self._outside(stack)
                await self._listen()
                people(world, profile_of(self.wanted.sender), ground)
                async with self._mailers():
                    ended = await self._tell()
                await asyncio.sleep(_LOOK * self.wanted.pace)  # sessions that were open end with the mailers
                for book in self.books.values():
                    book.close()
        finally:
            await ground.close()
        if broken:
            error = broken[0].get("exception")
            raise error or MxprobeError(f"the world of the story is broken: {broken[0]['message']}")
        return end_of(world, ended)

    @property
    def policy_of_sender(self) -> TlsPolicy:
        """The TLS policy that the label of the sender names."""
        return self.world.mailers[SENDER].policy

    @property
    def _lab_sender(self) -> str:
        return modelled_name(self.wanted.sender)

    async def _tell(self) -> float:
        world, wanted = self.world, self.wanted
        loop = asyncio.get_running_loop()
        world.origin = loop.time()
        horizon = wanted.horizon if wanted.horizon is not None else horizon_of(wanted.scenario, self._lab_sender)
        async with asyncio.TaskGroup() as group:
            world.work = group
            followers = [group.create_task(self.ground.follow())]
            followers += [group.create_task(host.follow()) for host in self.hosts.values()]
            followers += [group.create_task(programs.follow()) for programs in self.programs]
            teller = group.create_task(world.teller.tell())
            await self._until_over(teller, horizon)
            teller.cancel()
            for follower in followers:
                follower.cancel()
            world.end()
            world.work = None
        return world.now

    async def _until_over(self, teller: "asyncio.Task[None]", horizon: float) -> None:
        """Wait until every message is settled, every queue empty, and no news has come for a while."""
        quiet, known = 0.0, -1
        while self.world.now < horizon and quiet < _GRACE:
            await asyncio.sleep(_LOOK * self.wanted.pace)
            for agent in self.agents:
                agent.read_log()
            settled = teller.done() and self._is_settled()
            news = len(self.world.events)
            quiet = quiet + _LOOK if settled and news == known else 0.0
            known = news

    def _is_settled(self) -> bool:
        rounds = self.wanted.rounds
        if rounds is not None:
            books = self.books.values()
            sent = bool(books) and all(book.waiting for book in books)
            return sent and all(book.is_settled or book.has_waited(rounds) for book in books)
        empty = not any(host.held for host in self.hosts.values())
        return empty and not self.world.errands and all(book.is_settled for book in self.books.values())

    # -- machines -----------------------------------------------------------------------------------------------------

    async def _outside(self, stack: AsyncExitStack) -> None:
        """The postbox of those who send, and a resolver for every real mailer."""
        post = strange_address(_POSTBOX)
        numbers = range(_RESOLVER, _RESOLVER + 1 + len(self.real_hosts))
        people = (_SENDER, _PROBE, _CLIENT)
        machines = [*map(strange_address, people), post, *map(strange_address, numbers)]
        add_addresses([*machines, *(strange_address(number, v6=True) for number in people)])
        theirs = {address for found in self.ground.addresses.values() for address in found}
        prefer_sources([*sorted(theirs), post], self._sources())
        loop, tls = asyncio.get_running_loop(), self.world.authority.context(NAME)
        server = await loop.create_server(postbox_protocol(self._bounced, tls), post, _SMTP)
        stack.callback(server.close)
        sends = [step for step in self.wanted.scenario.steps if isinstance(step, Send)]
        domains = {step.mail_from.rpartition("@")[2] for step in sends} - {self.wanted.scenario.domain, ""}
        outside = NameServer(zones_of_senders(dict.fromkeys(sorted(domains | {"elsewhere.test"}), post)))
        for number, notes in zip(numbers, self.heard.items(), strict=True):
            asking = (self.ground.ask, self.ground.servers)
            await stack.enter_async_context(resolve_at(strange_address(number), self.world, notes, asking, outside))

    def _sources(self) -> tuple[str, ...]:
        """Where those connect from who choose no address: the sender, or the host that is a program of the user's."""
        own = next((host for host, kind in self.real_hosts.items() if kind == OWN), None)
        theirs = self.world.addresses[own] if own else ()
        return theirs or (strange_address(_SENDER), strange_address(_SENDER, v6=True))

    async def _listen(self) -> None:
        """Let every machine of the lab be there for its service; real ones listen themselves."""
        world, ground = self.world, self.ground
        for address, host in world.host_of.items():
            if host in self.real_hosts:
                continue
            if host == world.scenario.policy_host:
                await ground.listen(address, HTTPS_PORT, policy_protocol(world.policy_seams()))
            else:
                await ground.listen(address, _SMTP, host_protocol(world.seams_of(host, address, _SMTP)))

    @asynccontextmanager
    async def _mailers(self) -> AsyncIterator[None]:
        """The real mailers run while the context lasts. They are started from threads: some ask for names at once."""
        async with AsyncExitStack() as stack:
            if self.wanted.sender.startswith(REAL):
                real = self._make(self._kind(self.wanted.sender), self._setup_of_sender())
                await self._start(stack, real)
                self._stand_for_sender(real)
            elif self.wanted.sender == OWN:
                await self._start_own(stack)
            for number, (host, kind) in enumerate(self.real_hosts.items(), start=_RESOLVER + 1):
                setup = setup_of_host(self.world, host, strange_address(number), self.folder, self.wanted.pace)
                book = self._book(host, None if kind == OWN else parse_sender(kind)[0])
                if kind == OWN:
                    own = Own(inject=(), start=self.world.scenario.spec(host).own)
                    programs = self._programs(own, setup.address, setup.nameserver or "")
                    stack.push_async_callback(asyncio.to_thread, programs.close)
                    own_host = OwnHost(programs, book, setup)
                    await asyncio.to_thread(own_host.start)
                    self._let_be(host, own_host, book)
                    continue
                real = self._make(kind, setup)
                await self._start(stack, real)
                self._let_be(host, real, book)
            yield

    async def _start(self, stack: AsyncExitStack, real: Real) -> None:
        stack.push_async_callback(asyncio.to_thread, real.stop)
        await asyncio.to_thread(real.start)

    async def _start_own(self, stack: AsyncExitStack) -> None:
        """Let the user's own mailer be the sender."""
        address = strange_address(_SENDER)
        programs = self._programs(find_programs(self.wanted.scenario), address, strange_address(_RESOLVER))
        stack.push_async_callback(asyncio.to_thread, programs.close)
        await programs.start()
        book = self._book(SENDER, None)
        self.programs.append(programs)
        self._stand_in(OwnMailer(programs, book, self.world.mailers[SENDER]), address)
        self.books |= dict.fromkeys(_LOOPBACK, book)

    def _programs(self, own: Own, address: str, resolver: str) -> Programs:
        around = Surrounding(
            address=address,
            resolver=resolver,
            authority=self._write_authority(),
            workdir=self.folder,
            pace=self.wanted.pace,
            closed=not self.wanted.here,
        )
        return Programs(own, self.wanted.scenario, around)

    def _kind(self, sender: str) -> str:
        return sender.removeprefix(REAL).partition("+")[0]

    def _make(self, kind: str, setup: Setup) -> Real:
        if kind not in MAILERS:
            raise MxprobeError(f"{REAL}{kind}: no real mailer is called so; there are {', '.join(sorted(MAILERS))}")
        if self.tree is None:
            raise AssertionError("a play without a tree has no mailers of it")
        return MAILERS[kind](self.tree, self.folder, setup)

    def _book(self, who: str, profile: Profile | None) -> Book:
        """An empty book of a mailer, known by its profile if it is."""
        name = who if who == SENDER else self.world.scenario.short(who)
        book = Book(self.world, name, self.heard[who], _BLUR * self.wanted.pace)
        if profile is not None and profile.memory is None:
            book.memory = 0.0
        return book

    def _stand_for_sender(self, real: Real) -> None:
        """Let a real mailer be the sender."""
        known = self.world.mailers[SENDER]
        book = self._book(SENDER, known.profile)
        agent = Agent(real, book, (known.profile, known.policy), known.around)
        agent.source = strange_address(_CLIENT)
        self._stand_in(agent, real.address)

    def _stand_in(self, agent: Foreign, address: str) -> None:
        """Let a mailer be the sender, which connects from this address."""
        self.world.mailers[SENDER] = agent
        self.books[address] = agent.book
        self.agents.append(agent)

    def _write_authority(self) -> Path:
        cafile = self.folder / "authority.pem"
        cafile.write_bytes(self.world.authority.pem)
        return cafile

    def _setup_of_sender(self) -> Setup:
        _, policy = parse_sender(self._lab_sender)
        return Setup(
            address=strange_address(_SENDER),
            address6=strange_address(_SENDER, v6=True),
            hostname="sender.elsewhere.test",
            nameserver=strange_address(_RESOLVER),
            trusts=(strange_address(_CLIENT),),
            cafile=self._write_authority(),
            tls=policy,
            pace=self.wanted.pace,
        )

    def _let_be(self, host: str, real: Standing, book: Book) -> None:
        """Let a real mailer be one of the domain's hosts."""
        world = self.world
        spec = world.scenario.spec(host)
        around = world.mailers[SENDER].around
        stands = RealHost(real, book, parse_sender(spec.real or spec.profile), around)
        world.mailers[host] = stands
        self.hosts[world.scenario.short(host)] = stands
        for address in world.addresses[host]:
            self.books[address] = book

    def _recorded(self, event: Event) -> None:
        """What a sender of the lab has given to a real host is the host's from now on."""
        host = self.hosts.get(event.host or "")
        if event.kind is EventKind.ACCEPTED and host is not None and event.message and event.recipient:
            sends = (step for step in self.wanted.scenario.steps if isinstance(step, Send))
            step = next((step for step in sends if event.message in step.names()), None)
            if step is not None:
                host.has_taken(event.message, step.mail_from, event.recipient)

    # -- news ---------------------------------------------------------------------------------------------------------

    def _sighted(self, source: str, address: str, cell: str | None) -> None:
        book = self._book_of(source)
        if book is not None:
            book.see(Endpoint(host=self.world.host_of[address], address=address), cell)

    def _read(self, session: Session, *, over: bool) -> None:
        book = self._book_of(session.source or "")
        if book is not None:
            book.read(session, over=over)

    def _bounced(self, source: str, bounce: Bounce) -> None:
        book = self._book_of(source)
        if book is not None:
            book.bounce(bounce)

    def _book_of(self, source: str) -> Book | None:
        if source == strange_address(_SENDER, v6=True):
            source = strange_address(_SENDER)
        return self.books.get(source)


class _Finished(list[Session]):
    """The sessions of a world; every one is told on as it is over."""

    def __init__(self, tell: Any) -> None:
        super().__init__()
        self._tell = tell

    def append(self, session: Session) -> None:
        """Keep a session, and tell."""
        super().append(session)
        self._tell(session)
