"""Plays one story by one sender in a world in memory, to its end, and gives the run.

The story ends when nothing can happen any more: every queue is empty, every session over. Days take milliseconds.
"""

import asyncio
from collections.abc import Awaitable
from typing import Any

from mxprobe import __version__
from mxprobe.facts.dns import Question
from mxprobe.facts.run import Run
from mxprobe.facts.session import Endpoint
from mxprobe.lab.clock import StoryLoop, play_in_fresh_loop
from mxprobe.lab.host import host_protocol
from mxprobe.lab.mailer import Surroundings
from mxprobe.lab.memory import DelayedAnswer, MemoryNetwork, SynAnswer
from mxprobe.lab.policyhost import HTTPS_PORT, policy_protocol
from mxprobe.lab.recursor import resolver_for
from mxprobe.lab.seams import Look
from mxprobe.lab.teller import PROBE
from mxprobe.lab.world import EPOCH, SENDER, World, client_context
from mxprobe.scenario.fates import gather_fates
from mxprobe.scenario.model import Scenario
from mxprobe.scenario.reaction import Connection, Delay, Syn

PORT = 25
LATENCY = 0.01
"""Seconds one way between any two machines of the world."""

PROBE_ADDRESS = "198.18.0.2"
"""Where a probe connects from: not from the sender's address."""

_HORIZON = 40 * 86400.0
_SYN = {Syn.REFUSE: SynAnswer.REFUSE, Syn.DROP: SynAnswer.DROP, Syn.UNREACHABLE: SynAnswer.UNREACHABLE}


def play_story(scenario: Scenario, sender: str, seed: int, look: Look | None = None) -> Run:
    """One play, from the first step to the last settled message. The same arguments give the same run, to the byte.

    `look` is what steps that probe do.
    """
    homes = dict(scenario.homes)
    addresses = {
        name: homes.get(name) or (f"192.0.2.{number}",) for number, name in enumerate(scenario.machines, start=10)
    }
    world = World(scenario, seed, addresses)
    world.look = look
    ended = play_in_fresh_loop(lambda: _live(world, sender))
    events = tuple(sorted(world.events, key=lambda event: event.at))
    queues = tuple(
        (world.scenario.short(name), None if mailer.held else round(mailer.emptied_at, 6))
        for name, mailer in world.mailers.items()
        if name != SENDER
    )
    return Run(
        version=__version__,
        story=scenario.story,
        path=scenario.path,
        domain=scenario.domain,
        sender=sender,
        seed=seed,
        epoch=EPOCH,
        ended=round(ended, 6),
        chain=tuple((preference, scenario.short(name)) for preference, name in scenario.chain),
        events=events,
        fates=gather_fates(event for event in events if event.message is not None),
        sessions=tuple(world.sessions),
        conditions=world.conditions,
        queues=queues,
        looks=tuple(world.looks),
        protected=tuple(sorted(map(scenario.short, world.mailers[SENDER].guard.protected))),
        rogues=tuple(scenario.short(spec.name) for spec in scenario.hosts if spec.rogue),
    )


async def _live(world: World, sender: str) -> float:
    """Stage the world, tell the story, wait until nothing is left to happen; the story time of its end."""
    loop = asyncio.get_running_loop()
    if not isinstance(loop, StoryLoop):
        raise AssertionError("a story is played on its own loop")
    network = MemoryNetwork(latency=LATENCY)
    network.on_syn = lambda address, port: _answer_syn(world, address)
    for host, addresses in world.addresses.items():
        for address in addresses:
            if host == world.scenario.policy_host:
                network.listen(address, HTTPS_PORT, policy_protocol(world.policy_seams()))
            else:
                network.listen(address, PORT, host_protocol(world.seams_of(host, address, PORT)))
    tls = client_context()
    servers = {f"192.0.2.{at}:53": name for at, name in enumerate(world.scenario.nameservers, start=1)}
    ask = _exchange(world, servers)

    def around(who: str) -> Surroundings:
        async def connect(endpoint: Endpoint) -> Any:
            source = PROBE_ADDRESS if who == PROBE else world.source_of(who, endpoint.address)
            return await network.connect(endpoint.address, endpoint.port, source=source)

        return world.surround(resolver_for(world, who, ask, tuple(servers)), connect, tls, PORT)

    world.people(sender, around)
    last = max((step.at for step in world.scenario.steps if not step.follows), default=0.0)
    async with asyncio.TaskGroup() as group:
        world.work = group
        teller = group.create_task(world.teller.tell())
        await asyncio.sleep(last)
        ended = await loop.until_quiet(_HORIZON)
        teller.cancel()
        world.end()
    network.close()
    return _end_of(world, ended)


def _end_of(world: World, quiet_at: float) -> float:
    """The last thing that happened, or the moment of quiet where nothing did."""
    return max((event.at for event in world.events), default=quiet_at)


def _answer_syn(world: World, address: str) -> DelayedAnswer | None:
    """What becomes of an attempt to connect; None: what is usual."""
    reactions = world.react_to_connection(address)
    answers = [_SYN[reaction.syn] for reaction in reactions if isinstance(reaction, Connection)]
    delay = sum(reaction.seconds for reaction in reactions if isinstance(reaction, Delay))
    return DelayedAnswer(answer=(*answers, SynAnswer.ACCEPT)[0], delay=delay) if reactions else None


def _exchange(world: World, servers: dict[str, str]) -> Any:
    """The name servers of the world by their addresses, asked by a function call."""

    async def exchange(query: bytes, server: str, over_tcp: bool, deadline: float) -> bytes:
        await asyncio.sleep(2 * LATENCY)
        reactions: list[Any] = []

        def react(question: Question) -> tuple[Any, ...]:
            found = world.react_to_question(question, servers[server])
            reactions.extend(found)
            return found

        wire = world.names[servers[server]].answer(query, react, over_tcp=over_tcp)
        for reaction in reactions:
            if isinstance(reaction, Delay):
                await asyncio.sleep(reaction.seconds)
        if wire is None:
            await _never()
        return wire or b""

    return exchange


async def _never() -> None:
    waiting: Awaitable[None] = asyncio.get_running_loop().create_future()
    await waiting
