"""What is wrong with whom at a moment of the story. Pure: made once from the steps, asked at any time."""

from msgspec import Struct

from mxprobe.facts.run import Condition
from mxprobe.scenario.faults.fault import FaultUse
from mxprobe.scenario.model import Break, Mend, Scenario, Send


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
    """Every spell of the story: the steps' own, newest first, then what belongs to the hosts."""
    found: list[tuple[str, FaultUse, float, float | None, int]] = []
    for step in scenario.steps:
        if isinstance(step, Break):
            found += [(host, step.use, step.at, step.ends, step.line) for host in step.hosts]
    spells = [
        Spell(number=number, host=host, use=use, begins=begins, ends=_mended(scenario, host, begins, ends), line=line)
        for number, (host, use, begins, ends, line) in enumerate(found)
    ]
    spells.sort(key=lambda spell: (-spell.begins, -spell.number))
    always = [(spec.name, use, spec.line) for spec in scenario.hosts for use in spec.always]
    for number, (host, use, line) in enumerate(always, start=len(spells)):
        spells.append(Spell(number=number, host=host, use=use, begins=0.0, ends=None, line=line))
    return tuple(spells)


def _mended(scenario: Scenario, host: str, begins: float, ends: float | None) -> float | None:
    """The nearer of a spell's own end and the first mending of its host behind its beginning."""
    mends = [step.at for step in scenario.steps if isinstance(step, Mend) and host in step.hosts and step.at >= begins]
    return min([*mends, *([] if ends is None else [ends])], default=None)


class Coming(Struct, frozen=True, kw_only=True):
    """Something that a step lets happen: when, and in the words of a report."""

    at: float
    says: str


def order_coming(scenario: Scenario) -> tuple[Coming, ...]:
    """Everything that the steps let happen, in order; what a `for` ends is mended then."""
    found: list[tuple[float, str]] = []
    for step in scenario.steps:
        if isinstance(step, Send):
            found += [(step.at + number * step.every, f"sends {name}") for number, name in enumerate(step.names())]
            continue
        hosts = ", ".join(map(scenario.short, step.hosts))
        if isinstance(step, Break):
            found.append((step.at, f"breaks {hosts}: {step.use.name}"))
        ends = step.at if isinstance(step, Mend) else step.ends
        if ends is not None:
            found.append((ends, f"mends {hosts}"))
    return tuple(Coming(at=at, says=says) for at, says in sorted(found, key=lambda one: one[0]))


def gather_conditions(scenario: Scenario) -> tuple[Condition, ...]:
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
        for spell in sorted(order_spells(scenario), key=lambda spell: (spell.begins, spell.number))
    )
