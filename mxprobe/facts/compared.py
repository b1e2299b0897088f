"""What two surveys tell of the same domains: who changed, in short, and who stands in one of them alone."""

from msgspec import Struct

from mxprobe.facts.change import Change, Weight
from mxprobe.facts.finding import Severity


class Noted(Struct, frozen=True, kw_only=True):
    """A finding by its code and subject, and how bad it is."""

    code: str
    subject: str
    severity: Severity


class DomainCompared(Struct, frozen=True, kw_only=True):
    """One domain: what changed, the findings that only the later survey has, and those that only the earlier one has.

    `unknown` is why its MX records could not be compared, empty where they could.
    """

    domain: str
    changes: tuple[Change, ...] = ()
    new: tuple[Noted, ...] = ()
    mended: tuple[Noted, ...] = ()
    unknown: str = ""

    @property
    def is_told(self) -> bool:
        """Whether there is anything to tell."""
        return bool(self.changes or self.new or self.mended or self.unknown)

    @property
    def weight(self) -> Weight | None:
        """That of the heaviest change; None without any."""
        return min((one.weight for one in self.changes), key=lambda one: one.rank, default=None)


class SurveysCompared(Struct, frozen=True, kw_only=True):
    """Two surveys: `domains` that changed, of `both` that stand in both; `unequal` of these were not looked at equally
    far, so that what is new there may be as old as what nobody had looked at. `gone` stand in the earlier one alone,
    `come` in the later. `exit_status` and its `reason` are those of the command."""

    schema: int = 1
    kind: str = "survey-diff"
    old: str
    new: str
    both: int = 0
    unequal: int = 0
    domains: tuple[DomainCompared, ...] = ()
    gone: tuple[str, ...] = ()
    come: tuple[str, ...] = ()
    exit_status: int = 0
    reason: str = ""
