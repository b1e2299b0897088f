"""Findings and judgements: what a rule says, with its evidence. They travel in files.

A rule has three answers. `INCONCLUSIVE` is no pass: something that the rule needs was not seen.
"""

from enum import StrEnum

from msgspec import Struct

from mxprobe.facts.octets import Pasted


class Severity(StrEnum):
    """How bad: `error` mail is or will be refused, lost, late or exposed; `warning` breaks for some or next time."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"
    OK = "ok"

    @property
    def rank(self) -> int:
        """0 is the worst."""
        return list(Severity).index(self)


class Waived(Struct, frozen=True, kw_only=True):
    """Why a finding may be: the reason, the last day (UTC) on which it may ("2027-03-31"), and where that is written
    ("expect.yaml:12")."""

    because: str
    until: str
    place: str


class Line(Struct, frozen=True, kw_only=True):
    """A line of a file that a person wrote; lines count from 1. Written as "expect.yaml:12"."""

    path: str
    line: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}"


class Finding(Struct, frozen=True, kw_only=True):
    """One cause, told once.

    `subject` is what it is about (a domain, a host, an endpoint id, a message), `about` what else; `says` one
    sentence; `seen` the evidence, a line each, remote words in quotes; `means` and `do` are sentences for the reader;
    `paste` are lines that mend it as they stand, of a zone file or of a mailer's configuration (a comment in them says
    which; no person's address stands in them, and they are never masked); `places` are lines of files that are behind
    it; `also` names what follows from it ("MX707 certificate names"); `references` are clauses. `waived`: somebody
    allows it, and it counts for no exit status.
    """

    code: str
    name: str
    severity: Severity
    subject: str
    about: tuple[str, ...] = ()
    says: str
    seen: tuple[str, ...] = ()
    means: str = ""
    do: str = ""
    paste: Pasted = ()
    places: tuple[Line, ...] = ()
    also: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    waived: Waived | None = None

    @property
    def id(self) -> str:
        """Stable across runs: code and subject."""
        return f"{self.code}:{self.subject}"


class Status(StrEnum):
    """The three answers of a rule."""

    FIRES = "fires"
    PASSES = "passes"
    INCONCLUSIVE = "inconclusive"


class Judgement(Struct, frozen=True, kw_only=True):
    """The answer of one rule. `reason` says why it could not be judged, and what would tell."""

    code: str
    name: str
    status: Status
    findings: tuple[Finding, ...] = ()
    reason: str | None = None
