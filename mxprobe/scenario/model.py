"""A story as values: what a scenario file says once it is read. `line` is where it stands in the file, for verdicts.

Names of hosts are complete ("mx1.example.test"), addresses of people too. Times are seconds from the story's start.
"""

from enum import StrEnum

from msgspec import Struct

from mxprobe.facts.run import TlsUse
from mxprobe.mx.mtasts import Policy, policy_host
from mxprobe.scenario.faults.fault import FaultUse
from mxprobe.scenario.operators import is_one_service

DNS = "dns"
"""The word by which steps name the domain's name servers, all of them."""

MAILBOX = "mailbox"
"""The place where mail arrives, unless a host has a store of its own."""

POLICY_HOST = "mta-sts"
"""The word by which steps name the host that serves the domain's MTA-STS policy."""


REAL_MAILERS = ("postfix", "exim", "opensmtpd", "sendmail")
"""The mailers that can stand in a story themselves, as its sender or as a host."""

REAL = "real:"
"""What stands before the name of a real mailer."""


OWN = "own"
"""The label of the sender that a story's own command hands messages to: a mailer of which nothing is known."""


def modelled_name(sender: str) -> str:
    """The label of the sender that a real one is judged as: `exim+may` for `real:exim+may`."""
    return sender.removeprefix(REAL)


def profile_of(sender: str) -> str:
    """The label of the profile that stands for a sender where one is needed: for an own mailer the reference's."""
    return "rfc5321" if sender == OWN else modelled_name(sender)


class Own(Struct, frozen=True, kw_only=True):
    """Programs of the user's own, each a list of words: what hands a message to their mailer, and the mailer itself.

    `inject` is run once for each message; `start`, where it is named, runs as long as the play, and is ready when
    something listens at the TCP port `listens` (0: at once).
    """

    inject: tuple[str, ...]
    start: tuple[str, ...] = ()
    listens: int = 0
    line: int = 0


class HostSpec(Struct, frozen=True, kw_only=True):
    """A host that differs from the default. `recipients` None: those of the story; `any_recipient`: it takes all.

    Hosts of one `site` fail together; `lifetime` is how long its queue keeps a message, in seconds (None: as its
    profile does). `hands_on` is the host that gets all its mail, whatever the MX records say; `store` the name of a
    mailbox of its own, where mail stays; `verifies` the host that it asks whether a recipient exists; `tlsa` has the
    numbers of the TLSA record that promises its certificate ("3 1 1"). `outside` says that no MX record names it,
    `rogue` that it is not the owner's. `real` names the mailer that stands in its place ("postfix"), `own` is the
    command of the user's program that does.
    """

    name: str
    recipients: tuple[str, ...] | None = None
    any_recipient: bool = False
    profile: str = "rfc5321"
    lifetime: float | None = None
    site: str = ""
    always: tuple[FaultUse, ...] = ()
    hands_on: str = ""
    store: str = ""
    verifies: str = ""
    tlsa: str = ""
    outside: bool = False
    rogue: bool = False
    real: str = ""
    own: tuple[str, ...] = ()
    line: int = 0


class Happening(StrEnum):
    """What a step can wait for."""

    HOLDS = "holds"
    TRIED = "tried"
    ACCEPTED = "accepted"
    ARRIVED = "arrived"
    BOUNCED = "bounced"


class When(Struct, frozen=True, kw_only=True):
    """What a step waits for: a queue that `holds` so many messages, or something of a message, so many `times`.

    `who` is the queue's host, the host that is tried or accepts, the place of arrival, or who bounces.
    """

    what: Happening
    who: str
    message: str = ""
    times: int = 1


class Step(Struct, frozen=True, kw_only=True):
    """What all steps have: `at` counts from the story's start.

    Where a step `follows`, `at` counts from the moment when the step above it has come and `when` has happened.
    """

    at: float
    follows: bool = False
    when: When | None = None
    line: int = 0


class Send(Step, frozen=True, kw_only=True, tag="send"):
    """The sender under test gets a message, `count` of them, `every` seconds apart, of `size` octets (0: few)."""

    name: str
    to: tuple[str, ...]
    mail_from: str
    count: int = 1
    every: float = 0.0
    size: int = 0

    def names(self) -> tuple[str, ...]:
        """The names of its messages: the step's own, or numbered from 1."""
        if self.count == 1:
            return (self.name,)
        return tuple(f"{self.name}-{number}" for number in range(1, self.count + 1))


