"""The ground of a play with real mailers: a network of its own, where every host has the address and port of the story.

Mailers of the lab and real ones meet here on the same sockets. What becomes of an attempt to connect is decided before
it comes, as a kernel answers it: each listener is what the story foresees for the next. Seen attempts are counted.
"""

import asyncio
import contextlib
import socket
from collections.abc import Callable

from mxprobe.errors import MxprobeError
from mxprobe.facts.dns import Question
from mxprobe.lab.ears import Ear
from mxprobe.lab.ground import Factory, ask_for_syn
from mxprobe.lab.mta.network import add_addresses
from mxprobe.lab.mta.pace import PacedLoop
from mxprobe.lab.mta.sightings import Sighting, Watch, say_unreachable
from mxprobe.lab.nameserver import serve
from mxprobe.lab.sockets import dial
from mxprobe.lab.world import World
from mxprobe.scenario.addresses import give_addresses
from mxprobe.scenario.model import Scenario
from mxprobe.scenario.reaction import Reaction, Syn
from mxprobe.wire.exchange import ask_over_sockets, join_server

_DNS = 53
_FOLLOW = 0.01
"""Real seconds between two looks at what the listeners shall be."""

_CELLS = {Syn.REFUSE: "C1", Syn.DROP: "C2", Syn.UNREACHABLE: "C3"}


def strange_address(number: int, *, v6: bool = False) -> str:
    """An address that no machine of the story has."""
    return f"2001:db8:ffff::{number}" if v6 else f"198.18.0.{number}"


class NetworkGround:
    """The ground of one play, inside `own_network`; see `mxprobe.lab.ground.Ground`.

    `sighted` is called for each connection that is tried at a host of the story: its source address, the address, and
    the cell that it meets where it will come to no session.
    """

    def __init__(self, scenario: Scenario, pace: float, sighted: Callable[[str, str, str | None], None]) -> None:
        self.addresses = give_addresses(scenario)
        self.servers: tuple[str, ...] = ()
        self._pace, self._sighted = pace, sighted
        self._world: World | None = None
        self._ears: list[Ear] = []
        self._stack = contextlib.AsyncExitStack()

    def make_loop(self) -> PacedLoop:
        """The loop whose clock runs beside those of real mailers."""
        return PacedLoop(self._pace)

    def port(self, service: int) -> int:
        """The well-known port itself."""
        return service

    async def open(self, world: World) -> None:
        """Let the name servers answer, and look at what is tried."""
        self._world = world
        servers = {name: f"192.0.2.{at}" for at, name in enumerate(world.names, start=1)}
        hosts = {address for found in self.addresses.values() for address in found}
        add_addresses(sorted({*hosts, *servers.values()}))
        for name, address in servers.items():
            await self._stack.enter_async_context(serve(world.names[name], address, _reacting(world, name), _DNS))
        self.servers = tuple(join_server(address, _DNS) for address in servers.values())
        try:
            watch = Watch(self._see)
        except PermissionError as error:
            raise MxprobeError("to see who tries which host, a play needs the capability CAP_NET_RAW") from error
        self._stack.callback(watch.close)

    async def listen(self, address: str, service: int, factory: Factory) -> None:
        """Accept connections while the story has it so."""
        world = self._world
        if world is None:
            raise AssertionError("the ground is not open")
        ear = Ear((address, service), factory, lambda: world.foresee_connection(address))
        self._ears.append(ear)
        self._stack.push_async_callback(ear.close)
        await ear.follow()

    async def follow(self) -> None:
        """Keep every listener as the story has it; ends when it is cancelled."""
        while True:
            for ear in self._ears:
                await ear.follow()
            await asyncio.sleep(_FOLLOW * self._pace)

    def stranger(self, number: int, towards: str) -> str:
        """One of a network for benchmarks or documentation."""
        return strange_address(number, v6=":" in towards)

    async def connect(self, address: str, port: int, source: str) -> socket.socket:
        """A connected socket."""
        return await dial(address, port, source)

    async def ask(self, query: bytes, server: str, over_tcp: bool, deadline: float) -> bytes:
        """The response of a name server."""
        return await ask_over_sockets(query, server, over_tcp, deadline)

    async def close(self) -> None:
        """Close every socket."""
        await self._stack.aclose()

    def _see(self, sighting: Sighting) -> None:
        world = self._world
        if world is None or sighting.address not in world.host_of or sighting.source == sighting.address:
            return
        fate = ask_for_syn(world, sighting.address)
        if fate.syn is Syn.UNREACHABLE:
            say_unreachable(sighting)
        self._sighted(sighting.source, sighting.address, None if fate.syn is None else _CELLS[fate.syn])


def _reacting(world: World, server: str) -> Callable[[Question], tuple[Reaction, ...]]:
    def react(question: Question) -> tuple[Reaction, ...]:
        return world.react_to_question(question, server)

    return react
