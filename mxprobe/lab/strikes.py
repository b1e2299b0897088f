"""What is wrong with whom in a living world: the spells of its faults, how often each struck, what it remembers.

Which spells there are is worked out in the scenario room; here they begin, strike, are counted and are mended.
"""

from collections.abc import Callable

from msgspec.structs import replace

from mxprobe.facts.run import Condition
from mxprobe.scenario.model import Break, Scenario
from mxprobe.scenario.reaction import MODIFIERS, Moment, Reaction
from mxprobe.scenario.timeline import Spell, begin_spells, chance, gather_conditions, order_spells

_REMEMBERED = 1000


class Strikes:
    """The faults of one play. `now` gives story time; `told` is what the story calls the addresses of its hosts."""

    def __init__(self, scenario: Scenario, seed: int, now: Callable[[], float], told: dict[str, str]) -> None:
        self.scenario, self.seed = scenario, seed
        self._now, self._told = now, told
        self._spells = order_spells(scenario)
        self._struck: dict[tuple[object, ...], list[float]] = {}
        self._first_seen: dict[tuple[int, str, str, str], float] = {}

    def strike(self, host: str, moment: Moment, *, counts: bool = True) -> tuple[Reaction, ...]:
        """The reactions of the newest fault that has something to say; what only modifies lets the next one speak.

        Unless it `counts`, it is what would come of the moment, and nothing remembers it.
        """
        found: tuple[Reaction, ...] = ()
        moment = replace(moment, address=self._told.get(moment.address, ""))
        for spell in self._spells:
            if spell.host != host or not spell.concerns(moment):
                continue
            counted = (spell.number, moment.phase, *spell.use.only.per.key(moment))
            times = self._struck.get(counted, [])
            seen = len(times)
            if counts:
                self._struck.setdefault(counted, times).append(moment.now)
            if not spell.use.only.strikes(seen, chance(self.seed, *counted, seen)):
                continue
            found += spell.use.fault.react(
                replace(
                    moment,
                    seen=seen,
                    times=tuple(times[max(seen - _REMEMBERED, 0) : seen]),
                    first_seen=self._remember_triplet(spell, moment),
                    began=spell.begins,
                )
            )
            if any(not isinstance(reaction, MODIFIERS) for reaction in found):
                break
        return found

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """What was wrong with whom, until now."""
        return gather_conditions(self.scenario, self._spells)

    def lasting(self, host: str) -> tuple[Spell, ...]:
        """The spells of a host that are in force now."""
        return tuple(spell for spell in self._spells if spell.host == host and spell.lasts_at(self._now()))

    def begin(self, step: Break) -> None:
        """Put the faults of a step that was not known beforehand in force."""
        number = max((spell.number for spell in self._spells), default=0) + 1
        self._spells = (*begin_spells(self.scenario, step, self._now(), number), *self._spells)

    def mend(self, host: str) -> None:
        """End every fault of a host, or of a part of one, that is in force now, but those that it always has."""
        always = {use for spec in self.scenario.hosts if spec.name == host for use in spec.always}
        self._spells = tuple(
            replace(spell, ends=self._now())
            if spell.is_mended_by(host) and spell.lasts_at(self._now()) and spell.use not in always
            else spell
            for spell in self._spells
        )

    def _remember_triplet(self, spell: Spell, moment: Moment) -> float | None:
        """When this client, sender and recipient were first seen under this spell; None the first time."""
        if moment.recipient is None:
            return None
        triplet = (spell.number, moment.client, moment.mail_from, moment.recipient)
        seen = self._first_seen.get(triplet)
        self._first_seen.setdefault(triplet, moment.now)
        return seen
