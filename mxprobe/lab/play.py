"""Plays one story by one sender to its end, in a world in memory or on loopback sockets, and gives the run.

The story ends when nothing can happen any more: every queue is empty, every session over. Days take milliseconds.
"""

import asyncio
from typing import Any

from mxprobe import __version__
from mxprobe.errors import MxprobeError
from mxprobe.facts.run import Run, WorldKind
from mxprobe.facts.session import Endpoint
from mxprobe.lab.clock import JumpingLoop, play_in_fresh_loop
from mxprobe.lab.direct import reach_each, told_addresses
from mxprobe.lab.ground import SMTP, Ground
from mxprobe.lab.host import host_protocol
from mxprobe.lab.loopback import LoopbackGround
from mxprobe.lab.mailer import Surroundings
from mxprobe.lab.memory_ground import MemoryGround
from mxprobe.lab.policyhost import HTTPS_PORT, policy_protocol
from mxprobe.lab.recursor import resolver_for
from mxprobe.lab.seams import Look
from mxprobe.lab.teller import PROBE
from mxprobe.lab.world import EPOCH, SENDER, World
from mxprobe.scenario.fates import gather_fates
from mxprobe.scenario.model import Scenario
from mxprobe.wire.tls import permissive_context

_HORIZON = 40 * 86400.0


def play_story(
    scenario: Scenario, sender: str, seed: int, look: Look | None = None, kind: WorldKind = WorldKind.MEMORY
) -> Run:
    """One play, from the first step to the last settled message; `look` is what steps that probe do.

    In memory the same arguments give the same run, to the byte. On loopback sockets addresses and moments differ a
    little, and nothing else does. Raises MxprobeError where this machine has not got the loopback addresses.
    """
    ground: Ground = LoopbackGround(scenario) if kind == WorldKind.LOOPBACK else MemoryGround(scenario)
    world = World(scenario, seed, ground.addresses)
    world.look = look
    ended = play_in_fresh_loop(lambda: _live(world, sender, ground), ground.make_loop)
    return run_of(world, (sender, seed, kind), ended)


def run_of(world: World, what: tuple[str, int, WorldKind], ended: float) -> Run:
    """The run of a world whose story is over; `what` is the sender's label, the seed, and what the world stood on."""
    sender, seed, kind = what
    scenario = world.scenario
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
        conditions=world.strikes.conditions,
        queues=queues,
        looks=tuple(world.looks),
        world=kind,
        protected=tuple(sorted(map(scenario.short, world.mailers[SENDER].guard.protected))),
        rogues=tuple(scenario.short(spec.name) for spec in scenario.hosts if spec.rogue),
    )


async def _live(world: World, sender: str, ground: Ground) -> float:
    """Stage the world, tell the story, wait until nothing is left to happen; the story time of its end."""
    loop = asyncio.get_running_loop()
    if not isinstance(loop, JumpingLoop):
        raise AssertionError("a story is played on its own loop")
    broken: list[BaseException] = []
    loop.set_exception_handler(lambda _, context: broken.append(context.get("exception") or _complaint(context)))
    try:
        await ground.open(world)
        await _listen(world, ground)
        people(world, sender, ground)
        last = max((step.at for step in world.scenario.steps if not step.follows), default=0.0)
        async with asyncio.TaskGroup() as group:
            world.work = group
            teller = group.create_task(world.teller.tell())
            await asyncio.sleep(last)
            ended = await loop.until_quiet(_HORIZON)
            teller.cancel()
            world.end()
    finally:
        await ground.close()
    if broken:  # a host of ours that fails is no host of the story's: no verdict comes of it
        raise broken[0]
    return end_of(world, ended)


def _complaint(context: dict[str, Any]) -> MxprobeError:
    return MxprobeError(f"the world of the story is broken: {context['message']}")


async def _listen(world: World, ground: Ground) -> None:
    """Let every machine be there for its service."""
    world.policy_port = ground.port(HTTPS_PORT)
    for address, host in world.host_of.items():
        if host == world.scenario.policy_host:
            await ground.listen(address, HTTPS_PORT, policy_protocol(world.policy_seams()))
        else:
            await ground.listen(address, SMTP, host_protocol(world.seams_of(host, address, ground.port(SMTP))))


def people(world: World, sender: str, ground: Ground) -> None:
    """Bring in the mailers of the lab, each with a resolver and ways of its own."""
    tls = permissive_context()
    world.ask = reach_each(told_addresses(world.scenario), ground.ask, lambda: ground.servers)

    def around(who: str) -> Surroundings:
        async def connect(endpoint: Endpoint) -> Any:
            towards = endpoint.address
            source = world.source_of(who, towards) or ground.stranger(2 if who == PROBE else 1, towards)
            return await ground.connect(towards, endpoint.port, source)

        resolver = resolver_for(world, who, ground.ask, ground.servers)
        return world.surround(resolver, connect, tls, ground.port(SMTP))

    world.people(sender, around)


def end_of(world: World, quiet_at: float) -> float:
    """The last thing that happened, or the moment of quiet where nothing did."""
    return max((event.at for event in world.events), default=quiet_at)
