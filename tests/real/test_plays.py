"""Stories with real mailers in them: as the sender, as the backup, as the primary; and nothing of them is left."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from mxprobe.cli import main
from mxprobe.facts.finding import Severity
from mxprobe.facts.judged import Standing
from mxprobe.facts.run import EventKind, Run
from mxprobe.jobs.play import play_one
from mxprobe.scenario.load import load
from tests.support.mailers import Tree

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.timeout(120)]

STAGE = """\
story: A real mailer takes part.
domain: example.test
mx: [10 mx1, 20 mx2]
recipients: [alice]
"""
PAUSES = {"opensmtpd": "  findings: [MX951 failed-over-late]\n"}
"""OpenSMTPD waits two real seconds between two connections, which are minutes of a story at this pace."""

DOWN = "  - {at: 0m, break: mx1, with: tcp-refuse, for: 5m}\n"


def _play(rest: str, sender: str = "rfc5321") -> Run:
    return play_one(load(STAGE + rest, "real.yaml"), sender, 1)


def _missed(run: Run) -> list[str]:
    assert run.verdict is not None
    return [miss.says for miss in run.verdict.misses]


@pytest.mark.parametrize("mailer", ["postfix", "exim", "opensmtpd", "sendmail"])
def test_a_real_sender_goes_to_the_backup_and_every_attempt_is_seen(mailer: str, tree: Tree) -> None:
    run = _play(
        "hosts: {mx2: {store: second}}\nsenders: [rfc5321]\nsteps:\n" + DOWN + "  - {at: 1m, send: letter, to: alice}\n"
        "expect:\n  letter: {tried: [mx1, mx2], accepted: mx2, arrived: second}\n" + PAUSES.get(mailer, ""),
        f"real:{mailer}",
    )

    assert _missed(run) == []
    refused = [event for event in run.events if event.kind is EventKind.REFUSED]
    assert [(event.who, event.host, event.cell) for event in refused] == [("sender", "mx1", "C1")]


@pytest.mark.parametrize("mailer", ["postfix", "exim"])
def test_a_real_backup_keeps_and_hands_on_once(mailer: str, tree: Tree) -> None:
    run = _play(
        f"hosts: {{mx2: {{real: {mailer}}}}}\nsenders: [rfc5321]\nsteps:\n"
        + DOWN
        + "  - {at: 1m, send: letter, to: alice}\n"
        "expect:\n  hosts: {mx2: {queue: empty, before: 2h}}\n"
        "  letter: {tried: [mx1, mx2], accepted: mx2, arrived: {in: mailbox, copies: 1, after: 5m, before: 2h}}\n"
    )

    assert _missed(run) == []


@pytest.mark.parametrize("mailer", ["postfix", "exim"])
def test_a_real_backup_that_takes_anyone_bounces_late(mailer: str, tree: Tree) -> None:
    run = _play(
        f"hosts: {{mx2: {{real: {mailer}, recipients: any}}}}\nsenders: [rfc5321]\nsteps:\n"
        + DOWN
        + "  - {at: 1m, send: letter, to: ghost}\n"
        "expect:\n  letter: {tried: [mx1, mx2], bounced: {by: mx2, after: 5m, before: 2h}}\n"
        "  findings: [MX955 accepted-then-bounced]\n"
    )

    assert _missed(run) == []


@pytest.mark.parametrize("mailer", ["postfix", "exim"])
def test_a_real_backup_with_a_table_refuses_at_once(mailer: str, tree: Tree) -> None:
    run = _play(
        f"hosts: {{mx2: {{real: {mailer}}}}}\nsenders: [rfc5321]\nsteps:\n"
        + DOWN
        + "  - {at: 1m, send: letter, to: ghost}\n"
        "expect:\n  letter: {tried: [mx1, mx2], bounced: {by: sender, before: 3m}}\n"
    )

    assert _missed(run) == []


@pytest.mark.parametrize("mailer", ["postfix", "exim"])
def test_a_real_backup_that_verifies_at_the_primary_takes_nothing_without_it(mailer: str, tree: Tree) -> None:
    run = _play(
        f"hosts: {{mx2: {{real: {mailer}, verifies: mx1}}}}\nsenders: [rfc5321]\nsteps:\n"
        + DOWN
        + "  - {at: 1m, send: letter, to: alice}\n"
        "expect:\n  letter: {tried: [mx1, mx2], accepted: mx1, arrived: {in: mailbox, after: 5m, before: 2h}}\n"
        "  findings: [MX815 backup-depends-on-primary-callout]\n"
    )

    assert _missed(run) == []


@pytest.mark.parametrize("mailer", ["postfix", "exim", "opensmtpd", "sendmail"])
def test_a_real_primary_keeps_what_it_knows(mailer: str, tree: Tree) -> None:
    run = _play(
        f"hosts: {{mx1: {{real: {mailer}}}}}\nsenders: [rfc5321]\n"
        "steps:\n  - {at: 1m, send: letter, to: [alice, ghost]}\n"
        "expect:\n  letter/alice: {tried: [mx1], accepted: mx1, arrived: {in: mailbox, before: 30m}}\n"
        "  letter/ghost: {tried: [mx1], bounced: {by: sender, before: 10m}}\n"
    )

    assert _missed(run) == []
    assert [found for found in run.findings if found.severity is Severity.ERROR] == []


def test_a_real_sender_and_a_real_host_in_one_story_are_refused(tree: Tree, tmp_path: Path) -> None:
    path = tmp_path / "both.yaml"
    path.write_text(
        STAGE
        + "hosts: {mx2: {real: exim}}\nsteps:\n  - {at: 1m, send: a, to: alice}\nexpect:\n  a: {arrived: mailbox}\n"
    )

    said = CliRunner().invoke(main, ["run", str(path), "--sender", "real:postfix"])

    assert said.exit_code == 2
    assert "nobody would see" in said.output


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_nothing_is_left_behind(number: int, tree: Tree, tmp_path: Path) -> None:
    path = tmp_path / "long.yaml"
    path.write_text(
        STAGE + "senders: [rfc5321]\nsteps:\n  - {at: 0m, break: [mx1, mx2], with: tcp-refuse}\n"
        "  - {at: 1m, send: a, to: alice}\nexpect:\n  a: {queued: sender}\n"
    )
    command = [sys.executable, "-m", "mxprobe", "run", str(path), "--sender", "real:postfix"]
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as program:
        deadline = time.monotonic() + 30
        while not _of(tmp_path) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert _of(tmp_path), "the mailer never came up"
        program.send_signal(number)
        program.wait(20)
    deadline = time.monotonic() + 10
    while (_of(tmp_path) or any(tmp_path.glob("mxprobe-mta-*"))) and time.monotonic() < deadline:
        time.sleep(0.05)

    assert _of(tmp_path) == []
    assert not any(tmp_path.glob("mxprobe-mta-*"))
    assert str(tmp_path) not in Path("/proc/self/mountinfo").read_text()


def _of(directory: Path) -> list[str]:
    """The processes that have something of a directory mounted: the mailers, each in mounts of its own."""
    found = []
    for mounts in Path("/proc").glob("[0-9]*/mountinfo"):
        try:
            if "mxprobe-mta-" in (text := mounts.read_text()) and directory.name in text:
                found.append(mounts.parent.name)
        except OSError:
            continue
    return found


@pytest.mark.parametrize("mailer", ["postfix", "exim", "opensmtpd"])
def test_of_several_messages_each_has_its_own_attempts(mailer: str, tree: Tree) -> None:
    names = ("one", "two", "three", "four")
    steps = "".join(f"  - {{at: 1m, send: {name}, to: alice}}\n" for name in names)
    expect = "".join(f"  {name}: {{tried: [mx1, mx2], accepted: mx2, arrived: second}}\n" for name in names)
    run = _play(
        f"hosts: {{mx2: {{store: second}}}}\nsenders: [rfc5321]\nsteps:\n{DOWN}{steps}expect:\n{expect}",
        f"real:{mailer}",
    )

    tried = {fate.message: fate.tried for fate in run.fates}
    assert tried.keys() == set(names)
    assert all(len(rounds) == 1 and rounds[0][-1] == "mx2" for rounds in tried.values()), tried
    assert [move for move in run.moves if move.standing is Standing.AGAINST] == []
