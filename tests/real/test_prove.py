"""A pair of real mailers is put to the proof: what holds is proven, and what is broken is named by its cause."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mxprobe.jobs.prove import load_proof
from mxprobe.mx.draining import drain_of
from mxprobe.mx.proving import Grade, State, hop_to, route_of, state_of
from mxprobe.report.proof_text import say_verdict
from tests.support.mailers import Certificate
from tests.support.pairs import ALICE, NAMES, RETURNS, STRICT, Make, Pair, codes_of, grades_of

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.timeout(180)]


Issue = Callable[[str], Certificate]


@pytest.mark.parametrize("kinds", [("postfix", "postfix"), ("exim", "postfix"), ("postfix", "exim")], ids="-".join)
def test_a_healthy_pair_is_proven_once_and_with_its_path(kinds: tuple[str, str], make: Make) -> None:
    proved = make(kinds).prove(unknown=True)

    assert grades_of(proved) == {"mx1.kept.test": Grade.WHILE_UP, "mx2.kept.test": Grade.WHILE_UP}
    assert codes_of(proved) == []
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
    ("backup", "code", "grade"),
    [
        ({"relays": (), "mailboxes": frozenset({"bob@other.test"}), "knows": None}, "MX801", Grade.NOT),
        ({"knows": frozenset({"bob@kept.test"})}, "MX802", Grade.NOT),
        ({"knows": None}, "MX805", Grade.WHILE_UP),
    ],
    ids=["refuses-relaying", "list-out-of-date", "accepts-anyone"],
)
def test_what_is_broken_is_named(kind: str, backup: dict[str, Any], code: str, grade: Grade, make: Make) -> None:
    proved = make(("postfix", kind), backup=backup).prove(unknown=code == "MX805")

    assert codes_of(proved) == [code]
    assert grades_of(proved) == {"mx1.kept.test": Grade.WHILE_UP, "mx2.kept.test": grade}


@pytest.mark.parametrize("kinds", [("postfix", "postfix"), ("exim", "postfix"), ("postfix", "exim")], ids="-".join)
def test_an_outage_is_waited_for_and_the_queue_drains_after_it(kinds: tuple[str, str], make: Make) -> None:
    proved = make(kinds).prove_in_an_outage()

    assert grades_of(proved) == {"mx2.kept.test": Grade.IN_OUTAGE}
    assert codes_of(proved) == []
    route = route_of(proved.proof, "mx2.kept.test")
    assert route is not None
    drain = drain_of(route, proved.proof)
    assert drain is not None
    assert drain.up_at is not None
    assert drain.mailer is not None
    assert drain.mailer.name == kinds[1]
    assert drain.taken_at < drain.up_at
    assert f"{drain.mailer.title} tries again within" in say_verdict(proved.proof, route)


@pytest.mark.parametrize("kind", ["postfix", "exim"])
def test_a_backup_that_asks_the_primary_is_found_by_the_outage_alone(kind: str, make: Make) -> None:
    pair = make(("postfix", kind), backup={"verifies": True, "knows": None})
    while_up = pair.prove(STRICT)  # of another domain: what was verified once is remembered
    outage = pair.prove_in_an_outage(watch=5.0, again=1.0)

    assert codes_of(while_up) == []
    assert grades_of(while_up) == {"mx1.kept.test": Grade.WHILE_UP, "mx2.kept.test": Grade.WHILE_UP}
    assert codes_of(outage) == ["MX815"]
    assert grades_of(outage) == {"mx2.kept.test": Grade.NOT}


@pytest.mark.parametrize(
    ("words", "status", "heard"),
    [
        (["prove", "alice@closed.test"], 2, ""),
        (["prove", "alice@closed.test", "--when-down", "mx1.kept.test"], 2, ""),
        (["probe", "--matrix", "--to", "alice@closed.test"], 2, ""),
        (["probe", "closed.test"], 0, "ehlo=2 starttls=1 quit=1 commands=4"),
    ],
    ids=["prove", "outage", "matrix", "probe"],
)
def test_a_domain_that_does_not_allow_it_hears_nothing_of_mail(
    words: list[str], status: int, heard: str, make: Make, certificate: Issue
) -> None:
    pair = make(primary={"certificate": certificate("mx1.kept.test")})
    command = [sys.executable, "-m", "mxprobe", *words, "--nameserver", NAMES, "--allow-special"]
    said = subprocess.run(command, capture_output=True, text=True, check=False)

    assert pair.primary is not None
    ends = [line for line in pair.primary.log().splitlines() if "disconnect from" in line]
    assert [line.partition("] ")[2] for line in ends] == ([heard] if heard else [])
    assert "connect from" not in pair.primary.log() or heard
    assert said.returncode == status, said.stderr
    if status:
        assert "there is no TXT record" in said.stderr
        assert "--i-own-this" in said.stderr


_KILLED_AT = (0.0, 0.05, 0.1, 0.2, 0.4, 0.7, 1.1, 1.6)
"""Seconds from when the journal is there; a host takes its time behind the final dot, so that some fall in there."""


def test_what_was_begun_is_never_sent_twice(make: Make, tmp_path: Path) -> None:
    slow = {"extra": {"smtpd_end_of_data_restrictions": "sleep 1"}}
    pair = make(primary=slow, backup=slow)
    words = ["--mailbox", pair.maildir(), "--from", RETURNS, "--returns", pair.maildir(RETURNS), "--helo", "probe.test"]
    words += ["--nameserver", NAMES, "--watch", "2s", "--allow-special"]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    journals = []
    for number, moment in enumerate(_KILLED_AT):
        journal = tmp_path / f"journal-{number}.json"
        begin = [sys.executable, "-m", "mxprobe", "prove", ALICE, "--no-unknown", "--save", str(journal), *words]
        with subprocess.Popen(begin, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as program:
            deadline = time.monotonic() + 20
            while not journal.exists() and time.monotonic() < deadline:
                time.sleep(0.002)
            time.sleep(moment)
            program.send_signal(signal.SIGKILL)
        journals.append(journal)

    states = []
    for journal in journals:
        before = {route.token: route for route in load_proof(journal).routes}
        resume = [sys.executable, "-m", "mxprobe", "prove", "--resume", str(journal), "--format", "json", *words]
        said = subprocess.run(resume, env=environment, capture_output=True, text=True, check=False)
        assert said.returncode in (0, 1), said.stderr
        known = load_proof(journal)
        assert {route.token for route in known.routes} == set(before)
        for route in known.routes:
            assert len(_taken(pair, route.token)) == len(set(_taken(pair, route.token)))
            if before[route.token].begun_at is None:
                assert _taken(pair, route.token) == []
            states.append(state_of(route, known))
            if states[-1] is State.ARRIVED:
                assert route.via.partition(".")[0] in _taken(pair, route.token)
    assert State.LOST not in states
    assert {State.PLANNED, State.ARRIVED} <= set(states)


def _taken(pair: Pair, token: str) -> list[str]:
    """The hosts that have taken the message with this mark, each as often as it has."""
    assert pair.primary is not None
    assert pair.backup is not None
    logs = {"mx1": pair.primary.log(), "mx2": pair.backup.log()}
    return [host for host, log in logs.items() for _ in range(log.count(f"message-id=<{token}."))]
