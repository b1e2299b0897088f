"""Tells a story to its world: lets each step happen at its time, or when what it waits for has happened."""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

from mxprobe.facts.run import Event, EventKind
from mxprobe.lab.alarms import Alarms
from mxprobe.scenario.model import DNS, Break, Mend, Probe, Prove, Publish, Scenario, Send, Step, When
from mxprobe.scenario.occasion import has_come

PROBE = "probe"
"""Who looks at the domain, in events."""


class Told(Protocol):
    """What the teller needs of a world."""

    scenario: Scenario
    events: list[Event]
    alarms: Alarms
    begun: float

    @property
    def now(self) -> float:
        """Story time in seconds."""

    def record(self, event: Event) -> None:
        """Write a line into the story's book."""

    def post(self, step: Send, name: str) -> None:
        """Give the sender under test a message."""

    def begin(self, step: Break) -> None:
        """Put the faults of a step that was not known beforehand in force."""

    def mend(self, host: str) -> None:
        """End the faults of a host, or of a part of one."""

    def lose_queue(self, host: str) -> None:
        """Take away what a host holds to be handed on."""

    def publish(self, step: Publish) -> None:
        """Put new records on the name servers."""

    def probe(self, step: Probe | Prove) -> None:
        """Look at the domain."""


class Teller:
    """Tells the steps of one story; `notice` has to be called whenever something has happened."""

    def __init__(self, world: Told) -> None:
        self.world = world
        self._came = [asyncio.Event() for _ in world.scenario.steps]
        self._waiting: dict[When, asyncio.Event] = {}

    def notice(self) -> None:
        """Something has happened: whether a step has waited for it is found out at once, before anything follows."""
        for when, happened in self._waiting.items():
            if not happened.is_set() and has_come(when, self.world.events, self.world.scenario):
                happened.set()

    async def tell(self) -> None:
        """All steps; ends when the last has begun, which may be never for those that wait."""
        async with asyncio.TaskGroup() as group:
            for number, step in enumerate(self.world.scenario.steps):
                if step.follows:
                    group.create_task(self._tell_later(number, step))
            await self._tell_known()

    async def _tell_known(self) -> None:
        """The steps whose times are known, in their order; what lies before the present is skipped."""
        steps = enumerate(self.world.scenario.steps)
        known = [deed for number, step in steps if not step.follows for deed in self._deeds(number, step, step.at)]
        for number, step in enumerate(self.world.scenario.steps):
            if not step.follows and step.at <= self.world.begun:
                self._came[number].set()
        for at, act in sorted(known, key=lambda deed: deed[0]):
            if at <= self.world.begun:
                continue
            await self.world.alarms.sleep(max(at - self.world.now, 0.0))
            act()

    async def _tell_later(self, number: int, step: Step) -> None:
        """A step that comes behind the one above it, when what it waits for has happened."""
        world = self.world
        await self._came[number - 1].wait()
        if step.when is not None:
            happened = self._waiting[step.when] = asyncio.Event()
            self.notice()
            await happened.wait()
        await world.alarms.sleep(step.at)
        if isinstance(step, Break):
            world.begin(step)
        for at, act in self._deeds(number, step, world.now):
            await world.alarms.sleep(max(at - world.now, 0.0))
            act()

    def _deeds(self, number: int, step: Step, at: float) -> Iterator[tuple[float, Callable[[], None]]]:
        """What a step that comes at `at` does, and when."""
        yield at, self._came[number].set
        match step:
            case Send():
                for place, name in enumerate(step.names()):
                    yield at + place * step.every, _later(self.world.post, step, name)
            case Break():
                yield at, _later(self._note, step, EventKind.BREAK, describe_break(step), step.hosts)
                for host in step.hosts if step.use.fault.EMPTIES else ():
                    yield at, _later(self.world.lose_queue, host)
                if step.lasts is not None:
                    yield at + step.lasts, _later(self._note, step, EventKind.MEND, "", step.hosts)
            case Mend() if step.follows:
                for host in step.hosts:
                    yield at, _later(self.world.mend, host)
                yield at, _later(self._note, step, EventKind.MEND, "", step.hosts)
            case Mend():
                yield at, _later(self._note, step, EventKind.MEND, "", step.hosts)
            case Probe() | Prove():
                yield at, _later(self._note, step, EventKind.PROBE, step.name, (PROBE,))
                yield at, _later(self.world.probe, step)
            case Publish():
                yield at, _later(self.world.publish, step)
                servers = step.servers or (DNS,)
                yield at, _later(self._note, step, EventKind.PUBLISH, describe_records(step), servers)

    def _note(self, step: Step, kind: EventKind, text: str, hosts: Iterable[str]) -> None:
        for host in hosts:
            who = self.world.scenario.short(host)
            self.world.record(Event(at=round(self.world.now, 6), kind=kind, who=who, text=text, line=step.line))


def _later(act: Callable[..., None], *arguments: object) -> Callable[[], None]:
    return lambda: act(*arguments)


def describe_break(step: Break) -> str:
    """What a step breaks, in the words of its file: `reply "554 5.3.2 No SMTP service here" at banner`."""
    fault = step.use.fault
    setting = getattr(fault, fault.SHORT) if fault.SHORT else None
    told = ' "{}"'.format(setting.replace("\n", " / ")) if isinstance(setting, str) else ""
    where = f" at {step.use.phase}" if step.use.phase else ""
    return f"{step.use.name}{told}{where}"


def describe_records(step: Publish) -> str:
    """What is published, in one line."""
    parts = []
    if step.mx is not None:
        parts.append(", ".join(f"{preference} {name}" for preference, name in step.mx) or "no MX record")
    if step.mta_sts is not None:
        parts.append(f"MTA-STS {step.mta_sts.mode} for {', '.join(step.mta_sts.mx) or 'no host'}")
    return "; ".join(parts)
