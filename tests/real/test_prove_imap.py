"""A pair of real mailers whose mailboxes stand behind a real IMAP server: arrival is seen there, and nothing else."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mxprobe.mx.proving import Grade
from mxprobe.probe.mailboxes import Watch
from mxprobe.wire.secret import Secret
from tests.support.dovecot import Dovecot
from tests.support.mailers import Certificate, Tree
from tests.support.pairs import ALICE, NAMES, RETURNS, Make, Pair, errors_of, grades_of

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.timeout(120)]

Issue = Callable[[str], Certificate]
ADDRESS, PORT, STARTTLS_PORT = "127.0.0.1", 993, 143  # of a network of the test's own
MAILBOX, RETURNED = f"imap://{ALICE}@localhost", f"imap://{RETURNS}@localhost"
OF_ANOTHER = b"From: <carol@kept.test>\nSubject: hello\n\nof somebody else\n"


@pytest.fixture
def imap(tree: Tree, certificate: Issue) -> Callable[[Pair], Dovecot]:
    """Puts an IMAP server before the mailboxes of a pair's primary."""

    def before(pair: Pair) -> Dovecot:
        assert pair.primary is not None
        doors = ADDRESS, PORT, STARTTLS_PORT
        server = Dovecot(tree, pair.primary.home, certificate("localhost"), doors, (ALICE, RETURNS))
        server.nameserver = NAMES
        return server

    return before


@contextmanager
def _words(server: Dovecot, tmp_path: Path) -> Iterator[list[str]]:
    """The words of a command that proves alice's mail behind the server."""
    secret = tmp_path / "secret"
    secret.write_text(server.password)
    secret.chmod(0o600)
    yield [
        *(sys.executable, "-m", "mxprobe", "prove", ALICE, "--mailbox", MAILBOX),
        *("--returns", RETURNED, "--password-file", str(secret)),
        *("--imap-cafile", str(server.certificate.authority), "--from", RETURNS, "--helo", "probe.test"),
        *("--nameserver", NAMES, "--allow-special", "--watch", "40s", "--save", str(tmp_path / "proof.json")),
    ]


def _run(words: list[str]) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(words, capture_output=True, text=True, check=False, env=environment)


@pytest.mark.parametrize("kinds", [("postfix", "postfix"), ("exim", "postfix")], ids="-".join)
def test_what_arrives_is_seen_and_removed_when_that_is_wanted(
    kinds: tuple[str, str], make: Make, imap: Callable[[Pair], Dovecot], tmp_path: Path
) -> None:
    pair = make(kinds)
    with imap(pair) as server, _words(server, tmp_path) as words:
        server.put("1.other.test", OF_ANOTHER)
        said = _run([*words, "--clean", "--format", "json"])
        text = _run([*words[:4], ALICE, *words[5:-1], str(tmp_path / "again.json"), "--no-unknown"])
        left = [path.name for path in server.maildir().rglob("*") if path.parent.name in ("new", "cur")]

    assert said.returncode == 0, said.stderr
    proof = json.loads(said.stdout)["proof"]
    assert [len(route["copies"]) for route in proof["routes"] if not route["is_unknown"]] == [1, 1]
    assert {copy["place"] for route in proof["routes"] for copy in route["copies"]} == {"INBOX"}
    assert "2 of our messages removed from IMAP localhost:993 as alice@kept.test." in said.stderr
    assert text.returncode == 0, text.stderr
    assert "mx2.kept.test: PROVEN while mx1.kept.test is up" in text.stdout
    assert any("1.other.test" in name for name in left)
    assert len(left) == 3
    shown = said.stdout + said.stderr + text.stdout + text.stderr + (tmp_path / "proof.json").read_text()
    assert server.password not in shown
    assert "body of" not in shown


def test_a_late_bounce_is_seen_in_the_mailbox_of_the_sender(
    make: Make, imap: Callable[[Pair], Dovecot], tmp_path: Path
) -> None:
    with imap(make(backup={"knows": None})) as server, _words(server, tmp_path) as words:
        said = _run([*words, "--format", "json"])

    assert said.returncode == 1, said.stderr
    fired = [one for one in json.loads(said.stdout)["judgements"] if one["status"] == "fires"]
    assert [one["code"] for one in fired] == ["MX805"]


def test_a_wrong_password_ends_it_before_anything_is_sent(
    make: Make, imap: Callable[[Pair], Dovecot], tmp_path: Path
) -> None:
    pair = make()
    with imap(pair) as server, _words(server, tmp_path) as words:
        (tmp_path / "secret").write_text("wr0ng")
        said = _run(words)

    assert said.returncode == 2
    assert "does not let alice@kept.test in" in said.stderr
    assert "wr0ng" not in said.stdout + said.stderr
    for mailer in (pair.primary, pair.backup):
        assert mailer is not None
        assert "connect from" not in mailer.log()


def test_a_mailbox_that_is_away_for_a_while_is_looked_at_again(make: Make, imap: Callable[[Pair], Dovecot]) -> None:
    pair = make()
    with imap(pair) as server:
        threading.Timer(1.5, server.stop).start()
        threading.Timer(7.0, server.start).start()
        watching = Watch(password=Secret(server.password), cafile=str(server.certificate.authority), limit=3)
        proved = pair.prove(mailbox=MAILBOX, returns=RETURNED, watching=watching, watch=60.0)

    assert grades_of(proved) == {"mx1.kept.test": Grade.WHILE_UP, "mx2.kept.test": Grade.WHILE_UP}
    assert errors_of(proved) == []
    assert proved.proof.could_not_look == ""


def test_nothing_is_lost_or_overdue_where_nobody_could_look(make: Make, imap: Callable[[Pair], Dovecot]) -> None:
    pair = make()
    with imap(pair) as server:
        threading.Timer(1.5, server.stop).start()
        watching = Watch(password=Secret(server.password), cafile=str(server.certificate.authority), limit=3)
        proved = pair.prove(
            mailbox=MAILBOX,
            watching=watching,
            watch=12.0,
            deadline=8.0,
            overdue=6.0,
            only=("mx2.kept.test",),
        )

    assert grades_of(proved) == {"mx2.kept.test": Grade.OPEN}
    assert errors_of(proved) == []
    assert "localhost:993: Connection refused" in proved.proof.could_not_look
