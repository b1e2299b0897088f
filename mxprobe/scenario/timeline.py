"""What is wrong with whom at a moment of the story. Pure: made once from the steps, asked at any time."""

import hashlib
from collections.abc import Iterable, Iterator
from itertools import pairwise

from msgspec import Struct
from msgspec.structs import replace

from mxprobe.facts.run import Condition
from mxprobe.scenario.faults.fault import FaultUse
from mxprobe.scenario.model import Break, Mend, Publish, Scenario, Send, Step
from mxprobe.scenario.reaction import Moment
from mxprobe.scenario.reference import covers, is_within, split_reference


class Spell(Struct, frozen=True, kw_only=True):
    """One fault on one host for a time; `ends` None: to the end of the story. `number` tells spells apart.

    `part` are the addresses that it strikes (see `reference`).
    """

    number: int
    host: str
    part: str = ""
    use: FaultUse
    begins: float
    ends: float | None
    line: int

    def lasts_at(self, now: float) -> bool:
        """Whether it is in force: from its beginning, and no longer at its end."""
        return self.begins <= now and (self.ends is None or now < self.ends)

    def concerns(self, moment: Moment) -> bool:
        """Whether it is in force then, at that address, and about what happens there."""
        return self.lasts_at(moment.now) and covers(self.part, moment.address) and self.use.matches(moment)

    def is_mended_by(self, reference: str) -> bool:
        """Whether a mending of this host, or of this part of one, is one of all that it strikes."""
        return is_within(f"{self.host}/{self.part}" if self.part else self.host, reference)


def order_spells(scenario: Scenario) -> tuple[Spell, ...]:
    """Every spell that is known beforehand: the steps' own, newest first, then what belongs to the hosts."""
    spells: list[Spell] = []
    for step in sorted(scenario.steps, key=lambda step: step.at):
        if isinstance(step, Break) and not step.follows:
            spells += begin_spells(scenario, step, step.at, len(spells))
    spells.sort(key=lambda spell: (-spell.begins, -spell.number))
    always = [(spec.name, use, spec.line) for spec in scenario.hosts for use in spec.always]
    for number, (host, use, line) in enumerate(always, start=len(spells)):
        spells.append(Spell(number=number, host=host, use=use, begins=0.0, ends=None, line=line))
    return tuple(spells)


def begin_spells(scenario: Scenario, step: Break, begins: float, number: int) -> list[Spell]:
    """The spells of a step that comes at `begins`, one a host, numbered from `number`."""
    ends = None if step.lasts is None else begins + step.lasts
    spells = []
    for index, (host, part) in enumerate(map(split_reference, step.hosts), start=number):
        spell = Spell(number=index, host=host, part=part, use=step.use, begins=begins, ends=ends, line=step.line)
        spells.append(replace(spell, ends=_mended(scenario, spell)))
    return spells


def _mended(scenario: Scenario, spell: Spell) -> float | None:
    """The nearer of a spell's own end and the first mending that is known to come behind its beginning."""
    mends = (step for step in scenario.steps if isinstance(step, Mend) and not step.follows)
    times = [step.at for step in mends if step.at >= spell.begins and any(map(spell.is_mended_by, step.hosts))]
    return min([*times, *([] if spell.ends is None else [spell.ends])], default=None)


def _is_whole(scenario: Scenario, spell: Spell) -> bool:
    """Whether it strikes every address of its host."""
    addresses = dict(scenario.homes).get(spell.host)
    return spell.part in ("", "v4") if addresses is None else all(covers(spell.part, one) for one in addresses)


def chance(*words: object) -> float:
    """A number from 0 to below 1 that follows from the words."""
    digest = hashlib.sha256("/".join(map(str, words)).encode()).digest()
    return int.from_bytes(digest[:6], "big") / 2**48


class Coming(Struct, frozen=True, kw_only=True):
    """Something that a step lets happen: when, and in the words of a report."""

    at: float
    says: str


def _deeds(scenario: Scenario, step: Step) -> list[tuple[float, str]]:
    match step:
        case Send():
            return [(step.at + number * step.every, f"sends {name}") for number, name in enumerate(step.names())]
        case Break():
            hosts = ", ".join(map(scenario.short, step.hosts))
            ends = [] if step.lasts is None else [(step.at + step.lasts, f"mends {hosts}")]
            return [(step.at, f"breaks {hosts}: {step.use.name}"), *ends]
        case Mend():
            return [(step.at, f"mends {', '.join(map(scenario.short, step.hosts))}")]
        case Publish():
            return [(step.at, "publishes new records")]
    return []


def order_coming(scenario: Scenario) -> tuple[Coming, ...]:
    """Everything that the steps let happen at times that are known, in order; what a `for` ends is mended then."""
    found: list[tuple[float, str]] = []
    for step in scenario.steps:
        if not step.follows:
            found += _deeds(scenario, step)
    return tuple(Coming(at=at, says=says) for at, says in sorted(found, key=lambda one: one[0]))


def gather_conditions(scenario: Scenario, spells: Iterable[Spell]) -> tuple[Condition, ...]:
    """The spells as a run keeps them, with the story's names of the hosts; and when parts of a host add up to all."""
    spells = tuple(spells)
    each = tuple(
        Condition(
            host=scenario.short(spell.host),
            part=spell.part,
            fault=spell.use.name,
            phase=spell.use.phase.value if spell.use.phase else None,
            begins=spell.begins,
            ends=spell.ends,
            hinders=spell.use.hinders and _is_whole(scenario, spell),
        )
        for spell in sorted(spells, key=lambda spell: (spell.begins, spell.number))
    )
    return each + tuple(_add_up(scenario, [spell for spell in spells if spell.part and spell.use.hinders]))


def _add_up(scenario: Scenario, partial: list[Spell]) -> Iterator[Condition]:
    """When several faults, each in a part of a host, leave no address of it to deliver to."""
    for host, addresses in scenario.homes:
        own = [spell for spell in partial if spell.host == host and not _is_whole(scenario, spell)]
        edges = sorted({spell.begins for spell in own} | {spell.ends for spell in own if spell.ends is not None})
        for begins, ends in pairwise([*edges, None]):
            there = [spell for spell in own if begins is not None and spell.lasts_at(begins)]
            if begins is not None and all(any(covers(spell.part, one) for spell in there) for one in addresses):
                faults = ", ".join(dict.fromkeys(spell.use.name for spell in there))
                name = scenario.short(host)
                yield Condition(host=name, fault=faults, phase=None, begins=begins, ends=ends, hinders=True)
