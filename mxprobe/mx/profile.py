"""A mailer as data: where it departs from the outcome table, its limits, timeouts, retries and TLS policy.

A profile never has code; what cannot be said here is missing from the table's vocabulary. Every deviating cell carries
its evidence, graded: measured against a running mailer, read in its source, or read in its documentation.
"""

from enum import StrEnum

from msgspec import Struct

from mxprobe.mx.cells import CELLS
from mxprobe.mx.outcome import Action, Kind, Scope, TlsPolicy
from mxprobe.mx.retry import Schedule


class Grade(StrEnum):
    """How well a statement about a mailer is known, best first."""

    MEASURED = "measured"
    SOURCE = "source"
    DOCUMENTATION = "documentation"


class Deviation(Struct, frozen=True, kw_only=True):
    """One cell where the mailer does something else than the reference.

    `kind` None leaves the cell's own; `until` limits the deviation to messages younger than so many seconds in the
    queue, `under` to senders of one TLS policy; `because` is one clause for people, `evidence` says where it was seen.
    """

    cell: str
    action: Action
    kind: Kind | None = None
    until: float | None = None
    under: TlsPolicy | None = None
    because: str
    grade: Grade
    evidence: str


class Timeouts(Struct, frozen=True, kw_only=True):
    """The longest wait of each phase, in seconds (RFC 5321 §4.5.3.2 gives the least of them)."""

    connect: float
    banner: float = 300.0
    ehlo: float = 300.0
    starttls: float = 300.0
    tls: float = 300.0
    mail: float = 300.0
    rcpt: float = 300.0
    data: float = 120.0
    body: float = 180.0
    dot: float = 600.0
    quit: float = 300.0


class Limits(Struct, frozen=True, kw_only=True):
    """How far a mailer walks the chain in one round; None is no limit.

    `one_answer_per_host`: the further addresses of a host are for connections that fail, and not tried once it has
    answered. `one_more_per_preference`: past `addresses`, one address of each preference not yet reached is still
    tried. `addresses_per_host` are the first that the resolver gave; `families` are those that it connects to at all.
    """

    addresses: int | None = None
    sessions: int | None = None
    hosts: int | None = None
    addresses_per_host: int | None = None
    families: tuple[int, ...] = (4, 6)
    one_more_per_preference: bool = False
    one_answer_per_host: bool = False


class Shuffle(StrEnum):
    """What is put in random order among equal preferences: whole hosts, or single addresses."""

    NAMES = "names"
    ADDRESSES = "addresses"


class Memory(Struct, frozen=True, kw_only=True):
    """What a mailer remembers of a host between messages: `after` so many attempts in a row that ended in these `cells`
    it does not try the address again for so many `seconds`, whatever the message."""

    cells: frozenset[str]
    seconds: float
    after: int = 1
    grade: Grade
    evidence: str


class Known(Struct, frozen=True, kw_only=True):
    """The cells in which a mailer is known to follow the reference, graded and with evidence as where it departs."""

    cells: frozenset[str]
    grade: Grade
    evidence: str


def named(cells: str) -> frozenset[str]:
    """The cells whose names stand in a line of text."""
    return frozenset(cells.split())


class Ruling(Struct, frozen=True, kw_only=True):
    """What a mailer does at a cell, and on what evidence (None: it follows the reference)."""

    cell: str
    action: Action
    scope: Scope
    kind: Kind
    deviation: Deviation | None = None


class Profile(Struct, frozen=True, kw_only=True):
    """One mailer. `name` is what files say, `title` what reports say, `version` what the evidence is about.

    `ipv6_first`: of a host's addresses those of IPv6 come first, whatever order the resolver gave. `known`: a cell that
    is neither there nor among the deviations is taken for the reference's without evidence; None where nobody has
    listed them. `apart` names the measured cases that the profile does not predict, each with the reason.
    """

    name: str
    title: str
    version: str
    timeouts: Timeouts
    schedule: Schedule
    deviations: tuple[Deviation, ...] = ()
    limits: Limits = Limits()
    shuffle: Shuffle = Shuffle.NAMES
    tls: TlsPolicy = TlsPolicy.MAY
    ipv6_first: bool = False
    memory: Memory | None = None
    known: Known | None = None
    apart: tuple[tuple[str, str], ...] = ()

    def ruling(self, cell: str, policy: TlsPolicy, queued_for: float = 0.0) -> Ruling:
        """What this mailer does at `cell` for a message that is `queued_for` seconds old. KeyError for no such cell."""
        reference = CELLS[cell]
        found = self.deviation(cell, queued_for, policy)
        if found is None:
            action = reference.action_under(policy)
            return Ruling(cell=cell, action=action, scope=reference.scope, kind=reference.kind)
        kind = found.kind or reference.kind
        return Ruling(cell=cell, action=found.action, scope=reference.scope, kind=kind, deviation=found)

    def deviation(self, cell: str, queued_for: float = 0.0, policy: TlsPolicy | None = None) -> Deviation | None:
        """The deviation in force at `cell`, None where the mailer follows the reference; `policy` None: its own."""
        for deviation in self.deviations:
            young = deviation.until is None or queued_for < deviation.until
            if deviation.cell == cell and young and deviation.under in (None, policy or self.tls):
                return deviation
        return None

    def grade_of(self, cell: str, policy: TlsPolicy | None = None) -> Grade | None:
        """How well it is known what the mailer does at `cell`; None where it is not, or where nobody has said so."""
        found = self.deviation(cell, policy=policy)
        if found is not None:
            return found.grade
        return self.known.grade if self.known is not None and cell in self.known.cells else None

    @property
    def last_host_counts(self) -> bool:
        """Whether a refusal by the last host tried is final although another host may do later (cell E1)."""
        return self.ruling("E1", self.tls).action is Action.BOUNCE


def describe(profile: Profile, cell: str) -> str:
    """What the mailer does at `cell`, in the words of a report: "next host; last host: wait"."""
    ruling = profile.ruling(cell, profile.tls)
    if ruling.action is not Action.NEXT:
        return ruling.action.words
    if ruling.kind is Kind.REFUSED:
        last = "last host: bounce" if profile.last_host_counts else "when every host says so: bounce"
    else:
        last = "last host: wait"
    return f"{ruling.action.words}; {last}"
