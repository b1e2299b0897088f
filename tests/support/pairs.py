"""A primary and a backup that are real mailers, in a network of their own, and a proof of them."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mxprobe.jobs.prove import Proved, ProveOptions, carry_out, prepare
from mxprobe.lab.mta import MAILERS
from mxprobe.lab.mta.mailer import Mailer, Setup
from mxprobe.lab.mta.network import add_addresses, own_network, prefer_sources
from mxprobe.mx.proving import Grade, grade_of
from tests.support.mailers import Nsd, Tree

PRIMARY, BACKUP, NAMES, PROBER = "198.51.100.11", "198.51.100.12", "198.51.100.53", "198.51.100.99"
POLICY_HOST = "198.51.100.80"
ZONE = f"""\
. 60 IN SOA ns.names. hostmaster.names. 1 3600 900 604800 60
. 60 IN NS ns.names.
ns.names. 60 IN A {NAMES}
kept.test. 60 IN MX 10 mx1.kept.test.
kept.test. 60 IN MX 20 mx2.kept.test.
mx1.kept.test. 60 IN A {PRIMARY}
mx2.kept.test. 60 IN A {BACKUP}
_mxprobe.kept.test. 60 IN TXT "v=mxprobe1; until=2099-12-31"
probe.test. 60 IN MX 10 mx1.kept.test.
probe.test. 60 IN A {PROBER}
closed.test. 60 IN MX 10 mx1.kept.test.
strict.test. 60 IN MX 10 mx1.kept.test.
strict.test. 60 IN MX 20 mx2.kept.test.
_mxprobe.strict.test. 60 IN TXT "v=mxprobe1; until=2099-12-31"
_mta-sts.strict.test. 60 IN TXT "v=STSv1; id=1"
mta-sts.strict.test. 60 IN A {POLICY_HOST}
"""
"""`kept.test` is the domain of most pairs; `strict.test` has the same hosts and an MTA-STS policy."""

OUTAGE = 6.0
"""Seconds for which a primary is down: longer than it takes to be believed."""

ALICE, STRICT, RETURNS = "alice@kept.test", "alice@strict.test", "mxprobe@probe.test"


class Pair:
    """A primary and a backup of these kinds, and what shall be otherwise with either."""

    def __init__(self, tree: Tree, folder: Path, kinds: tuple[str, str]) -> None:
        self.tree, self.folder, self.kinds = tree, folder, kinds
        self.primary: Mailer | None = None
        self.backup: Mailer | None = None

    def start(self, primary: dict[str, Any] | None = None, backup: dict[str, Any] | None = None) -> None:
        """Let both run."""
        kept = {"mailboxes": frozenset({ALICE, STRICT, RETURNS}), "address": PRIMARY, "hostname": "mx1.kept.test"}
        relays = {
            "relays": ("kept.test", "strict.test"),
            "knows": frozenset({ALICE, STRICT}),
            "address": BACKUP,
            "hostname": "mx2.kept.test",
        }
        common = {"nameserver": NAMES, "pace": 60.0}
        first, second = self.kinds
        self.primary = MAILERS[first](self.tree, self.folder / "one", Setup(**{**common, **kept, **(primary or {})}))
        self.backup = MAILERS[second](self.tree, self.folder / "two", Setup(**{**common, **relays, **(backup or {})}))
        self.primary.start()
        self.backup.start()
        for mailbox in (ALICE, STRICT, RETURNS):
            for part in ("new", "cur", "tmp"):
                (self.primary.home / "mail" / mailbox / part).mkdir(parents=True, exist_ok=True)
            for path in (self.primary.home / "mail" / mailbox, *(self.primary.home / "mail" / mailbox).iterdir()):
                path.chmod(0o777)  # whoever delivers there runs as a user of its own

    def stop(self) -> None:
        """Let neither run."""
        for mailer in (self.primary, self.backup):
            if mailer is not None:
                mailer.stop()

    def maildir(self, mailbox: str = ALICE) -> str:
        """Where somebody's mail is, as people write it."""
        assert self.primary is not None
        return f"maildir:{self.primary.home / 'mail' / mailbox}"

    def prove(self, recipient: str = ALICE, **otherwise: Any) -> Proved:
        """Prove it, with these options otherwise than usual."""
        options = ProveOptions(
            **{
                "mailbox": self.maildir(recipient),
                "returns": self.maildir(RETURNS),
                "mail_from": RETURNS,
                "helo": "probe.test",
                "nameservers": (NAMES,),
                "watch": 30.0,
                "allow_special": True,
                "unknown": False,
                **otherwise,
            }
        )

        async def run() -> Proved:
            return await carry_out(await prepare(recipient, options), self.folder / "proof.json", lambda _: None)

        return asyncio.run(run())

    def prove_in_an_outage(self, **otherwise: Any) -> Proved:
        """Stop the primary, prove the backup, and start the primary again after `OUTAGE` seconds."""
        assert self.primary is not None
        self.primary.stop()
        threading.Timer(OUTAGE, self.primary.start).start()
        return self.prove(
            **{"when_down": ("mx1.kept.test",), "at_most": 60.0, "watch": 90.0, "knock": 0.5, **otherwise}
        )


Make = Callable[..., Pair]
"""Lets a pair run: its kinds, and the settings that differ for its primary and its backup."""


@contextmanager
def pairs_in_a_network(tree: Tree, folder: Path, zone: str = ZONE) -> Iterator[Make]:
    """What makes pairs in a network of their own, whose names are in `zone`; they end with the context."""
    pairs: list[Pair] = []
    with own_network():
        add_addresses([PRIMARY, BACKUP, NAMES, PROBER, POLICY_HOST])
        prefer_sources([PRIMARY, BACKUP], [PROBER])
        with Nsd(tree, folder, {".": zone}, NAMES, 53):

            def make(
                kinds: tuple[str, str] = ("postfix", "postfix"),
                primary: dict[str, Any] | None = None,
                backup: dict[str, Any] | None = None,
            ) -> Pair:
                pair = Pair(tree, folder, kinds)
                pairs.append(pair)
                pair.start(primary, backup)
                return pair

            try:
                yield make
            finally:
                for pair in pairs:
                    pair.stop()


def codes_of(proved: Proved) -> list[str]:
    """The codes of everything that is found, notes too."""
    return [finding.code for judgement in proved.judgements for finding in judgement.findings]


def grades_of(proved: Proved) -> dict[str, Grade]:
    """What is proven of each host."""
    proof = proved.proof
    return {route.via: grade_of(route, proof) for route in proof.routes if not route.is_unknown}
