"""What differs between two looks at one domain, thing by thing, and how much each difference weighs.

They travel in files. What is not known in one of the looks is no change: it has a place of its own.
"""

from enum import StrEnum

from msgspec import Struct


class Weight(StrEnum):
    """How a change looks: `renewal` is expected upkeep, after which mail goes to whom it went before; `change` may be
    wanted or not; `alarming`: mail, or the word about it, is in other hands than before."""

    RENEWAL = "renewal"
    CHANGE = "change"
    ALARMING = "alarming"

    @property
    def rank(self) -> int:
        """0 is the worst."""
        return (Weight.ALARMING, Weight.CHANGE, Weight.RENEWAL).index(self)


class Area(StrEnum):
    """Where something changed."""

    MX = "MX"
    ADDRESSES = "addresses"
    DELEGATION = "delegation"
    TLS = "TLS"
    POLICIES = "policies"
    ANSWERS = "answers"


class Change(Struct, frozen=True, kw_only=True):
    """One thing that differs: `subject` whose it is (a domain, a host, an endpoint id), `what` it is.

    `old` is what was there, `new` what is there now (empty: nothing). `because` is the reason of its weight.
    """

    area: Area
    subject: str
    what: str
    old: tuple[str, ...] = ()
    new: tuple[str, ...] = ()
    weight: Weight
    because: str = ""


class NotCompared(Struct, frozen=True, kw_only=True):
    """Something that one of the looks does not tell, and why."""

    area: Area
    subject: str
    what: str
    why: str


class Changes(Struct, frozen=True, kw_only=True):
    """All that differs, area by area, and what could not be compared."""

    changes: tuple[Change, ...] = ()
    unknown: tuple[NotCompared, ...] = ()

    def count(self, weight: Weight) -> int:
        """How many changes weigh so much."""
        return sum(1 for change in self.changes if change.weight is weight)
