"""A survey: many domains looked at, each distinct endpoint visited once. Who is asked what, and what came of it.

These values travel between processes and machines, so that they are small and know nothing of files or sockets. Times
called `due` and `started_at` are seconds since 1970 UTC; spans are seconds.

Standards: RFC 9511 (attribution: those who are looked at can see who looks).
"""

from enum import StrEnum

from msgspec import Struct

from mxprobe.facts.dns import Answer
from mxprobe.facts.session import Endpoint, Session, Turn
from mxprobe.facts.snapshot import Vantage


class Depth(StrEnum):
    """How far a survey goes with each domain, in this order: names alone, the banner, EHLO, STARTTLS, RCPT."""

    DNS = "dns"
    CONNECT = "connect"
    EHLO = "ehlo"
    TLS = "tls"
    RCPT = "rcpt"

    def reaches(self, other: "Depth") -> bool:
        """Whether what belongs to the `other` depth is asked at this one."""
        return _RANKS[self] >= _RANKS[other]


_RANKS = {depth: rank for rank, depth in enumerate(Depth)}


class Entry(Struct, frozen=True, kw_only=True):
    """One domain of the list: its `number` from 0, its A-label, how it was typed, and the recipients named with it."""

    number: int
    domain: str
    asked: str
    recipients: tuple[str, ...] = ()


class Manner(Struct, frozen=True, kw_only=True):
    """How a survey looks. `wishes` are the families of facts (`mx.wishes`) that are asked for beside the chain.

    `helo` None: each host is told the literal of the address we come from. `owned`: whoever surveys says that the
    domains are theirs, so that RCPT needs no consent record. `excluded` are names (each with what is below it) and
    networks that are left alone. `lookups_at_once` and `sessions_at_once` are for each process; `per_operator` sessions
    at most are open with one operator (0: no limit), and `spacing` seconds lie between the starts of two of them.
    `merged` False visits the endpoints of each domain anew, for comparison. `judged` False keeps what was seen alone:
    no rules, no forecast.
    """

    depth: Depth
    vantage: Vantage
    helo: str | None = None
    wishes: tuple[str, ...] = ("mta-sts", "tlsa")
    owned: bool = False
    allow_special: bool = False
    excluded: tuple[str, ...] = ()
    cafile: str | None = None
    lookups_at_once: int = 500
    sessions_at_once: int = 1000
    per_operator: int = 8
    spacing: float = 0.1
    merged: bool = True
    judged: bool = True


class Named(Struct, frozen=True, kw_only=True):
    """What the DNS said of one entry."""

    entry: Entry
    started_at: float
    elapsed: float
    answers: tuple[Answer, ...]
    queries: int = 0


class Asked(Struct, frozen=True, kw_only=True, order=True):
    """Whom an endpoint is asked about for one entry: recipients, under a sender (empty: the null sender)."""

    number: int
    sender: str = ""
    recipients: tuple[str, ...] = ()


class Told(Struct, frozen=True, kw_only=True):
    """What an endpoint answered for one entry: its MAIL, RCPT and RSET turns, of the session with that number.

    Without turns: the entry was not asked about, or the session ended before an answer came.
    """

    number: int
    session: int
    turns: tuple[Turn, ...]


class Errand(Struct, frozen=True, kw_only=True):
    """A visit to make. `key` names it: the endpoint's id, and more where endpoints are not merged.

    `rank` is the place of its tier in the chain, 0 for the best preference of any domain that names it. `asks` are
    the recipients that wait for it. `sessions` are the attempts so far, `told` what was answered in them. `place` is
    the vantage point that makes it, "" where there is one alone.
    """

    key: str
    endpoint: Endpoint
    operator: str
    rank: int = 0
    asks: tuple[Asked, ...] = ()
    sessions: tuple[Session, ...] = ()
    told: tuple[Told, ...] = ()
    place: str = ""


class Visited(Struct, frozen=True, kw_only=True):
    """An errand that is done: every attempt, oldest first, without the turns of envelopes, which are in `told`.

    `throttled`: the operator made us slow down, and the last attempt was still put off.
    """

    key: str
    sessions: tuple[Session, ...]
    told: tuple[Told, ...] = ()
    throttled: bool = False
    place: str = ""


class PutOff(Struct, frozen=True, kw_only=True):
    """An errand to be made again, at `due` at the earliest."""

    errand: Errand
    due: float


class Pace(Struct, frozen=True, kw_only=True):
    """What was learnt of an operator: sessions at once, seconds between two starts, and until when nobody dials it.

    `throttled` is how often it made us slower, `in_a_row` how often since a session went well, `fine` how many went
    well since it changed.
    """

    operator: str
    at_once: int
    spacing: float
    rests_until: float = 0.0
    throttled: int = 0
    in_a_row: int = 0
    fine: int = 0
    place: str = ""