class Break(Step, frozen=True, kw_only=True, tag="break"):
    """Hosts, parts of them (see `reference`), or DNS get a fault, for `lasts` seconds (None: until mended)."""

    hosts: tuple[str, ...]
    use: FaultUse
    lasts: float | None = None


class Mend(Step, frozen=True, kw_only=True, tag="mend"):
    """Every fault that steps gave to these hosts, or to these parts of them, ends."""

    hosts: tuple[str, ...]


class Publish(Step, frozen=True, kw_only=True, tag="publish"):
    """New MX records, on all name servers or on those of `servers`, or a new MTA-STS policy under a new id.

    None is what stays as it was; `ttl` in seconds.
    """

    mx: tuple[tuple[int, str], ...] | None = None
    ttl: float | None = None
    mta_sts: Policy | None = None
    servers: tuple[str, ...] = ()


class Probe(Step, frozen=True, kw_only=True, tag="probe"):
    """The domain is looked at, as `mxprobe probe` does, and these recipients are asked for; `name` is the look's."""

    name: str
    recipients: tuple[str, ...] = ()


class Prove(Step, frozen=True, kw_only=True, tag="prove"):
    """It is proven whether mail over each MX host arrives, as `mxprobe prove` does; `name` is the look's.

    `unknown` is a recipient who is not there, "" for none; `watch` the seconds for which copies are looked for; `down`
    the hosts that are known to be down, which are not written to.
    """

    name: str
    recipient: str
    unknown: str = ""
    watch: float = 1800.0
    down: tuple[str, ...] = ()


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


class Rounds(Struct, frozen=True, kw_only=True):
    """How many passes over the chain the sender makes: `least` at least, `most` at most (None: any number)."""

    least: int = 1
    most: int | None = None


class Expectation(Struct, frozen=True, kw_only=True):
    """How a message, or one recipient's copy of it, ends: exactly one of `arrived`, `bounced`, `queued`, `lost`.

    `tried` are the hosts of a round in order, each place with its alternatives; `accepted` the hosts of which one takes
    it (empty: not said). `never` are hosts that nobody, a relay no more than the sender, may offer it to; `tls` is how
    its content travels whenever the sender hands it over; `shares` says that the hosts of the first place of `tried`
    are asked first equally often.
    """

    message: str
    recipient: str | None = None
    arrived: Arrived | None = None
    bounced: Bounced | None = None
    queued: str | None = None
    lost: bool = False
    tried: tuple[tuple[str, ...], ...] | None = None
    accepted: tuple[str, ...] = ()
    rounds: Rounds | None = None
    never: tuple[str, ...] = ()
    tls: TlsUse | None = None
    shares: bool = False
    line: int = 0


class QueueExpectation(Struct, frozen=True, kw_only=True):
    """The queue of a host is empty by then (None: at the end)."""

    host: str
    before: float | None = None
    line: int = 0


class Order(Struct, frozen=True, kw_only=True):
    """Messages arrive in this order: every copy of one before the first copy of the next."""

    messages: tuple[str, ...]
    line: int = 0


class ExpectedFinding(Struct, frozen=True, kw_only=True):
    """A finding that must come; `name` is that of its rule where the file says it."""

    code: str
    name: str = ""
    line: int = 0


class LookExpectation(Struct, frozen=True, kw_only=True):
    """The warnings and errors that a look finds, and no others; of a proof also what is `proven` of hosts, by name."""

    look: str
    findings: tuple[ExpectedFinding, ...] = ()
    proven: tuple[tuple[str, str], ...] = ()
    line: int = 0


