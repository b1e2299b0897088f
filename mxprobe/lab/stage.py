"""A story's world on real loopback sockets, for foreign mailers and for pointing any tool at the lab.

Every host has an address of its own in 127/8 and all share one port, as MX hosts do. A refused connection is a closed
listener; a lost one is a listener whose queue is kept full. Nothing listens beyond loopback, and nothing is relayed.
"""

import asyncio
import contextlib
import secrets
import socket
from collections.abc import AsyncIterator
from typing import Any

from msgspec import Struct

from mxprobe.errors import MxprobeError
from mxprobe.facts.session import Endpoint
from mxprobe.lab.host import host_protocol
from mxprobe.lab.mailer import Surroundings
from mxprobe.lab.nameserver import serve
from mxprobe.lab.world import SENDER, World, client_context
from mxprobe.scenario.model import Break, Scenario
from mxprobe.scenario.reaction import Connection, Syn
from mxprobe.wire.exchange import ask_over_sockets, join_server
from mxprobe.wire.resolver import Resolver

_LOOK_AGAIN = 0.05
SETTLES = 4 * _LOOK_AGAIN
"""So many seconds after story time was moved every listener has followed."""

_TRIES = 20


class Stage(Struct, frozen=True, kw_only=True):
    """Where everything is: the name server as ADDR:PORT, the hosts' addresses by name, their port, the authority."""

    world: World
    nameserver: str
    addresses: dict[str, str]
    port: int
    authority_pem: bytes


class Ports(Struct, frozen=True, kw_only=True):
    """The ports of the hosts and of the name server; 0 takes a free one. Below 1024 most machines ask for root."""

    smtp: int = 0
    dns: int = 0


ANY_PORTS = Ports()


@contextlib.asynccontextmanager
async def stage_story(scenario: Scenario, seed: int, ports: Ports = ANY_PORTS) -> AsyncIterator[Stage]:
    """Hold the world up while the context lasts. Story time starts at the first break, which is in force at once.

    Raises MxprobeError where the lab may not listen at a port that is wanted.
    """
    block = f"127.{secrets.randbelow(250) + 2}.{secrets.randbelow(250) + 2}"
    names = scenario.machines
    addresses = {name: f"{block}.{number}" for number, name in enumerate(names, start=10)}
    world = World(scenario, seed, {name: (address,) for name, address in addresses.items()})
    first = min((step.at for step in scenario.steps if isinstance(step, Break)), default=0.0)
    world.origin, world.begun = asyncio.get_running_loop().time() - first, first
    for wanted in filter(None, (ports.smtp, ports.dns)):
        _check_port(f"{block}.1", wanted)
    port = ports.smtp or _free_port(tuple(addresses.values()))
    async with contextlib.AsyncExitStack() as stack:
        dns_port = await stack.enter_async_context(serve(world.names, f"{block}.1", world.react_to_question, ports.dns))
        nameserver = join_server(f"{block}.1", dns_port)
        _people(world, nameserver, port)
        ears = [_Ear(world, name, port) for name in names]
        for ear in ears:
            stack.push_async_callback(ear.close)
            await ear.follow()
        async with asyncio.TaskGroup() as group:
            world.work = group
            watcher = group.create_task(_watch(ears))
            teller = group.create_task(world.tell())
            try:
                yield Stage(
                    world=world,
                    nameserver=nameserver,
                    addresses=addresses,
                    port=port,
                    authority_pem=world.authority.pem,
                )
            finally:
                world.work = None
                watcher.cancel()
                teller.cancel()
                for task in world.errands:
                    task.cancel()


def _people(world: World, nameserver: str, port: int) -> None:
    resolver, tls = Resolver(ask_over_sockets, (nameserver,)), client_context()

    def around(who: str) -> Surroundings:
        async def connect(endpoint: Endpoint) -> Any:
            return await _dial(endpoint, world.source_of(who, endpoint.address))

        return world.surround(resolver, connect, tls, port)

    world.people(world.scenario.senders[0] if world.scenario.senders else SENDER, around)


async def _dial(endpoint: Endpoint, source: str | None) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        if source is not None:
            sock.bind((source, 0))
        await asyncio.get_running_loop().sock_connect(sock, (endpoint.address, endpoint.port))
    except BaseException:
        sock.close()
        raise
    return sock


def _check_port(address: str, port: int) -> None:
    """Raises MxprobeError for a port that the lab may not, or cannot, listen at."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((address, port))
        except OSError as error:
            why = f"the lab cannot listen at port {port} here: {error.strerror}"
            raise MxprobeError(
                f"{why}. Root can, and anybody in a network of their own: unshare -rn, then ip link set lo up"
            ) from error


def _free_port(addresses: tuple[str, ...]) -> int:
    """A port that is free at every address. Raises MxprobeError where there is none, or no such address."""
    for _ in range(_TRIES):
        if not addresses:
            return 25
        with contextlib.ExitStack() as stack:
            port = 0
            try:
                for address in addresses:
                    sock = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
                    sock.bind((address, port))
                    port = int(sock.getsockname()[1])
            except OSError as error:
                if port == 0:
                    text = f"the address {addresses[0]} cannot be used: {error.strerror}"
                    raise MxprobeError(f"{text}. On macOS give lo0 an alias for each host of the lab") from error
                continue
            return port
    raise MxprobeError("no port is free at all addresses of the lab")


async def _watch(ears: "list[_Ear]") -> None:
    """Let every listener follow the story."""
    while True:
        await asyncio.sleep(_LOOK_AGAIN)
        for ear in ears:
            await ear.follow()


class _Ear:
    """The listener of one host: open, closed (refuses), or with a full queue (does not answer)."""

    def __init__(self, world: World, name: str, port: int) -> None:
        self.world, self.port = world, port
        (self.address,) = world.addresses[name]
        self.factory = host_protocol(world.seams_of(name, self.address, port))
        self.state: Syn | str | None = None
        self._server: asyncio.Server | None = None
        self._plugs: list[socket.socket] = []

    async def follow(self) -> None:
        """Be what the story wants now."""
        wanted: Syn | str = "open"
        for reaction in self.world.react_to_connection(self.address):
            if isinstance(reaction, Connection):
                wanted = reaction.syn
        if wanted == self.state:
            return
        await self.close()
        self.state = wanted
        if wanted == "open":
            loop = asyncio.get_running_loop()
            self._server = await loop.create_server(self.factory, self.address, self.port)
        elif wanted is Syn.DROP:
            self._plug()

    def _plug(self) -> None:
        """Fill the queue of a listener that never accepts: Linux then drops every further SYN."""
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((self.address, self.port))
        listener.listen(0)
        self._plugs = [listener]
        for _ in range(4):
            plug = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            plug.setblocking(False)
            plug.connect_ex((self.address, self.port))
            self._plugs.append(plug)

    async def close(self) -> None:
        """Stop listening; sessions that stand go on."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for plug in self._plugs:
            plug.close()
        self._plugs = []
        self.state = None
