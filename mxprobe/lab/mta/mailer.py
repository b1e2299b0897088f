"""What real mailers have in common: what is asked of one, where it keeps mail, and what its log says of recipients.

Each behaves as it is shipped in all that decides where mail goes. What differs: where it listens and keeps things, whom
it takes mail from, and its clock: waits and intervals are the shipped ones divided by the story's pace, where the
mailer lets them be set.
"""

import abc
import time
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import ClassVar

from msgspec import Struct

from mxprobe.errors import MxprobeError
from mxprobe.lab.mta.daemon import Daemon
from mxprobe.lab.mta.tree import Tree, give_resolver
from mxprobe.mx.outcome import TlsPolicy

SMTP = 25


class DidNotArrive(MxprobeError):
    """A mailbox did not get its messages in time; the text holds the mailer's log."""


class KeyPair(Struct, frozen=True, kw_only=True):
    """Paths of PEM files: `chain` is the leaf, then what stands above it; `key` is the leaf's."""

    chain: Path
    key: Path


class Setup(Struct, frozen=True, kw_only=True):
    """What is asked of a mailer.

    It listens at `address`, and at `address6` where that is named, and connects from them. Mail for `mailboxes` (whole
    addresses) it keeps, each in a Maildir; other recipients of their domains it refuses. `relays` are domains that it
    takes mail for from anyone and hands on by their MX records: of the recipients there it knows `knows` (None: it
    takes all), or asks a better host about each where it `verifies`. From the addresses `trusts` it takes mail for
    anywhere. `nameserver` answers at port 53. Its waits are those it is shipped with, divided by `pace`, a second at
    least. `extra` are settings of its own, which replace those made here.
    """

    address: str
    hostname: str
    port: int = SMTP
    address6: str | None = None
    nameserver: str | None = None
    mailboxes: frozenset[str] = frozenset()
    relays: tuple[str, ...] = ()
    knows: frozenset[str] | None = None
    verifies: bool = False
    trusts: tuple[str, ...] = ()
    certificate: KeyPair | None = None
    cafile: Path | None = None
    tls: TlsPolicy = TlsPolicy.MAY
    pace: float = 1.0
    extra: Mapping[str, str] = {}

    @property
    def domains(self) -> tuple[str, ...]:
        """The domains of the mailboxes, each once, sorted."""
        return tuple(sorted({mailbox.rpartition("@")[2] for mailbox in self.mailboxes}))

    def seconds(self, shipped: float) -> int:
        """A wait as it is shipped, at the story's pace: whole seconds, one at least."""
        return max(round(shipped / self.pace), 1)


class Ended(StrEnum):
    """How an attempt for one recipient ended, by a mailer's log."""

    DELIVERED = "delivered"
    DEFERRED = "deferred"
    BOUNCED = "bounced"


class Noted(Struct, frozen=True, kw_only=True):
    """One line of a mailer's log about one recipient: `host` is where it went, as the mailer says it; `words` why."""

    recipient: str
    how: Ended
    host: str = ""
    words: str = ""


class Mailer(Daemon):
    """A real mailer; `workdir` is where its own directory, named after its host name, is made."""

    name: ClassVar[str]
    title: ClassVar[str]

    def __init__(self, tree: Tree, workdir: Path, setup: Setup) -> None:
        super().__init__(tree, workdir / setup.hostname, setup.address, setup.port)
        self.setup = setup

    @abc.abstractmethod
    def version(self) -> str:
        """The version of the program, asked from it."""

    @abc.abstractmethod
    def settings(self) -> Mapping[str, str]:
        """What is set otherwise than shipped, by the mailer's own names."""

    @abc.abstractmethod
    def noted(self) -> tuple[Noted, ...]:
        """What its log says of recipients so far, in order."""

    @abc.abstractmethod
    def queue(self) -> tuple[str, ...]:
        """The recipients that wait in its queue now."""

    @abc.abstractmethod
    def run_queue(self) -> None:
        """Let it try everything in its queue now."""

    def messages(self, mailbox: str) -> list[bytes]:
        """The messages that have arrived in a mailbox, as stored, in no order."""
        return [path.read_bytes() for path in (self.home / "mail" / mailbox / "new").glob("*")]

    def await_messages(self, mailbox: str, count: int = 1, within: float = 10) -> list[bytes]:
        """The messages of a mailbox once there are `count`; DidNotArrive, with the log, after `within` seconds."""
        deadline = time.monotonic() + within
        while len(self.messages(mailbox)) < count:
            if time.monotonic() > deadline:
                raise DidNotArrive(f"{len(self.messages(mailbox))} of {count} for {mailbox}\n{self.log()}")
            time.sleep(0.01)
        return self.messages(mailbox)

    def log(self) -> str:
        """What the mailer has logged so far, over all its starts."""
        path = self.home / "log" / "main"
        return path.read_text(errors="replace") if path.exists() else ""

    def lay_out(self, owner: str) -> None:
        """Write what every mailer needs: certificate and key for the user `owner`, authorities, mailboxes, resolver."""
        setup = self.setup
        give_resolver(self.home, setup.nameserver)
        self.make_directory("mail", owner="mail")
        self.make_directory("log", owner=owner)
        if setup.certificate is not None:
            self.copy_file(setup.certificate.chain, "chain.pem", owner=owner)
            self.copy_file(setup.certificate.key, "key.pem", owner=owner)
        authorities = b"" if setup.cafile is None else setup.cafile.read_bytes()
        (self.home / "authorities.pem").write_bytes(authorities)
