"""What a host of the lab is made with, and what it hands over: the world on one side of it, messages on the other."""

import ssl
from collections.abc import Awaitable, Callable

from msgspec import Struct, field

from mxprobe.facts.dsn import Bounce
from mxprobe.facts.finding import Finding
from mxprobe.facts.proof import Found
from mxprobe.facts.session import Session
from mxprobe.scenario.model import Prove
from mxprobe.scenario.reaction import CertificateKind, HandOn, Keep, Moment, Reaction, TlsVersion
from mxprobe.wire.resolver import Exchange, Resolver
from mxprobe.wire.send import Connect


class StoredMessage(Struct, frozen=True, kw_only=True):
    """A message that a host has taken; `token` is its name in the story, `session` the session's number at the host."""

    mail_from: str
    recipients: tuple[str, ...]
    content: bytes
    token: str | None
    at: float
    client: str
    session: int


class Lookout(Struct, frozen=True, kw_only=True):
    """From where a story's domain is looked at: its names, the way to its hosts, its wall clock and authority (PEM).
    `ask` reaches its name servers one by one, at the addresses that its zone has for them and port 53.
    `anchor` has the DS records of the root above its zones; it is empty where they are not signed.

    With `proves` it shall be proven that mail arrives: `found` gives what lies in the mailboxes, and what came back;
    `short` calls a host as the story does.
    """

    domain: str
    recipients: tuple[str, ...]
    resolver: Resolver
    ask: Exchange
    connect: Connect
    wall: Callable[[], float]
    port: int
    authority_pem: bytes
    anchor: tuple[str, ...]
    policy_port: int
    short: Callable[[str], str]
    found: Callable[[], tuple[Found | Bounce, ...]]
    seed: int
    proves: Prove | None = None


Look = Callable[[Lookout], Awaitable[tuple[tuple[Finding, ...], tuple[tuple[str, str], ...]]]]
"""Looks at a domain as a probe does, or proves as `mxprobe prove` does, and gives what it finds, and the grades of
hosts. Handed in: the lab knows neither."""


Context = Callable[[CertificateKind, TlsVersion | None], ssl.SSLContext]
"""What a host shakes hands with: with a certificate of this kind, in this version alone (None: in those of today)."""


class Door(Struct, kw_only=True):
    """The sessions of one host, at all its addresses: how many there have been, and how many are open."""

    came: int = 0
    open: int = 0


class HostSeams(Struct, frozen=True, kw_only=True):
    """What a host is made with: who it is, whom it asks, to whom it gives messages and finished sessions.

    `now` is story time, `epoch` the wall-clock moment of its 0; without a `context` the host offers no STARTTLS.
    `verify` asks another host about a recipient, and gives what to say where it does not know it. One `door` is shared
    by all addresses of a host. `answered` gets a session as far as it has come, with every reply.
    """

    name: str
    address: str
    port: int
    react: Callable[[Moment], tuple[Reaction, ...]]
    now: Callable[[], float]
    epoch: float
    context: Context | None
    store: Callable[[StoredMessage, Keep | HandOn], None]
    finished: Callable[[Session], None]
    verify: Callable[[str, str], Awaitable[str | None]] | None = None
    door: Door = field(default_factory=Door)
    answered: Callable[[Session], None] | None = None
