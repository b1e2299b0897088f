"""What a world stands on: the ways to its machines and to its name servers, whatever they are made of.

`mxprobe.lab.memory_ground` is made of values, `mxprobe.lab.loopback` of real sockets; all else of a play is the same.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Protocol

from msgspec import Struct

from mxprobe.lab.clock import JumpingLoop
from mxprobe.lab.world import World
from mxprobe.scenario.reaction import Connection, Delay, Syn

SMTP = 25

LATENCY = 0.01
"""Seconds of story time one way between any two machines of the world."""

Factory = Callable[[], asyncio.BaseProtocol]


class Ground(Protocol):
    """The ground of one play. `addresses` are those of the machines by name, `servers` the name servers' ADDR:PORT."""

    addresses: dict[str, tuple[str, ...]]
    servers: tuple[str, ...]

    def make_loop(self) -> JumpingLoop:
        """The event loop that a story on this ground runs on."""

    def port(self, service: int) -> int:
        """The port at which every machine has the service of a well-known port."""

    async def open(self, world: World) -> None:
        """Let the name servers answer, and attempts to connect be as the world has it."""

    async def listen(self, address: str, service: int, factory: Factory) -> None:
        """Accept connections for a service at an address of a machine; `factory` makes the protocol of each."""

    def stranger(self, number: int, towards: str) -> str:
        """An address that no machine of the story has, of the family of another; the first is number 1."""

    async def connect(self, address: str, port: int, source: str) -> Any:
        """A connected socket, or what the ground's loop takes for one. Raises OSError."""

    async def ask(self, query: bytes, server: str, over_tcp: bool, deadline: float) -> bytes:
        """The response of an authoritative server: `Exchange` of `mxprobe.wire.resolver`."""

    async def close(self) -> None:
        """Accept no more, and abort what stands."""


class SynFate(Struct, frozen=True, kw_only=True):
    """What becomes of an attempt to connect (None: it succeeds), and after how many seconds."""

    syn: Syn | None = None
    delay: float = 0.0


def ask_for_syn(world: World, address: str) -> SynFate:
    """What the world does to an attempt to connect, at this moment. Counts as an attempt."""
    reactions = world.react_to_connection(address)
    syn = next((reaction.syn for reaction in reactions if isinstance(reaction, Connection)), None)
    return SynFate(syn=syn, delay=sum(one.seconds for one in reactions if isinstance(one, Delay)))
