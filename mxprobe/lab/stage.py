"""A story's world on real loopback sockets, for foreign mailers and for pointing any tool at the lab.

Every host has an address of its own in 127/8 and all share one port, as MX hosts do. A refused connection is a closed
listener; a lost one is a listener whose queue is kept full. Nothing listens beyond loopback, and nothing is relayed.
"""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterable
from typing import Any

from msgspec import Struct

from mxprobe.errors import MxprobeError
from mxprobe.facts.dns import Question
from mxprobe.facts.session import Endpoint
from mxprobe.lab.direct import reach_each
from mxprobe.lab.ears import Ear
from mxprobe.lab.host import host_protocol
from mxprobe.lab.mailer import Surroundings
from mxprobe.lab.nameserver import serve
from mxprobe.lab.policyhost import HTTPS_PORT, policy_protocol
from mxprobe.lab.recursor import resolver_for
from mxprobe.lab.sockets import bind_port, choose_block, close_all, dial, port_of
from mxprobe.lab.world import SENDER, World
from mxprobe.scenario.model import Break, Scenario
from mxprobe.scenario.reaction import Reaction
from mxprobe.wire.exchange import ask_over_sockets, join_server, split_server
from mxprobe.wire.tls import permissive_context

_LOOK_AGAIN = 0.05
SETTLES = 4 * _LOOK_AGAIN
"""So many seconds after story time was moved every listener has followed."""


class Stage(Struct, frozen=True, kw_only=True):
    """Where everything is: the name server as ADDR:PORT, the hosts' addresses by name, their port, the authority.

    `policy_port` is that of the host of the domain's MTA-STS policy, where there is one.
    """

    world: World
    nameserver: str
    addresses: dict[str, str]
    port: int
    authority_pem: bytes
    policy_port: int | None = None


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
    block = choose_block()
    names = scenario.machines
    addresses = {name: f"{block}.{number}" for number, name in enumerate(names, start=10)}
    servers = {name: f"{block}.{at}" for at, name in enumerate(scenario.nameservers, start=1)}
    homes: dict[str, tuple[str, ...]] = {name: (address,) for name, address in addresses.items()}
    world = World(scenario, seed, homes, tuple(servers.values()))
    breaks = (step for step in scenario.steps if isinstance(step, Break) and not step.follows)
    first = min((step.at for step in breaks), default=0.0)
    world.origin, world.begun = asyncio.get_running_loop().time() - first, first
    for wanted in filter(None, (ports.smtp, ports.dns)):
        _check_port(f"{block}.1", wanted)
    port = ports.smtp or _free_port(addresses.values())
    async with contextlib.AsyncExitStack() as stack:
        nameservers: list[str] = []
        for server in servers.items():
            first = split_server(nameservers[0])[1] if nameservers else ports.dns
            nameservers.append(await _serve(stack, world, server, first))
        if scenario.policy_host:
            world.policy_port = _policy_port(addresses[scenario.policy_host])
        _people(world, tuple(nameservers), port)
        ears = [_ear_of(world, name, port) for name in names]
        for ear in ears:
            stack.push_async_callback(ear.close)
            await ear.follow()
        async with asyncio.TaskGroup() as group:
            world.work = group
            watcher = group.create_task(_watch(ears))
            teller = group.create_task(world.teller.tell())
            try:
                yield Stage(
                    world=world,
                    nameserver=nameservers[0],
                    addresses=addresses,
                    port=port,
                    authority_pem=world.authority.pem,
                    policy_port=world.policy_port if scenario.policy_host else None,
                )
            finally:
                world.work = None
                watcher.cancel()
                teller.cancel()
                world.end()


async def _serve(stack: contextlib.AsyncExitStack, world: World, server: tuple[str, str], wanted: int) -> str:
    """Answer as one of the story's name servers, by its name and address; where it is asked, as ADDR:PORT."""
    name, address = server

    def react(question: Question) -> tuple[Reaction, ...]:
        return world.react_to_question(question, name)

    port = await stack.enter_async_context(serve(world.names[name], address, react, wanted))
    return join_server(address, port)


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


def _policy_port(address: str) -> int:
    """The port of the host of the policy: that of HTTPS where the lab may have it, else a free one."""
    try:
        _check_port(address, HTTPS_PORT)
    except MxprobeError:
        return _free_port([address])
    return HTTPS_PORT


def _ear_of(world: World, name: str, port: int) -> Ear:
    """The listener of a host for mail, or of the host of the domain's policy."""
    (address,) = world.addresses[name]

    def look() -> tuple[Reaction, ...]:
        return world.react_to_connection(address)

    if name == world.scenario.policy_host:
        return Ear((address, world.policy_port), policy_protocol(world.policy_seams()), look)
    return Ear((address, port), host_protocol(world.seams_of(name, address, port)), look)


def _free_port(addresses: Iterable[str]) -> int:
    """A port that is free at every address. Raises MxprobeError where there is none, or no such address."""
    bound = tuple(bind_port(tuple(addresses)).values())
    port = port_of(bound[0]) if bound else 25
    close_all(bound)
    return port


def _people(world: World, nameservers: tuple[str, ...], port: int) -> None:
    tls = permissive_context()
    told = {split_server(server)[0]: number for number, server in enumerate(nameservers)}
    world.ask = reach_each(told, ask_over_sockets, lambda: nameservers)

    def around(who: str) -> Surroundings:
        async def connect(endpoint: Endpoint) -> Any:
            return await dial(endpoint.address, endpoint.port, world.source_of(who, endpoint.address))

        return world.surround(resolver_for(world, who, ask_over_sockets, nameservers), connect, tls, port)

    world.people(world.scenario.senders[0] if world.scenario.senders else SENDER, around)


async def _watch(ears: list[Ear]) -> None:
    """Let every listener follow the story."""
    while True:
        await asyncio.sleep(_LOOK_AGAIN)
        for ear in ears:
            await ear.follow()
