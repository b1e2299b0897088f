"""`mxprobe prove`: words that do not go together are refused before anybody is asked anything."""

import json
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from mxprobe.cli import main
from mxprobe.facts.proof import Copy
from mxprobe.jobs.prove import keep
from tests.support.proofs import MX1, MX2, copy, proof, route, taken

DAY = 86400.0


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "name an address of yours"),
        (("example.test",), "an address has the form user@domain"),
        (("a@example.test", "--resume", "x.json"), "--resume goes on with a proof of its own"),
        (("a@example.test", "--arrived", "t"), "--arrived belongs to --resume FILE"),
        (("a@example.test", "--watch", "soon", "--i-own-this", "--dry-run"), "--watch soon"),
        (("a@example.test", "--save", "/nowhere/at/all.json"), "cannot save there: there is no such folder"),
        (("--resume", "/nowhere.json"), "cannot be read"),
    ],
)
def test_what_cannot_be_right_is_said(words: tuple[str, ...], says: str) -> None:
    result = CliRunner().invoke(main, ["prove", *words])

    assert result.exit_code == 2, result.output
    assert says in result.output


def test_a_file_that_is_no_proof_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "other.json"
    file.write_text('{"kind": "look"}')

    result = CliRunner().invoke(main, ["prove", "--resume", str(file)])

    assert result.exit_code == 2
    assert "this is no proof that mxprobe has kept" in result.output


def test_a_proof_that_was_kept_is_told_again_and_may_be_too_old(tmp_path: Path) -> None:
    began = time.time() - 40 * 86400
    copies = (Copy(place="INBOX", at=began + 2),)
    kept = proof(route(MX1, copies=copies, begun_at=began), began_at=began, chain=((10, MX1),))
    file = tmp_path / "proof.json"
    keep(kept, file)

    assert file.stat().st_mode & 0o077 == 0
    told = CliRunner().invoke(main, ["report", str(file)])
    young = CliRunner().invoke(main, ["report", str(file), "--proven-within", "60d"])
    old = CliRunner().invoke(main, ["report", str(file), "--proven-within", "30d"])
    assert (told.exit_code, young.exit_code, old.exit_code) == (0, 0, 1), told.output
    assert "mx1.example.test: PROVEN." in told.output
    assert "prove it again" in old.output


def test_a_folder_of_proofs_tells_when_each_host_was_proven_last(tmp_path: Path) -> None:
    now = time.time()
    direct, backup = route(MX1, taken(MX1), copies=(copy(2),)), route(MX2, taken(MX2), copies=(copy(9),))
    keep(proof(direct, backup, began_at=now - 40 * DAY), tmp_path / "a.json")
    keep(proof(direct, route(MX2, taken(MX2)), began_at=now - DAY), tmp_path / "b.json")
    (tmp_path / "other.json").write_text("{}")

    told = CliRunner().invoke(main, ["report", str(tmp_path)])
    machine = CliRunner().invoke(main, ["report", str(tmp_path), "--format", "json", "--proven-within", "30d"])
    outage = CliRunner().invoke(main, ["report", str(tmp_path), "--proven-within", "60d", "--in-outage"])

    assert told.exit_code == 0
    assert "2 proofs, 1 other files. Exit 0." in told.output
    assert machine.exit_code == 1
    assert json.loads(machine.output)["stale"] == [MX2]
    assert outage.exit_code == 1
    assert "1 hosts (!) were not proven within 60d." in outage.output


def test_a_folder_without_proofs_is_refused(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["report", str(tmp_path)])

    assert result.exit_code == 2
    assert "no proof is kept in this folder" in result.output
