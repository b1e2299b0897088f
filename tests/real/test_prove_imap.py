"""A pair of real mailers whose mail is read over IMAP from a real Dovecot: proven, cleaned up behind, and no word of
the password anywhere."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from mxprobe.facts.proof import Proof
from mxprobe.jobs.prove import keep, load_proof
from mxprobe.lab.mta.tree import Tree
from mxprobe.mx.proving import Grade
from mxprobe.probe.mailboxes import Watch
from mxprobe.wire.secret import Secret
from tests.support.dovecot import PROGRAM, Dovecot
from tests.support.mailers import Certificate, require
from tests.support.pairs import ALICE, NAMES, RETURNS, Make, Pair, codes_of, grades_of

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.timeout(180)]

Issue = Callable[[str], Certificate]
Serve = Callable[[Pair], Dovecot]
NAME = "localhost"
OTHER = b"From: <carol@example.test>\nSubject: X-Mxprobe-Token\n\nX-Mxprobe-Token: of somebody else\n"


class Seen:
    """What a run of the command left behind: what it printed, what it kept, and how it was called while it ran."""

    def __init__(self, status: int, output: str, complaint: str, journal: Path, called: set[bytes]) -> None:
        self.status, self.output, self.complaint = status, output, complaint
        self.journal, self.called = journal, called

    @property
    def document(self) -> Any:
        """What it printed, as JSON."""
        return json.loads(self.output)

    @property
    def findings(self) -> list[str]:
        """The codes of warnings and errors."""
        found = [one for judgement in self.document["judgements"] for one in judgement["findings"]]
        return [one["code"] for one in found if one["severity"] in ("error", "warning")]

    def holds(self, word: str) -> bool:
        """Whether a word stands anywhere in it, as it is, or escaped as JSON does."""
        escaped = json.dumps(word)[1:-1]
        texts = (self.output, self.complaint, self.journal.read_text())
        called = any(word.encode() in line for line in self.called)
        return called or any(form in text for form in (word, escaped) for text in texts)


@pytest.fixture
def serve(tree: Tree, certificate: Issue) -> Iterator[Serve]:
    """Starts an IMAP server for the primary's mailboxes."""
    require((tree.path / PROGRAM.lstrip("/")).is_file(), "the tree has no Dovecot: unpack dovecot-imapd into it")
    running: list[Dovecot] = []

    def start(pair: Pair) -> Dovecot:
        assert pair.primary is not None
        doors = "127.0.0.1", 993, 143  # of a network of the test's own
        server = Dovecot(tree, pair.primary.home, certificate(NAME), doors, (ALICE, RETURNS))
        server.nameserver = NAMES
        running.append(server)
        server.start()
        return server

    yield start
    for server in running:
        server.stop()


def prove(server: Dovecot, folder: Path, *words: str) -> Seen:
    """`mxprobe prove` as people call it, with both boxes behind IMAP."""
    secret, journal = folder / "password", folder / "journal.json"
    secret.write_text(f"{server.password}\n")
    secret.chmod(0o600)
    command = [
        *(sys.executable, "-m", "mxprobe", "prove", ALICE, "--from", RETURNS, "--helo", "probe.test"),
        *("--mailbox", f"imap://{ALICE}@{NAME}", "--returns", f"imap://{RETURNS}@{NAME}"),
        *("--password-file", str(secret), "--imap-cafile", str(server.certificate.authority)),
        *("--nameserver", NAMES, "--allow-special", "--watch", "60s", "--save", str(journal), *words),
    ]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    called = set[bytes]()
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as program:
        while True:
            try:
                called.add(Path(f"/proc/{program.pid}/cmdline").read_bytes())
                called.add(Path(f"/proc/{program.pid}/environ").read_bytes())
                output, complaint = program.communicate(timeout=0.5)
                break
            except subprocess.TimeoutExpired:
                continue
    return Seen(program.returncode, output, complaint, journal, called)


def left_in(server: Dovecot, user: str) -> list[bytes]:
    """The messages that lie in a mailbox."""
    return [path.read_bytes() for part in ("new", "cur") for path in (server.home / "mail" / user / part).iterdir()]


def put_other(server: Dovecot, user: str) -> None:
    """A message of somebody else's."""
    owner = server.tree.user("mail")
    path = server.home / "mail" / user / "new" / "1.other.test"
    path.write_bytes(OTHER)
    os.chown(path, owner.uid, owner.gid)