class Expectations(Struct, frozen=True, kw_only=True):
    """All that is said under one `expect`."""

    messages: tuple[Expectation, ...] = ()
    looks: tuple[LookExpectation, ...] = ()
    queues: tuple[QueueExpectation, ...] = ()
    findings: tuple[ExpectedFinding, ...] = ()
    order: Order | None = None


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
    MX hosts that have none; `zone_path` is the file of a zone that it is played over. `missing` is the role that the
    story needs and nobody there has: it cannot be played. `signed`: the zones have DNSSEC signatures, and the mailers'
    resolvers validate; `hashed`: absence is proven by NSEC3. `own` names the programs behind the sender `own`.
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
    ttl: float = 3600.0
    nameservers: tuple[str, ...] = ("ns",)
    mta_sts: Policy | None = None
    hosts: tuple[HostSpec, ...] = ()
    zone: str = ""
    homes: tuple[tuple[str, tuple[str, ...]], ...] = ()
    absent: tuple[str, ...] = ()
    zone_path: str = ""
    missing: str = ""
    signed: bool = False
    hashed: bool = False
    own: Own | None = None
    differs: tuple[Difference, ...] = ()

    @property
    def chain(self) -> tuple[tuple[int, str], ...]:
        """Preference and name of every host at the story's start, best first; the domain itself without MX."""
        if not self.mx:
            return ((0, self.domain),) if not self.zone or self.domain in dict(self.homes) else ()
        return tuple(
            sorted((preference, name) for preference, name in self.mx if name != "." and name not in self.absent)
        )

    @property
    def chains(self) -> tuple[tuple[tuple[int, str], ...], ...]:
        """The chain at the start, and those that steps publish."""
        published = (step.mx for step in self.steps if isinstance(step, Publish) and step.mx is not None)
        return (self.chain, *(tuple(sorted(pair for pair in mx if pair[1] != ".")) for mx in published))

    def spec(self, host: str) -> HostSpec:
        """What is said of a host, or the defaults."""
        return next((spec for spec in self.hosts if spec.name == host), HostSpec(name=host))

    @property
    def machines(self) -> tuple[str, ...]:
        """Every host that is staged, once: those of the chains, others with addresses in the zone, those outside."""
        named = (name for chain in self.chains for _, name in chain)
        outside = (spec.name for spec in self.hosts if spec.outside)
        policy = (self.policy_host,) if self.policy_host else ()
        return tuple(dict.fromkeys((*named, *(name for name, _ in self.homes), *outside, *policy)))

    def is_real(self, sender: str) -> bool:
        """Whether a play by this sender needs real mailers, as the sender or as hosts."""
        return sender == OWN or sender.startswith(REAL) or any(spec.real or spec.own for spec in self.hosts)

    @property
    def policy_host(self) -> str:
        """The host that serves the domain's MTA-STS policy; empty where it never has one."""
        published = (step.mta_sts for step in self.steps if isinstance(step, Publish))
        return policy_host(self.domain) if any((self.mta_sts, *published)) else ""

    @property
    def breaks(self) -> tuple[Break, ...]:
        """The steps that break something."""
        return tuple(step for step in self.steps if isinstance(step, Break))

    @property
    def letters(self) -> dict[str, str]:
        """The name of every message, with that of the step that sends it."""
        return {name: step.name for step in self.steps if isinstance(step, Send) for name in step.names()}

    def short(self, host: str) -> str:
        """A host's name, or a reference to a part of it, as the story says it: without the domain it lies in."""
        name, slash, part = host.partition("/")
        return (name.removesuffix(f".{self.domain}") if name != self.domain else name) + slash + part

    def keeps_mail(self, host: str) -> bool:
        """Whether mail stays where the host has taken it.

        It does at the best preference of any chain, at hosts of the same provider, at a host outside the chains, and
        at one with a store of its own.
        """
        spec = self.spec(host)
        if spec.hands_on or spec.store:
            return not spec.hands_on
        if any(not chain or host in mailboxes(chain, self.domain) for chain in self.chains):
            return True
        return all(name != host for chain in self.chains for _, name in chain)

    def store(self, host: str) -> str:
        """The name of the mailbox in which a host keeps mail."""
        return self.spec(host).store or MAILBOX


def mailboxes(chain: tuple[tuple[int, str], ...], domain: str) -> tuple[str, ...]:
    """The hosts of a chain that keep mail: those of the best preference, and what else their provider has in it."""
    best = [name for preference, name in chain if preference == chain[0][0]]
    return tuple(
        name for _, name in chain if name in best or any(is_one_service(name, other, domain) for other in best)
    )
