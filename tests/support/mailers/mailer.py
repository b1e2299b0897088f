"""What the mailers have in common: what a test asks of one, and where it keeps what it accepted."""

import time
from collections.abc import Mapping
from pathlib import Path

import msgspec

from tests.support.mailers.certificates import Certificate
from tests.support.mailers.daemon import Daemon
from tests.support.mailers.debian import Tree, give_resolver

_DNS_PORT = 53


class DidNotArrive(Exception):
    """A mailbox did not get its messages in time; the text holds the mailer's log."""


class Setup(msgspec.Struct, frozen=True, kw_only=True):
    """What a test asks of a mailer.

    It takes mail for the domains of `recipients`, and there for these addresses alone, into a Maildir each; it relays
    for nobody. With a `certificate` it offers STARTTLS. `dns` is the (address, port) of the name server it asks; the
    port must be 53, for the C library asks no other. `extra` are settings of the mailer's own (Postfix: main.cf; Exim:
    the main section), which replace the rig's settings of the same name: the way to make it a sender or a relay.
    """

    address: str
    port: int
    hostname: str
    recipients: frozenset[str] = frozenset()
    certificate: Certificate | None = None
    dns: tuple[str, int] | None = None
    extra: Mapping[str, str] = {}

    @property
    def domains(self) -> tuple[str, ...]:
        """The domains of the recipients, each once, sorted."""
        return tuple(sorted({recipient.rpartition("@")[2] for recipient in self.recipients}))


class Mailer(Daemon):
    """A mailer under test; `workdir` is where its own directory, named after its host name, is made."""

    def __init__(self, tree: Tree, workdir: Path, setup: Setup) -> None:
        super().__init__(tree, workdir / setup.hostname, setup.address, setup.port)
        if setup.dns is not None and setup.dns[1] != _DNS_PORT:
            raise ValueError(f"a mailer asks its name server at port {_DNS_PORT} only, not {setup.dns[1]}")
        self.setup = setup

    def messages(self, recipient: str) -> list[bytes]:
        """The messages that have arrived in a recipient's mailbox, as stored, in no order."""
        return [path.read_bytes() for path in (self.home / "mail" / recipient / "new").glob("*")]

    def await_messages(self, recipient: str, count: int = 1, within: float = 10) -> list[bytes]:
        """The messages of a mailbox once there are `count`; DidNotArrive, with the log, after `within` seconds."""
        deadline = time.monotonic() + within
        while len(self.messages(recipient)) < count:
            if time.monotonic() > deadline:
                raise DidNotArrive(f"{len(self.messages(recipient))} of {count} for {recipient}\n{self.log()}")
            time.sleep(0.01)
        return self.messages(recipient)

    def log(self) -> str:
        """What the mailer has logged so far, over all its starts."""
        path = self.home / "log" / "main"
        return path.read_text(errors="replace") if path.exists() else ""

    def lay_out(self, owner: str) -> None:
        """Write what every mailer needs: certificate and key for the user `owner`, mailboxes, resolver."""
        give_resolver(self.home, self.setup.dns[0] if self.setup.dns else None)
        self.make_directory("mail", owner="mail")
        self.make_directory("log", owner=owner)
        if self.setup.certificate is not None:
            self.copy_file(self.setup.certificate.chain, "chain.pem", owner=owner)
            self.copy_file(self.setup.certificate.key, "key.pem", owner=owner)
