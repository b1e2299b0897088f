"""One look at one domain: what was asked, what was answered, who was visited. Text for people says "saved probe".

The MX chain is not kept here: it follows from the answers, and is worked out again by today's code.
"""

from enum import StrEnum

from msgspec import Struct

from mxprobe.facts.dns import Answer, AuthorityAnswer, Question, RecordType, Validation
from mxprobe.facts.matrix import AskedAbout
from mxprobe.facts.policy import PolicyFetch
from mxprobe.facts.session import Endpoint, Session

SNAPSHOT_SCHEMA = 1

STANDARD_INPUT = "standard input"
"""Stands for the path of a zone file that has none."""


class Vantage(Struct, frozen=True, kw_only=True):
    """From where and how it was looked: EHLO name, envelope sender, name server, source address, limits (seconds), the
    most DNS queries, and the port at which a zone's own name servers were asked. `dkim_selectors` and `dnsbls` are the
    selectors and lists that a person named, `bogus_name` is a name whose signatures do not hold, by which resolvers
    that validate are told ("": the root alone tells; None: nobody asks)."""

    helo: str
    mail_from: str = ""
    nameservers: tuple[str, ...] = ()
    source: str | None = None
    families: tuple[int, ...] = (4, 6)
    port: int = 25
    timeout: float = 60.0
    attempts: int = 3
    spacing: float = 20.0
    budget: int = 200
    dkim_selectors: tuple[str, ...] = ()
    dnsbls: tuple[str, ...] = ()
    authority_port: int = 53
    bogus_name: str | None = None


class NotVisited(StrEnum):
    """Why an address was not dialled."""

    SPECIAL_USE = "special-use"
    FAMILY_NOT_ASKED = "family-not-asked"
    DNS_ONLY = "dns-only"
    INTERRUPTED = "interrupted"
    DRY_RUN = "dry-run"
    EXCLUDED = "excluded"
    TOO_MANY = "too-many"


class Visit(Struct, frozen=True, kw_only=True):
    """One address of the chain, and every attempt to speak with it, oldest first.

    `again` is the session in which a patient look put questions once more: those of the snapshot's `asked_about` with
    the numbers `asked_again`.
    """

    endpoint: Endpoint
    preference: int
    sessions: tuple[Session, ...] = ()
    not_visited: NotVisited | None = None
    again: Session | None = None
    asked_again: tuple[int, ...] = ()


class Control(Struct, frozen=True, kw_only=True):
    """A connection to a host of somebody else, to tell "your port 25 is blocked" from "they are down"."""

    endpoint: Endpoint
    session: Session


class ZoneLine(Struct, frozen=True, kw_only=True):
    """One record of a zone file that mail needs: where it begins, and that line as it stands, cut where it is long.

    `name` is the name that it answers for: a wildcard's line has that of the host. `data` is the host that the record
    names, or its address, or what else it says.
    """

    name: str
    rrtype: str
    data: str
    line: int
    text: str


class ZoneSource(Struct, frozen=True, kw_only=True):
    """A master file that was read in place of the DNS; `path` as it was named, or `STANDARD_INPUT`.

    `lines` are the records that the answers are made of, of `records` in the file (0: an older probe did not count).
    """

    path: str
    lines: tuple[ZoneLine, ...] = ()
    records: int = 0


class Snapshot(Struct, frozen=True, kw_only=True):
    """One look. `started_at` seconds since 1970 UTC, `elapsed` seconds; `asked` is what the person typed.

    `zone` is set where a zone file was read: then nobody was asked anything, and no host was dialled. `policy` is the
    MTA-STS policy as it was fetched, `asked_for` the families of facts that were wanted beside the chain (an older
    probe has none), `unasked` what the budget of queries did not reach, `queries` how many were sent, again ones too.
    `authorities` is what the zones' own name servers said, `validations` what our own validator made of answers (empty:
    it was not asked to; then `authenticated` of an answer is all that is known). `planned` are addresses of hosts
    that a migration names and the MX records do not, with the preference that they are to have or had.
    """

    schema: int = SNAPSHOT_SCHEMA
    domain: str
    asked: str
    version: str
    started_at: float
    elapsed: float
    vantage: Vantage
    recipients: tuple[str, ...] = ()
    answers: tuple[Answer, ...] = ()
    visits: tuple[Visit, ...] = ()
    controls: tuple[Control, ...] = ()
    complete: bool = True
    zone: ZoneSource | None = None
    asked_about: AskedAbout | None = None
    policy: PolicyFetch | None = None
    asked_for: tuple[str, ...] = ()
    unasked: tuple[Question, ...] = ()
    queries: int = 0
    authorities: tuple[AuthorityAnswer, ...] = ()
    validations: tuple[Validation, ...] = ()
    planned: tuple[Visit, ...] = ()

    @property
    def mx(self) -> Answer | None:
        """The answer to the domain's MX question, None where it was not asked."""
        for answer in self.answers:
            if answer.question.rrtype is RecordType.MX and answer.question.name == self.domain:
                return answer
        return None

    @property
    def all_visits(self) -> tuple[Visit, ...]:
        """Visits to the chain, and to hosts that a migration names beside it."""
        return (*self.visits, *self.planned)

    @property
    def round_trips(self) -> int:
        """Waits for a peer in all sessions together."""
        return sum(session.round_trips for session in self.sessions)

    @property
    def sessions(self) -> tuple[Session, ...]:
        """Every session with an address of the chain."""
        return tuple(
            session
            for visit in self.visits
            for session in (*visit.sessions, *((visit.again,) if visit.again is not None else ()))
        )
