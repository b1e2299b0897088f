"""The matrix asked of real mailers: what a sane pair answers, and one that relays for whoever asks."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from tests.support.pairs import ALICE, NAMES, PROBER, Make

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.timeout(60)]


def _ask() -> dict[str, Any]:
    """What `probe --matrix` finds, by its JSON."""
    words = ["probe", "kept.test", "--to", ALICE, "--matrix", "--helo", "probe.test", "--nameserver", NAMES]
    command = [sys.executable, "-m", "mxprobe", *words, "--allow-special", "--format", "json"]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    said = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert said.returncode in (0, 1), said.stderr
    found: dict[str, Any] = json.loads(said.stdout)
    return found


def _about_recipients(document: dict[str, Any]) -> dict[str, str]:
    """The status of each rule about recipients."""
    return {one["code"]: one["status"] for one in document["judgements"] if one["code"] in CODES}


CODES = ("MX315", "MX660", "MX662", "MX801", "MX802", "MX803", "MX804", "MX808", "MX809", "MX810", "MX811")


@pytest.mark.parametrize("kinds", [("postfix", "exim"), ("exim", "postfix")], ids="-".join)
def test_a_sane_pair_relays_for_nobody_and_takes_the_same_people(kinds: tuple[str, str], make: Make) -> None:
    people = frozenset({ALICE, "postmaster@kept.test"})
    make(kinds, primary={"mailboxes": people}, backup={"knows": people})

    document = _ask()

    assert _about_recipients(document) == dict.fromkeys(CODES, "passes")
    turns = [turn for visit in document["snapshot"]["visits"] for turn in visit["sessions"][-1]["turns"]]
    assert len([turn for turn in turns if turn["phase"] == "rcpt"]) == 20


@pytest.mark.parametrize("kind", ["postfix", "exim"])
def test_a_backup_that_relays_for_whoever_asks(kind: str, make: Make) -> None:
    make(("postfix", kind), backup={"trusts": (PROBER,), "knows": frozenset({ALICE})})

    fired = {code for code, status in _about_recipients(_ask()).items() if status == "fires"}

    assert "MX811" in fired
