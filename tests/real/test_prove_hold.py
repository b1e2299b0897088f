"""`mxprobe prove --hold`, as a person at the keyboard goes through it: read what to type, do it, undo it when told."""

import os
import queue
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from mxprobe.jobs.prove import load_proof
from mxprobe.lab.mta.mailer import Mailer
from mxprobe.mx.proving import Grade, grade_of
from tests.support.pairs import ALICE, BACKUP, NAMES, PRIMARY, RETURNS, Make, Pair

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.timeout(180)]


class Drill:
    """The command while it runs, and the lines of its standard error as they come."""

    def __init__(self, pair: Pair, journal: Path) -> None:
        command = [
            *(sys.executable, "-m", "mxprobe", "prove", ALICE, "--hold", "--from", RETURNS, "--helo", "probe.test"),
            *("--mailbox", pair.maildir(), "--returns", pair.maildir(RETURNS), "--nameserver", NAMES),
            *("--allow-special", "--no-unknown", "--watch", "90s", "--save", str(journal)),
        ]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "PYTHONUNBUFFERED": "1"}
        pipe = subprocess.PIPE
        self.program = subprocess.Popen(command, env=environment, stdout=pipe, stderr=pipe, text=True)
        self.told: list[str] = []
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.program.stderr is not None
        for line in self.program.stderr:
            self._lines.put(line.rstrip())
        self._lines.put(None)

    def until(self, words: str) -> None:
        """Read on until a line that holds these words."""
        while True:
            line = self._lines.get(timeout=60)
            assert line is not None, "\n".join(self.told)
            self.told.append(line)
            if words in line:
                return

    def end(self) -> tuple[int, str]:
        """Its exit status, and its report."""
        assert self.program.stdout is not None
        output = self.program.stdout.read()
        status = self.program.wait(60)
        self._reader.join()
        self.program.stdout.close()
        assert self.program.stderr is not None
        self.program.stderr.close()
        return status, output


def _of(pair: Pair) -> Mailer:
    assert pair.primary is not None
    return pair.primary


@pytest.mark.parametrize("kinds", [("postfix", "postfix"), ("exim", "exim")], ids="-".join)
def test_a_drill_by_hand_proves_the_backup_in_an_outage(kinds: tuple[str, str], make: Make, tmp_path: Path) -> None:
    pair = make(kinds)
    journal = tmp_path / "kept.test.json"
    drill = Drill(pair, journal)
    try:
        drill.until("mx1.kept.test to go down")
        text = "\n".join(drill.told)
        assert f"Take mx1.kept.test down for a while. On its own machine ({PRIMARY})" in text
        assert f"nft add rule inet mxprobe input ip daddr {PRIMARY} tcp dport 25 reject with tcp reset" in text
        assert "undo:  nft delete table inet mxprobe" in text
        assert "mxprobe touches no firewall" in text
        assert BACKUP not in text
        assert not journal.exists()

        _of(pair).stop()
        drill.until("mx2.kept.test has taken a message: mx1.kept.test may come up again now")
        (route,) = load_proof(journal).routes
        assert route.copies == ()

        _of(pair).start()
        drill.until("mx1.kept.test is up again")
        status, report = drill.end()
    finally:
        drill.program.kill()

    assert status == 0, report
    assert report.startswith("mx2.kept.test: PROVEN in an outage of mx1.kept.test.")
    assert "Last proven in an outage: 20" in report
    proof = load_proof(journal)
    assert [grade_of(one, proof) for one in proof.routes] == [Grade.IN_OUTAGE]
