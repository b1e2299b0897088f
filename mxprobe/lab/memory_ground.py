"""A world's ground in memory: no port, no descriptor, and name servers that are function calls."""

import asyncio
from typing import Any

from mxprobe.facts.dns import Question
from mxprobe.lab.clock import StoryLoop
from mxprobe.lab.ground import LATENCY, Factory, ask_for_syn
from mxprobe.lab.memory import DelayedAnswer, MemoryNetwork, SynAnswer
from mxprobe.lab.world import World
from mxprobe.scenario.addresses import give_addresses
from mxprobe.scenario.model import Scenario
from mxprobe.scenario.reaction import Reaction, Syn

_SYN = {Syn.REFUSE: SynAnswer.REFUSE, Syn.DROP: SynAnswer.DROP, Syn.UNREACHABLE: SynAnswer.UNREACHABLE, None: None}


class MemoryGround:
    """The ground of one play, with the story's own addresses; see `mxprobe.lab.ground.Ground`."""

    def __init__(self, scenario: Scenario) -> None:
        self.addresses = give_addresses(scenario)
        self._names = {f"192.0.2.{at}:53": name for at, name in enumerate(scenario.nameservers, start=1)}
        self.servers = tuple(self._names)
        self._network = MemoryNetwork(latency=LATENCY)
        self._world: World | None = None

    def make_loop(self) -> StoryLoop:
        """The loop that takes memory connections."""
        return StoryLoop()

    def port(self, service: int) -> int:
        """The well-known port itself."""
        return service

    async def open(self, world: World) -> None:
        """Take the world's word for what becomes of a SYN."""
        self._world = world

        def answer(address: str, _port: int) -> DelayedAnswer | None:
            fate = ask_for_syn(world, address)
            found = _SYN[fate.syn] or (SynAnswer.ACCEPT if fate.delay else None)
            return None if found is None else DelayedAnswer(answer=found, delay=fate.delay)

        self._network.on_syn = answer

    async def listen(self, address: str, service: int, factory: Factory) -> None:
        """Accept connections."""
        self._network.listen(address, service, factory)

    def stranger(self, number: int, towards: str) -> str:
        """One of a network for benchmarks or documentation."""
        return f"2001:db8:ffff::{number}" if ":" in towards else f"198.18.0.{number}"

    async def connect(self, address: str, port: int, source: str) -> Any:
        """A connected memory socket."""
        return await self._network.connect(address, port, source=source)

    async def ask(self, query: bytes, server: str, over_tcp: bool, deadline: float) -> bytes:
        """The answer after one round trip; for ever nothing where the server is silent."""
        world, name = self._world, self._names[server]
        if world is None:
            raise AssertionError("the ground is not open")
        await asyncio.sleep(2 * LATENCY)

        def react(question: Question) -> tuple[Reaction, ...]:
            return world.react_to_question(question, name)

        due = world.names[name].answer_when(query, react, over_tcp=over_tcp)
        await asyncio.sleep(due.after)
        if due.wire is None:
            await asyncio.get_running_loop().create_future()
        return due.wire or b""

    async def close(self) -> None:
        """Take the network down."""
        self._network.close()