@pytest.mark.parametrize("kinds", [("postfix", "exim"), ("exim", "postfix")], ids="-".join)
def test_a_pair_is_proven_over_imap_and_our_messages_alone_are_removed(
    kinds: tuple[str, str], make: Make, serve: Serve, tmp_path: Path
) -> None:
    server = serve(make(kinds))
    put_other(server, ALICE)

    seen = prove(server, tmp_path, "--no-unknown", "--clean", "--format", "json")

    assert seen.status == 0, seen.output + seen.complaint + server.log()
    routes = seen.document["proof"]["routes"]
    assert [[copy["place"] for copy in route["copies"]] for route in routes] == [["INBOX"], ["INBOX"]]
    assert seen.findings == []
    assert seen.document["proof"]["blind"] == []
    assert (seen.document["removed"], seen.document["troubles"]) == (2, [])
    assert left_in(server, ALICE) == [OTHER]
    assert not seen.holds(server.password)
    assert not seen.holds('p"s')


def test_a_late_bounce_is_found_over_imap_and_removed_too(make: Make, serve: Serve, tmp_path: Path) -> None:
    server = serve(make(backup={"knows": None}))
    put_other(server, RETURNS)

    seen = prove(server, tmp_path, "--clean", "--format", "json")

    assert seen.findings == ["MX805"], seen.output + seen.complaint
    assert seen.status == 1
    assert seen.document["removed"] == 3
    assert left_in(server, RETURNS) == [OTHER]
    assert left_in(server, ALICE) == []
    assert not seen.holds(server.password)


def test_a_mailbox_that_lets_nobody_in_is_found_out_before_anything_is_sent(
    make: Make, serve: Serve, tmp_path: Path
) -> None:
    pair = make()
    server = serve(pair)
    (server.home / "dovecot" / "users").write_text("".join(f"{user}:{{PLAIN}}another\n" for user in server.users))

    seen = prove(server, tmp_path)

    assert seen.status == 2, seen.output
    assert "does not let alice@kept.test in with this password" in seen.complaint
    assert not seen.journal.exists()
    assert pair.primary is not None
    assert pair.backup is not None
    assert "connect from" not in pair.primary.log() + pair.backup.log()
    assert server.password not in seen.complaint


def test_a_mailbox_that_is_away_for_a_while_costs_nothing(make: Make, serve: Serve, tmp_path: Path) -> None:
    pair = make()
    server = serve(pair)
    assert pair.primary is not None
    assert pair.backup is not None
    pair.primary.stop()
    journal = tmp_path / "journal.json"

    def blind() -> bool:
        return bool(load_proof(journal).blind)

    def meanwhile() -> None:
        """While the message waits at the backup, the mailbox goes away, and comes back with the primary."""
        assert pair.primary is not None
        until(lambda: journal.exists() and any(route.handovers for route in load_proof(journal).routes))
        server.stop()
        until(blind)
        server.start()
        pair.primary.start()

    with ThreadPoolExecutor(1) as threads:
        done = threads.submit(meanwhile)
        words = ("--when-down", "mx1.kept.test", "--no-unknown", "--format", "json")
        seen = prove(server, tmp_path, *words)
        done.result()

    assert seen.status == 0, seen.output + seen.complaint
    assert {one["box"] for one in seen.document["proof"]["blind"]} == {"mailbox", "returns"}
    assert all(one["until"] > one["since"] for one in seen.document["proof"]["blind"])
    assert seen.document["proven"]["hosts"][1]["in_outage"] is not None
    assert not seen.holds(server.password)


def until(is_so: Callable[[], bool], within: float = 40.0) -> None:
    """Wait until it is so."""
    deadline = time.monotonic() + within
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_nothing_is_lost_or_overdue_where_nobody_could_look(
    make: Make, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = make()
    server = serve(pair)

    def keep_blindly(proof: Proof, journal: Path) -> None:
        """The proof is kept for the first time when the mailbox was looked at, and nothing was sent yet."""
        server.stop()
        keep(proof, journal)

    monkeypatch.setattr("mxprobe.jobs.prove.keep", keep_blindly)
    watching = Watch(password=Secret(server.password), cafile=str(server.certificate.authority), limit=3)
    proved = pair.prove(
        mailbox=f"imap://{ALICE}@{NAME}",
        watching=watching,
        watch=12.0,
        deadline=8.0,
        overdue=6.0,
        only=("mx2.kept.test",),
    )

    assert grades_of(proved) == {"mx2.kept.test": Grade.OPEN}
    assert codes_of(proved) == []
    (blind,) = proved.proof.blind
    assert "localhost:993: Connection refused" in blind.reason
