"""What all faults have in common: where they strike, and how often.

A fault is one file: a frozen struct whose fields are its settings in the scenario file, with one pure method
`react(moment)`. When it strikes is the timeline's business. A fault's docstring is its page.
"""

from enum import StrEnum
from typing import ClassVar, NewType

from msgspec import Struct

from mxprobe.facts.dns import RecordType
from mxprobe.facts.smtp import Phase
from mxprobe.scenario.reaction import Moment, Reaction

Octets = NewType("Octets", int)
"""A setting that is a size: 200kB."""

ReplyText = NewType("ReplyText", str)
"""A setting that is a reply of SMTP, its code first; further lines behind line ends."""


class About(StrEnum):
    """What is struck: hosts, the domain's name servers, or what the host of its MTA-STS policy answers."""

    HOSTS = "hosts"
    NAMES = "names"
    POLICY = "policy"


class Fault(Struct, frozen=True, kw_only=True):
    """The base of all faults.

    NAME is the word in a file, ABOUT what it strikes, PHASE where unless told (None: hosts must be told), CELL the
    outcome-table cell that a sender meets (by phase where it depends), HINDERS whether no mail gets through while
    it lasts, STOPS whether the host hands nothing on either. SHORT names the setting that may stand alone:
    `{reply: 451 later}`. ALSO are the phases in which it acts beside its own. EMPTIES: as it begins, the host's queue
    is lost; that is all, it has no phase.
    """

    NAME: ClassVar[str]
    PHASE: ClassVar[Phase | None] = None
    ABOUT: ClassVar[About] = About.HOSTS
    HINDERS: ClassVar[bool] = True
    STOPS: ClassVar[bool] = False
    EMPTIES: ClassVar[bool] = False
    ALSO: ClassVar[tuple[Phase, ...]] = ()
    SHORT: ClassVar[str | None] = None

    @property
    def hinders(self) -> bool:
        """Whether no mail gets through while it lasts; a fault whose settings decide that says so itself."""
        return self.HINDERS

    def react(self, moment: Moment) -> tuple[Reaction, ...]:
        """What happens at `moment`, which is of the fault's phase or query; empty: nothing unusual."""
        raise NotImplementedError

    def cell(self, phase: Phase | None) -> str | None:
        """The outcome-table cell that a sender meets; None where it depends on the reply."""
        raise NotImplementedError


class Often(StrEnum):
    """How often a fault strikes among the moments that match it."""

    ALWAYS = "always"
    FIRST = "first"
    EVERY = "every"
    AFTER = "after"
    ODDS = "odds"


class Per(StrEnum):
    """Among which moments is counted: all of the host, those of one session, or those of one message.

    Before the final dot a host knows a message by its envelope alone.
    """

    HOST = "host"
    SESSION = "session"
    MESSAGE = "message"

    def key(self, moment: Moment) -> tuple[str, ...]:
        """What tells the moments apart that are not counted together."""
        if self is Per.SESSION:
            return (str(moment.session),)
        if self is Per.MESSAGE:
            people = moment.recipients if moment.recipient is None else (moment.recipient,)
            return (moment.message,) if moment.message else (moment.mail_from, *people)
        return ()


class Only(Struct, frozen=True, kw_only=True):
    """`first 2`, `every 3rd`, `after 100`, counted `per` host, session or message; or `1 in 4`, by chance."""

    often: Often = Often.ALWAYS
    count: int = 0
    per: Per = Per.HOST

    def strikes(self, seen: int, chance: float) -> bool:
        """Whether the moment with `seen` matches before it is struck; `chance` is a number from 0 to below 1."""
        match self.often:
            case Often.FIRST:
                return seen < self.count
            case Often.EVERY:
                return (seen + 1) % self.count == 0
            case Often.AFTER:
                return seen >= self.count
            case Often.ODDS:
                return chance * self.count < 1
            case _:
                return True


class FaultUse(Struct, frozen=True, kw_only=True):
    """A fault as a file uses it: the fault, where, and how often. `phase` None: it is about no phase of a session."""

    fault: Fault
    phase: Phase | None = None
    query: RecordType | None = None
    only: Only = Only()

    @property
    def name(self) -> str:
        """The fault's word."""
        return self.fault.NAME

    def matches(self, moment: Moment) -> bool:
        """Whether the moment is of this phase or query, or a request for the policy."""
        if moment.question is not None and self.fault.STOPS:
            return True
        match self.fault.ABOUT:
            case About.NAMES:
                return moment.question is not None and self.query in (None, moment.question.rrtype)
            case About.POLICY:
                return moment.path is not None
            case About.HOSTS:
                return moment.phase is not None and moment.phase in (self.phase, *self.fault.ALSO)

    def fits(self, about: About) -> bool:
        """Whether it can strike such a thing; the policy's host is connected to and shakes hands as all hosts do."""
        if about is About.NAMES and self.fault.STOPS:
            return True
        return self.fault.ABOUT is about or (about is About.POLICY and self.phase in (Phase.CONNECT, Phase.TLS))

    @property
    def hinders(self) -> bool:
        """Whether no mail gets through while it lasts; one that strikes now and then does not count."""
        return self.fault.hinders and self.only.often is Often.ALWAYS
