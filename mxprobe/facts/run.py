"""One play of one story by one sender: events in order, sessions as the hosts saw them, decisions, conditions, verdict.

Times are seconds of story time from its start. Hosts are named as in the story. Nothing here knows scenarios: rules
judge runs by these values alone.
"""

from enum import StrEnum

from msgspec import Struct

from mxprobe.facts.finding import Finding
from mxprobe.facts.judged import Judged
from mxprobe.facts.session import Session

RUN_SCHEMA = 1


class EventKind(StrEnum):
    """What can happen to a story or to one recipient's copy of a message."""

    BREAK = "break"
    MEND = "mend"
    PUBLISH = "publish"
    PROBE = "probe"
    SENT = "sent"
    TRIED = "tried"
    ACCEPTED = "accepted"
    ARRIVED = "arrived"
    REFUSED = "refused"
    WAITS = "waits"
    BOUNCED = "bounced"
    QUEUED = "queued"
    LOST = "lost"
    VANISHED = "vanished"


class TlsUse(StrEnum):
    """How a message's content travelled from one mailer to the next."""

    NONE = "none"
    UNVERIFIED = "unverified"
    VERIFIED = "verified"


class WorldKind(StrEnum):
    """Where a story was played: in memory with a clock that jumps, or on real loopback sockets."""

    MEMORY = "memory"
    LOOPBACK = "loopback"


class Event(Struct, frozen=True, kw_only=True):
    """One line of the story. `who` did it (`sender`, a host, `story`); `host` is the other side, where there is one.

    `message` and `recipient` name the copy it is about; `session` numbers the session in the run; `line` is the line
    of the scenario file that caused it; `text` is for people, remote words in quotes; `status` the enhanced status
    code of a bounce; `round` the sender's pass over the chain, from 1; `cell` the cell of the outcome table; `tls` how
    the content travelled, where it was handed over (None: it was not, or nobody knows).
    """

    at: float
    kind: EventKind
    who: str
    host: str | None = None
    message: str | None = None
    recipient: str | None = None
    to: str | None = None
    text: str = ""
    status: str | None = None
    cell: str | None = None
    round: int | None = None
    session: int | None = None
    line: int | None = None
    tls: TlsUse | None = None


class Condition(Struct, frozen=True, kw_only=True):
    """A host was not itself: which fault, in which phase (None: every phase), from when to when (None: to the end).

    `part` are the addresses that were struck: `v4`, `v6`, or one address; empty: all. `hinders` says that a sender
    could not deliver there at all while it lasted; a fault that strikes only some addresses, sessions, recipients or
    certificates hinders False.
    """

    host: str
    part: str = ""
    fault: str
    phase: str | None
    begins: float
    ends: float | None
    hinders: bool


class Fate(Struct, frozen=True, kw_only=True):
    """How one recipient's copy ended, gathered from the events. Times in seconds of story time.

    `tried` holds the hosts of each round of the sender in order; `arrivals` (host, when) of every stored copy;
    `bounces` (by, when, status); `held` the queues that still keep it; `handed` (host, how it travelled) each time the
    sender handed the content over, whatever the host said to it.
    """

    message: str
    recipient: str
    sent_at: float
    tried: tuple[tuple[str, ...], ...] = ()
    accepted: tuple[tuple[str, float], ...] = ()
    arrivals: tuple[tuple[str, float], ...] = ()
    bounces: tuple[tuple[str, float, str | None], ...] = ()
    held: tuple[str, ...] = ()
    handed: tuple[tuple[str, TlsUse], ...] = ()


class Miss(Struct, frozen=True, kw_only=True):
    """One expectation that did not hold: what, on which line it stands, when the story left it, and the code of the
    finding that it is about, if any.
    """

    says: str
    line: int | None = None
    at: float | None = None
    message: str | None = None
    code: str = ""


class Verdict(Struct, frozen=True, kw_only=True):
    """Whether the story went as written."""

    misses: tuple[Miss, ...] = ()

    @property
    def passed(self) -> bool:
        """No expectation was missed."""
        return not self.misses


class Looked(Struct, frozen=True, kw_only=True):
    """What a look at the domain found, which was begun at `at` in story time; of a proof also the grades of hosts."""

    name: str
    at: float
    findings: tuple[Finding, ...] = ()
    grades: tuple[tuple[str, str], ...] = ()


class ZoneRecord(Struct, frozen=True, kw_only=True):
    """One line of the zone that a story was played over, as a cause: `about` is what it has to do with it."""

    line: int
    text: str
    about: str = ""


class Waiver(Struct, frozen=True, kw_only=True):
    """A failure that a plan allows: where it says so, why, and the last day on which it holds (2027-03-31).

    `ended` says that this day was over when the play was made, `covers` that what failed is what it allows.
    """

    path: str
    line: int
    because: str
    until: str
    ended: bool
    covers: bool


class Run(Struct, frozen=True, kw_only=True):
    """One play. `epoch` is the wall-clock moment of story time 0 (seconds since 1970 UTC), `ended` in story time.

    `chain` is that of the story's start; `protected` are the hosts that mail may only be given to over authenticated
    TLS, by an enforced MTA-STS policy or by usable TLSA records; `rogues` those that are an attacker's. `plan` is the
    file that had it played, `over` that of the zone; `causes` are the zone's lines behind a failure, `waivers` what the
    plan says of this play, needed or not. `not_played` says why the story could not be played at all. `moves` are
    those of a mailer that is not ours, judged; `slack` are the seconds by which things may come late because a real
    mailer's work takes its time while the story's clock runs faster.
    """

    schema: int = RUN_SCHEMA
    version: str
    story: str
    path: str
    domain: str
    sender: str
    seed: int
    epoch: float
    ended: float
    chain: tuple[tuple[int, str], ...] = ()
    events: tuple[Event, ...] = ()
    fates: tuple[Fate, ...] = ()
    sessions: tuple[Session, ...] = ()
    conditions: tuple[Condition, ...] = ()
    queues: tuple[tuple[str, float | None], ...] = ()
    looks: tuple[Looked, ...] = ()
    findings: tuple[Finding, ...] = ()
    verdict: Verdict | None = None
    world: WorldKind = WorldKind.MEMORY
    protected: tuple[str, ...] = ()
    rogues: tuple[str, ...] = ()
    plan: str = ""
    over: str = ""
    causes: tuple[ZoneRecord, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    not_played: str = ""
    moves: tuple[Judged, ...] = ()
    slack: float = 0.0

    @property
    def went_wrong(self) -> bool:
        """Whether it was played and did not go as written."""
        return self.verdict is not None and not self.verdict.passed

    @property
    def is_waived(self) -> bool:
        """Whether it went wrong as a waiver allows today."""
        return self.went_wrong and any(waiver.covers and not waiver.ended for waiver in self.waivers)
