"""A story as values: what a scenario file says once it is read. `line` is where it stands in the file, for verdicts.

Names of hosts are complete ("mx1.example.test"), addresses of people too. Times are seconds from the story's start.
"""

from msgspec import Struct

from mxprobe.scenario.faults.fault import FaultUse

DNS = "dns"
"""The word by which steps name the domain's name servers."""


class HostSpec(Struct, frozen=True, kw_only=True):
    """A host that differs from the default. `recipients` None: those of the story; `any_recipient`: it takes all.

    Hosts of one `site` fail together; `lifetime` is how long its queue keeps a message, in seconds (None: as its
    profile does).
    """

    name: str
    recipients: tuple[str, ...] | None = None
    any_recipient: bool = False
    profile: str = "rfc5321"
    lifetime: float | None = None
    site: str = ""
    always: tuple[FaultUse, ...] = ()
    line: int = 0


class Send(Struct, frozen=True, kw_only=True, tag="send"):
    """The sender under test gets a message: `count` of them, `every` seconds apart."""

    at: float
    name: str
    to: tuple[str, ...]
    mail_from: str
    count: int = 1
    every: float = 0.0
    line: int = 0

    def names(self) -> tuple[str, ...]:
        """The names of its messages: the step's own, or numbered from 1."""
        if self.count == 1:
            return (self.name,)
        return tuple(f"{self.name}-{number}" for number in range(1, self.count + 1))


class Break(Struct, frozen=True, kw_only=True, tag="break"):
    """Hosts (or DNS) get a fault, until `ends` (None: until mended)."""

    at: float
    hosts: tuple[str, ...]
    use: FaultUse
    ends: float | None = None
    line: int = 0


class Mend(Struct, frozen=True, kw_only=True, tag="mend"):
    """Every fault that steps gave to these hosts ends."""

    at: float
    hosts: tuple[str, ...]
    line: int = 0


Step = Send | Break | Mend


class Arrived(Struct, frozen=True, kw_only=True):
    """Stored: `place` is "mailbox" or a host; `copies` exactly so many; all within the times."""

    place: str
    copies: int = 1
    after: float | None = None
    before: float | None = None


class Bounced(Struct, frozen=True, kw_only=True):
    """Given back to its sender by `by` ("sender" or a host), with this status where one is named."""

    by: str
    status: str | None = None
    after: float | None = None
    before: float | None = None


class Expectation(Struct, frozen=True, kw_only=True):
    """How a message, or one recipient's copy of it, ends: exactly one of `arrived`, `bounced`, `queued`, `lost`.

    `tried` are the hosts of a round in order, each place with its alternatives; `accepted` the hosts of which one takes
    it (empty: not said).
    """

    message: str
    recipient: str | None = None
    arrived: Arrived | None = None
    bounced: Bounced | None = None
    queued: str | None = None
    lost: bool = False
    tried: tuple[tuple[str, ...], ...] | None = None
    accepted: tuple[str, ...] = ()
    rounds: int | None = None
    line: int = 0


class QueueExpectation(Struct, frozen=True, kw_only=True):
    """The queue of a host is empty by then (None: at the end)."""

    host: str
    before: float | None = None
    line: int = 0


class ExpectedFinding(Struct, frozen=True, kw_only=True):
    """A finding that must come; `name` is that of its rule where the file says it."""

    code: str
    name: str = ""
    line: int = 0


class Expectations(Struct, frozen=True, kw_only=True):
    """All that is said under one `expect`."""

    messages: tuple[Expectation, ...] = ()
    queues: tuple[QueueExpectation, ...] = ()
    findings: tuple[ExpectedFinding, ...] = ()


class Difference(Struct, frozen=True, kw_only=True):
    """What some senders do instead, and the cell of the outcome table where they depart."""

    senders: tuple[str, ...]
    cell: str
    because: str
    expect: Expectations
    line: int = 0


class Scenario(Struct, frozen=True, kw_only=True):
    """One story. `mx` pairs of preference and complete name; "." is the null MX; empty: the domain is its own host.

    With a `zone` (master-file text) `mx` is what it says, `homes` are the addresses of its hosts, `absent` the names of
    MX hosts that have none. `signed`: the zones have DNSSEC signatures, and the mailers' resolvers validate.
    """

    path: str
    story: str
    standard: str
    domain: str
    mx: tuple[tuple[int, str], ...]
    recipients: tuple[str, ...]
    senders: tuple[str, ...]
    steps: tuple[Step, ...]
    expect: Expectations
    hosts: tuple[HostSpec, ...] = ()
    zone: str = ""
    homes: tuple[tuple[str, tuple[str, ...]], ...] = ()
    absent: tuple[str, ...] = ()
    signed: bool = False
    differs: tuple[Difference, ...] = ()

    @property
    def chain(self) -> tuple[tuple[int, str], ...]:
        """Preference and name of every host, best first; the domain itself where there is no MX."""
        if not self.mx:
            return ((0, self.domain),) if not self.zone or self.domain in dict(self.homes) else ()
        return tuple(
            sorted((preference, name) for preference, name in self.mx if name != "." and name not in self.absent)
        )

    def spec(self, host: str) -> HostSpec:
        """What is said of a host, or the defaults."""
        return next((spec for spec in self.hosts if spec.name == host), HostSpec(name=host))

    @property
    def machines(self) -> tuple[str, ...]:
        """Every host that is staged, once: those of the chain, then others that have addresses in the zone."""
        return tuple(dict.fromkeys((*(name for _, name in self.chain), *(name for name, _ in self.homes))))

    def short(self, host: str) -> str:
        """A host's name as the story says it: without the domain, where it lies in it."""
        return host.removesuffix(f".{self.domain}") if host != self.domain else host

    def keeps_mail(self, host: str) -> bool:
        """Whether mail stays where the host has taken it: at the best preference, and at a host outside the chain."""
        chain = self.chain
        return not chain or (chain[0][0], host) in chain or all(name != host for _, name in chain)
