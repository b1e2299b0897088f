"""A pair of real mailers is put to the proof: what holds is proven, and what is broken is named by its cause."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mxprobe.facts.finding import Severity
from mxprobe.jobs.prove import Proved, ProveOptions, carry_out, load_proof, prepare
from mxprobe.lab.mta import MAILERS
from mxprobe.lab.mta.mailer import Mailer, Setup
from mxprobe.lab.mta.network import add_addresses, own_network, prefer_sources
from mxprobe.mx.proving import Grade, grade_of, hop_to, route_of
from tests.support.mailers import Nsd, Tree

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.timeout(180)]

PRIMARY, BACKUP, NAMES, PROBER = "198.51.100.11", "198.51.100.12", "198.51.100.53", "198.51.100.99"
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
"""
ALICE, RETURNS = "alice@kept.test", "mxprobe@probe.test"


class Pair:
    """A primary and a backup of these kinds, and what shall be otherwise with either."""

    def __init__(self, tree: Tree, folder: Path, kinds: tuple[str, str]) -> None:
        self.tree, self.folder, self.kinds = tree, folder, kinds
        self.primary: Mailer | None = None
        self.backup: Mailer | None = None

    def start(self, primary: dict[str, Any] | None = None, backup: dict[str, Any] | None = None) -> None:
        """Let both run."""
        kept = {"mailboxes": frozenset({ALICE, RETURNS}), "address": PRIMARY, "hostname": "mx1.kept.test"}
        relays = {"relays": ("kept.test",), "knows": frozenset({ALICE}), "address": BACKUP, "hostname": "mx2.kept.test"}
        common = {"nameserver": NAMES, "pace": 60.0}
        first, second = self.kinds
        self.primary = MAILERS[first](self.tree, self.folder / "one", Setup(**{**common, **kept, **(primary or {})}))
        self.backup = MAILERS[second](self.tree, self.folder / "two", Setup(**{**common, **relays, **(backup or {})}))
        self.primary.start()
        self.backup.start()
        for mailbox in (ALICE, RETURNS):
            for part in ("new", "cur", "tmp"):
                (self.primary.home / "mail" / mailbox / part).mkdir(parents=True, exist_ok=True)
            for path in (self.primary.home / "mail" / mailbox, *(self.primary.home / "mail" / mailbox).iterdir()):
                path.chmod(0o777)  # whoever delivers there runs as a user of its own

    def stop(self) -> None:
        """Let neither run."""
        for mailer in (self.primary, self.backup):
            if mailer is not None:
                mailer.stop()

    @property
    def mailbox(self) -> str:
        """Where alice's mail is."""
        assert self.primary is not None
        return f"maildir:{self.primary.home / 'mail' / ALICE}"

    @property
    def returns(self) -> str:
        """Where bounces come back."""
        assert self.primary is not None
        return f"maildir:{self.primary.home / 'mail' / RETURNS}"

    def prove(self, **otherwise: Any) -> Proved:
        """Prove it, with these options otherwise than usual."""
        options = ProveOptions(
            **{
                "mailbox": self.mailbox,
                "returns": self.returns,
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
            return await carry_out(await prepare(ALICE, options), self.folder / "proof.json", lambda _: None)

        return asyncio.run(run())


Make = Callable[..., Pair]


@pytest.fixture
def make(tree: Tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    """Makes pairs in a network of their own; a Maildir of the primary exists before the first message comes."""
    pairs: list[Pair] = []
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    with own_network():
        add_addresses([PRIMARY, BACKUP, NAMES, PROBER])
        prefer_sources([PRIMARY, BACKUP], [PROBER])
        with Nsd(tree, tmp_path, {".": ZONE}, NAMES, 53):

            def one(
                kinds: tuple[str, str] = ("postfix", "postfix"),
                primary: dict[str, Any] | None = None,
                backup: dict[str, Any] | None = None,
            ) -> Pair:
                pair = Pair(tree, tmp_path, kinds)
                pairs.append(pair)
                pair.start(primary, backup)
                return pair

            yield one
            for pair in pairs:
                pair.stop()


def _errors(proved: Proved) -> list[str]:
    """The codes of warnings and errors."""
    findings = [finding for judgement in proved.judgements for finding in judgement.findings]
    return [finding.code for finding in findings if finding.severity in (Severity.ERROR, Severity.WARNING)]


def _grades(proved: Proved) -> dict[str, Grade]:
    proof = proved.proof
    return {route.via: grade_of(route, proof) for route in proof.routes if not route.is_unknown}


@pytest.mark.parametrize("kinds", [("postfix", "postfix"), ("exim", "postfix"), ("postfix", "exim")], ids="-".join)
def test_a_healthy_pair_is_proven_once_and_with_its_path(kinds: tuple[str, str], make: Make) -> None:
    proved = make(kinds).prove(unknown=True)

    assert _grades(proved) == {"mx1.kept.test": Grade.WHILE_UP, "mx2.kept.test": Grade.WHILE_UP}
    assert _errors(proved) == []
    route = route_of(proved.proof, "mx2.kept.test")
    assert route is not None
    (copy,) = route.copies
    hop = hop_to(copy, route, proved.proof)
    assert hop is not None
    assert hop.by == "mx1.kept.test"
    assert 0 <= copy.at - route.handovers[-1].at < 30
    assert proved.proof.allowed_by == "TXT _mxprobe.kept.test until 2099-12-31"


@pytest.mark.parametrize("kind", ["postfix", "exim"])
@pytest.mark.parametrize(
    ("backup", "code", "unknown"),
    [
        ({"relays": (), "mailboxes": frozenset({"bob@other.test"}), "knows": None}, "MX801", False),
        ({"knows": frozenset({"bob@kept.test"})}, "MX802", False),
        ({"knows": None}, "MX805", True),
    ],
    ids=["refuses-relaying", "list-out-of-date", "accepts-anyone"],
)
def test_what_is_broken_is_named(kind: str, backup: dict[str, Any], code: str, unknown: bool, make: Make) -> None:
    proved = make(("postfix", kind), backup=backup).prove(unknown=unknown)

    assert _errors(proved) == [code]


@pytest.mark.parametrize("kind", ["postfix", "exim"])
def test_an_outage_is_waited_for_and_the_queue_drains_after_it(kind: str, make: Make) -> None:
    pair = make(("postfix", kind))
    assert pair.primary is not None
    pair.primary.stop()
    threading.Timer(12, pair.primary.start).start()

    proved = pair.prove(when_down=("mx1.kept.test",), at_most=60.0, watch=90.0)

    assert _grades(proved) == {"mx2.kept.test": Grade.IN_OUTAGE}
    assert _errors(proved) == []


@pytest.mark.parametrize("kind", ["postfix", "exim"])
def test_a_backup_that_asks_the_primary_is_found_by_the_outage_alone(kind: str, make: Make) -> None:
    pair = make(("postfix", kind), backup={"verifies": True, "knows": None})
    assert pair.primary is not None
    pair.primary.stop()

    proved = pair.prove(when_down=("mx1.kept.test",), at_most=60.0, watch=5.0, again=1.0)

    assert _errors(proved) == ["MX815"]
    assert _grades(proved) == {"mx2.kept.test": Grade.NOT}


def test_nothing_is_said_to_a_domain_that_does_not_allow_it(make: Make) -> None:
    pair = make()
    command = [sys.executable, "-m", "mxprobe", "prove", "alice@closed.test", "--nameserver", NAMES]
    said = subprocess.run(command, capture_output=True, text=True, check=False)

    assert said.returncode == 2
    assert "closed.test does not allow messages of mxprobe: there is no TXT record" in said.stderr
    assert "--i-own-this" in said.stderr
    assert pair.primary is not None
    assert "connect from" not in pair.primary.log()


def test_what_was_begun_is_never_sent_twice(make: Make, tmp_path: Path) -> None:
    pair = make()
    journal = tmp_path / "journal.json"
    words = [
        "--mailbox",
        pair.mailbox,
        "--from",
        RETURNS,
        "--helo",
        "probe.test",
        "--nameserver",
        NAMES,
        "--watch",
        "4s",
        "--allow-special",
    ]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    for moment in (0.0, 0.03, 0.1):
        journal.unlink(missing_ok=True)
        begin = [sys.executable, "-m", "mxprobe", "prove", ALICE, "--no-unknown", "--save", str(journal), *words]
        with subprocess.Popen(begin, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as program:
            deadline = time.monotonic() + 20
            while not journal.exists() and time.monotonic() < deadline:
                time.sleep(0.002)
            time.sleep(moment)
            program.send_signal(signal.SIGKILL)
        begun = {route.token for route in load_proof(journal).routes if route.begun_at is not None}
        resume = [sys.executable, "-m", "mxprobe", "prove", "--resume", str(journal), "--format", "json", *words]
        said = subprocess.run(resume, env=environment, capture_output=True, text=True, check=False)

        assert said.returncode in (0, 1), said.stderr
        routes = json.loads(said.stdout)["proof"]["routes"]
        assert {route["token"] for route in routes} == begun
        assert all(len(route["copies"]) <= 1 for route in routes)
