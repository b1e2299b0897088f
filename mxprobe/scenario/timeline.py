"""What is wrong with whom at a moment of the story. Pure: made once from the steps, asked at any time."""

from collections.abc import Iterable

from msgspec import Struct

from mxprobe.facts.run import Condition
from mxprobe.scenario.faults.fault import FaultUse
from mxprobe.scenario.model import Break, Mend, Publish, Scenario, Send, Step


class Spell(Struct, frozen=True, kw_only=True):
    """One fault on one host for a time; `ends` None: to the end of the story. `number` tells spells apart."""

    number: int
    host: str
    use: FaultUse
    begins: float
    ends: float | None
    line: int

    def lasts_at(self, now: float) -> bool:
        """Whether it is in force: from its beginning, and no longer at its end."""
        return self.begins <= now and (self.ends is None or now < self.ends)


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
    return [
        Spell(
            number=number + index,
            host=host,
            use=step.use,
            begins=begins,
            ends=_mended(scenario, host, begins, ends),
            line=step.line,
        )
        for index, host in enumerate(step.hosts)
    ]


def _mended(scenario: Scenario, host: str, begins: float, ends: float | None) -> float | None:
    """The nearer of a spell's own end and the first mending of its host that is known to come behind its beginning."""
    mends = (step for step in scenario.steps if isinstance(step, Mend) and not step.follows and host in step.hosts)
    times = [step.at for step in mends if step.at >= begins]
    return min([*times, *([] if ends is None else [ends])], default=None)


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
    """The spells as a run keeps them, with the story's names of the hosts."""
    return tuple(
        Condition(
            host=scenario.short(spell.host),
            fault=spell.use.name,
            phase=spell.use.phase.value if spell.use.phase else None,
            begins=spell.begins,
            ends=spell.ends,
            hinders=spell.use.hinders,
        )
        for spell in sorted(spells, key=lambda spell: (spell.begins, spell.number))
    )
