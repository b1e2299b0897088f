"""A world's ground on real loopback sockets, under a clock that jumps: outages of days in seconds, over this TCP.

Hosts and name servers listen at addresses of their own in 127/8, all hosts at one free port for each service, and every
mailer connects from its machine's address. What becomes of an attempt to connect is asked of the world at each attempt:
refused is a port where nobody listens; a lost SYN meets a listener whose queue is full; "unreachable" alone is only
said, because no address of loopback is. Connecting and asking take the latency of the world in memory; bytes take none.

Nothing is dialled but the machines of the story, whatever addresses its zone has.
"""

import asyncio
import contextlib
import errno
import socket

from mxprobe.facts.dns import Question
from mxprobe.lab.ground import LATENCY, Factory, ask_for_syn
from mxprobe.lab.memory import canonical
from mxprobe.lab.nameserver import serve
from mxprobe.lab.socket_clock import SocketLoop
from mxprobe.lab.sockets import bind_port, choose_block, close_all, dial, place, plug, port_of
from mxprobe.lab.world import World
from mxprobe.scenario.addresses import give_addresses
from mxprobe.scenario.model import Scenario
from mxprobe.scenario.reaction import Reaction, Syn
from mxprobe.wire.exchange import ask_over_sockets, join_server

_FIRST_MACHINE, _LAST = 10, 255
_BACKLOG = 1024


class LoopbackGround:
    """The ground of one play; see `mxprobe.lab.ground.Ground`.

    The machines' addresses differ from those of the story, and have the same order and families. Raises MxprobeError
    where this machine has not got them.
    """

    def __init__(self, scenario: Scenario) -> None:
        self._block = choose_block()
        self.addresses = self._house(scenario)
        self.servers: tuple[str, ...] = ()
        self._world: World | None = None
        self._known = {canonical(address): address for found in self.addresses.values() for address in found}
        self._bound: dict[int, dict[str, socket.socket]] = {}
        self._plugs: dict[str, list[socket.socket]] = {}
        self._stack = contextlib.AsyncExitStack()

    def _house(self, scenario: Scenario) -> dict[str, tuple[str, ...]]:
        """Give every address of the story one on loopback."""
        wanted = give_addresses(scenario)
        theirs = dict.fromkeys(address for found in wanted.values() for address in found)
        numbered = enumerate(theirs, start=_FIRST_MACHINE)
        ours = {address: place(self._block, number, like=address) for number, address in numbered}
        return {name: tuple(ours[address] for address in found) for name, found in wanted.items()}

    def make_loop(self) -> SocketLoop:
        """The loop that waits for real quiet."""
        return SocketLoop()

    def port(self, service: int) -> int:
        """The free port that every machine has for the service, from the first time it is asked for."""
        if service not in self._bound:
            self._bound[service] = bind_port(tuple(self._known.values()))
        return next(map(port_of, self._bound[service].values()), service)

    async def open(self, world: World) -> None:
        """Let the name servers answer."""
        self._world = world
        close_all(bind_port([place(self._block, number) for number in range(1, 1 + len(world.names))]).values())
        self.servers = tuple([await self._serve(world, *named) for named in enumerate(world.names, start=1)])

    async def _serve(self, world: World, number: int, name: str) -> str:
        def react(question: Question) -> tuple[Reaction, ...]:
            return world.react_to_question(question, name)

        address = place(self._block, number)
        port = await self._stack.enter_async_context(serve(world.names[name], address, react))
        return join_server(address, port)

    async def listen(self, address: str, service: int, factory: Factory) -> None:
        """Accept connections."""
        self.port(service)
        sock = self._bound[service][address]
        server = await asyncio.get_running_loop().create_server(factory, sock=sock, backlog=_BACKLOG)
        self._stack.callback(server.close)

    def stranger(self, number: int, towards: str) -> str:
        """One from the end of the block."""
        return place(self._block, _LAST - number, like=towards)

    async def connect(self, address: str, port: int, source: str) -> socket.socket:
        """A connected socket. The clock stands still while the machine connects, unless the SYN is lost."""
        loop = asyncio.get_running_loop()
        if not isinstance(loop, SocketLoop) or self._world is None:
            raise AssertionError("the ground is not open")
        known = self._known.get(canonical(address))
        if known is None:
            raise OSError(errno.ENETUNREACH, f"no machine of the story has the address {address}")
        await asyncio.sleep(LATENCY)
        fate = ask_for_syn(self._world, known)
        await asyncio.sleep(fate.delay)
        if fate.syn is Syn.DROP:
            await self._dial_in_vain(known, source)
        await asyncio.sleep(LATENCY)
        if fate.syn is Syn.UNREACHABLE:
            raise OSError(errno.EHOSTUNREACH, f"No route to host: {address} port {port}")
        with loop.hold_clock(), contextlib.ExitStack() as stack:
            if fate.syn is Syn.REFUSE:
                (closed,) = bind_port([known]).values()
                port = port_of(stack.enter_context(closed))
            return await dial(known, port, source)

    async def _dial_in_vain(self, address: str, source: str) -> None:
        """Connect where no SYN is answered; the caller brings the deadline."""
        if address not in self._plugs:
            self._plugs[address] = plug(address)
        with await dial(address, port_of(self._plugs[address][0]), source):
            await asyncio.get_running_loop().create_future()

    async def ask(self, query: bytes, server: str, over_tcp: bool, deadline: float) -> bytes:
        """The response of a name server."""
        await asyncio.sleep(2 * LATENCY)
        return await ask_over_sockets(query, server, over_tcp, deadline)

    async def close(self) -> None:
        """Close every socket; the protocols of connections that stood hear of it."""
        await self._stack.aclose()
        close_all(sock for bound in self._bound.values() for sock in bound.values())
        close_all(sock for plugs in self._plugs.values() for sock in plugs)
        loop = asyncio.get_running_loop()
        if isinstance(loop, SocketLoop):
            await loop.abort_connections()
