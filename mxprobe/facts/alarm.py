"""Alarms about a domain that is looked at again and again, and what is remembered from one look to the next.

Times are seconds since 1970 UTC. What makes an alarm of a look is decided in `mxprobe.mx.alarm`.
"""

from enum import StrEnum

from msgspec import Struct

from mxprobe.facts.finding import Finding, Severity
from mxprobe.facts.snapshot import Snapshot

ALARM_SCHEMA = 1


class AlarmKind(StrEnum):
    """What an alarm says. `CANNOT_LOOK` is about the probe, and says nothing of the domain."""

    TROUBLE = "trouble"
    CHANGE = "change"
    STILL = "still"
    OVER = "over"
    CANNOT_LOOK = "cannot-look"
    LOOKS_AGAIN = "looks-again"

    @property
    def is_trouble(self) -> bool:
        """Whether somebody has to do something about the domain."""
        return self in (AlarmKind.TROUBLE, AlarmKind.CHANGE, AlarmKind.STILL)


class Alarm(Struct, frozen=True, kw_only=True):
    """One thing to tell a person, at the look of the moment `at`.

    `keys` are the troubles it is about ("change", "down:mx1.example.com", the id of a finding), `since` when they
    began, `looks` how many looks saw them; `findings` what was seen last, `follows` the ids of what came with it.
    Of what is over, `until` is the first look in which it was gone. `reason` says why nobody could look.
    """

    kind: AlarmKind
    domain: str
    at: float
    since: float
    looks: int
    keys: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    follows: tuple[str, ...] = ()
    until: float | None = None
    reason: str = ""


class Trouble(Struct, frozen=True, kw_only=True):
    """One cause that looks have seen, told already or not.

    It began at `since` and was seen at `last`, in so many `looks` one after another. `well` counts the looks since then
    in which it was gone, from `well_since`. `told` is when a person was told of it, `reminded` when last. `findings`
    are those of the last look that saw it. Of a change: `content` are the records that were told, `follows` the keys
    of other findings that came with it.
    """

    key: str
    since: float
    last: float
    looks: int = 1
    well: int = 0
    well_since: float | None = None
    told: float | None = None
    reminded: float | None = None
    findings: tuple[Finding, ...] = ()
    content: tuple[str, ...] = ()
    follows: tuple[str, ...] = ()


class Blindness(Struct, frozen=True, kw_only=True):
    """Looks one after another in which too little could be seen, from `since`; `told` is when a person was told."""

    since: float
    looks: int = 1
    told: float | None = None


class AlarmState(Struct, frozen=True, kw_only=True):
    """What is remembered of a domain between looks. `reference` is the last look that was accepted: what changed is
    what differs from that."""

    schema: int = ALARM_SCHEMA
    kind: str = "alarm-state"
    domain: str
    reference: Snapshot | None = None
    troubles: tuple[Trouble, ...] = ()
    blindness: Blindness | None = None


class Window(Struct, frozen=True, kw_only=True):
    """A time of maintenance: from `start` for `lasts` seconds, again `every` so many seconds (None: once).

    It is about these `hosts` (none: about all). Changes of records are muted only where it says `changes`.
    """

    start: float
    lasts: float
    every: float | None = None
    hosts: tuple[str, ...] = ()
    changes: bool = False
    because: str = ""

    def is_open(self, at: float) -> bool:
        """Whether the moment lies in it."""
        passed = at - self.start
        if self.every is not None:
            passed %= self.every
        return 0 <= passed < self.lasts


class Manners(Struct, frozen=True, kw_only=True):
    """When to speak.

    After so many looks one after another (`after`), of findings at or above `fail_on`, again after `remind` seconds
    (None: never), and of looks that see too little after `cannot_look` seconds. Findings of the rules `holding` above
    a note keep the reference where it is.
    """

    after: int = 3
    fail_on: Severity = Severity.ERROR
    remind: float | None = None
    cannot_look: float = 7200.0
    windows: tuple[Window, ...] = ()
    holding: tuple[str, ...] = ()
