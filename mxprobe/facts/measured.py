"""What a real mailer did, case by case: the attempts in their order, how each ended, and what became of the message.

Hosts are named as in the case's story. Nothing here knows how the case was staged: a measurement can be compared with
another mailer's, and with what a profile predicts, years later.
"""

from enum import StrEnum

from msgspec import Struct

MEASURED_SCHEMA = 1


class Outcome(StrEnum):
    """What became of one recipient's copy as long as it was watched."""

    DELIVERED = "delivered"
    DEFERRED = "deferred"
    BOUNCED = "bounced"


class Tried(Struct, frozen=True, kw_only=True):
    """One attempt at one address: in which round, at which host, and the cell that it ended in (None: nobody saw)."""

    round: int
    host: str
    cell: str | None = None


class Copy(Struct, frozen=True, kw_only=True):
    """One recipient's copy of one message: its road, and where it came to.

    `accepted` is the host that took it, `arrived` how many copies were stored; `status` is that of a bounce; `tls` how
    its content travelled to the host that took it; `seconds` of story time passed from sending to the end.
    """

    message: str
    recipient: str
    outcome: Outcome
    tried: tuple[Tried, ...] = ()
    accepted: str | None = None
    arrived: int = 0
    status: str | None = None
    tls: str | None = None
    seconds: float = 0.0


class Measured(Struct, frozen=True, kw_only=True):
    """One case: its name, the group it belongs to, the sender's TLS policy, the rounds watched, and every copy."""

    case: str
    group: str
    policy: str
    rounds: int
    copies: tuple[Copy, ...]


class Measurement(Struct, frozen=True, kw_only=True):
    """A suite played by one mailer. `settings` are those that differ from what it is shipped with.

    `pace` is how much faster than real time the stories went. `drawn` is the seed of cases that were drawn, empty for
    the suite itself; it contains the fingerprint of the profile that stood when they were.
    """

    schema: int = MEASURED_SCHEMA
    kind: str = "measured"
    mailer: str
    version: str
    settings: tuple[tuple[str, str], ...]
    pace: float
    drawn: str = ""
    cases: tuple[Measured, ...] = ()
