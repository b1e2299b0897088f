"""`mxprobe prove`: words that do not go together are refused before anybody is asked anything."""

import json
import time
from pathlib import Path

import pytest
from click.testing import CliRunner
from msgspec.structs import replace

from mxprobe.cli import main
from mxprobe.facts.codec import encode
from mxprobe.facts.proof import Proof, Route
from mxprobe.jobs.prove import keep
from tests.support.proofs import MX1, MX2, copy, proof, route, taken

DAY = 86400.0
UP = (route(MX1, taken(MX1), copies=(copy(2),)), route(MX2, taken(MX2), copies=(copy(40),)))
OUTAGE = (route(MX2, taken(MX2), copies=(copy(900),), down=(MX1,)),)


def _began(at: float, *routes: Route) -> Proof:
    """A proof of these messages that began then."""
    return replace(proof(*routes), began_at=at)


def _report(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["report", *words])
    return result.exit_code, result.output


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
        (("--resume", "x.json", "--when-down", "mx1"), "--when-down: --resume sends nothing"),
        (("--resume", "x.json", "--only", "mx1"), "--only: --resume sends nothing"),
        (("--resume", "x.json", "--dry-run"), "--dry-run: --resume sends nothing"),
        (("--resume", "x.json", "--save", "y.json"), "--save: --resume sends nothing"),
        (("a@example.test", "--returns", "maildir:x", "--i-own-this"), "nothing can come back to the null sender"),
    ],
)
def test_what_cannot_be_right_is_said(words: tuple[str, ...], says: str) -> None:
    result = CliRunner().invoke(main, ["prove", *words])

    assert result.exit_code == 2, result.output
    assert says in result.output


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ('{"kind": "look"}', "this is no proof that mxprobe has kept"),
        (encode(replace(proof(), kind="cat")).decode(), "this is a cat of schema 1"),
        (encode(replace(proof(), schema=99)).decode(), "this is a proof of schema 99"),
    ],
)
def test_a_file_that_is_no_proof_is_refused(content: str, says: str, tmp_path: Path) -> None:
    file = tmp_path / "other.json"
    file.write_text(content)

    result = CliRunner().invoke(main, ["prove", "--resume", str(file)])

    assert result.exit_code == 2
    assert says in result.output


def test_a_proof_that_was_kept_is_told_again_and_may_be_too_old(tmp_path: Path) -> None:
    began = time.time() - 40 * DAY
    file = tmp_path / "proof.json"
    keep(_began(began, route(MX1, taken(MX1), copies=(copy(2),))), file)

    assert file.stat().st_mode & 0o077 == 0
    told = CliRunner().invoke(main, ["report", str(file)])
    young = CliRunner().invoke(main, ["report", str(file), "--proven-within", "60d"])
    old = CliRunner().invoke(main, ["report", str(file), "--proven-within", "30d"])
    assert (told.exit_code, young.exit_code, old.exit_code) == (0, 0, 1), told.output
    assert "mx1.example.test: PROVEN." in told.output
    assert "prove it again" in old.output
    assert "Last proven in an outage: never." in told.output


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A folder with a proof of today, one of an outage 40 days ago, and what is none."""
    now = time.time()
    keep(_began(now - 60, *UP), tmp_path / "new.json")
    keep(_began(now - 40 * DAY, *OUTAGE), tmp_path / "old.json")
    (tmp_path / "notes.txt").write_text("kind: proof")
    (tmp_path / "broken.json").write_text('{"kind": "proof"}')
    (tmp_path / "look.json").write_text('{"kind": "look", "schema": 1}')
    (tmp_path / "folder").mkdir()
    keep(_began(now, *UP), tmp_path / "folder" / "deeper.json")
    return tmp_path


def test_a_folder_of_proofs_says_when_each_host_was_last_proven(kept: Path) -> None:
    status, told = _report(str(kept))

    assert status == 0, told
    assert told.startswith("example.test: 2 proofs, the newest of ")
    assert "3 files passed over: no proofs." in told
    assert told.endswith("Exit 0.\n")


@pytest.mark.parametrize(
    ("words", "status", "old"),
    [
        (("--proven-within", "30d"), 0, ()),
        (("--proven-within", "10s"), 1, (MX1, MX2)),
        (("--proven-within", "30d", "--in-outage"), 1, (MX2,)),
        (("--proven-within", "60d", "--in-outage"), 0, ()),
    ],
)
def test_what_has_grown_old_alarms(words: tuple[str, ...], status: int, old: tuple[str, ...], kept: Path) -> None:
    files = (str(kept / "new.json"), str(kept / "old.json"))

    assert _report(*files, *words)[0] == status
    known, told = _report(str(kept), *words, "--format", "json")
    document = json.loads(told)
    assert (known, document["exit_status"], document["kind"]) == (status, status, "proven")
    assert document["stale"] == [["example.test", host] for host in old]
    assert document["skipped"] == 3
    assert [host["host"] for host in document["domains"][0]["hosts"]] == [MX1, MX2]


def test_a_host_that_was_never_proven_alarms(tmp_path: Path) -> None:
    keep(_began(time.time(), UP[0]), tmp_path / "new.json")

    status, told = _report(str(tmp_path), "--proven-within", "90d")

    assert status == 1
    assert f"PROVE AGAIN  {MX2} was never proven." in told


def test_one_file_can_be_asked_for_outages_alone(kept: Path) -> None:
    words = ("--proven-within", "90d", "--in-outage")

    assert _report(str(kept / "new.json"), *words)[0] == 1
    assert _report(str(kept / "old.json"), *words)[0] == 1  # of the primary nothing was proven then
    assert _report(str(kept / "new.json"), str(kept / "old.json"), *words)[0] == 0


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("new.json", "look.json"), "this is no proof that mxprobe has kept"),
        (("new.json", "nowhere.json"), "cannot be read"),
        (("folder/empty",), "no proof that mxprobe has kept lies there"),
        ((".", "--down", "mx1"), "--down: that is asked of one saved probe or run"),
        ((".", "--select", "MX817"), "--select: that is asked of one saved probe or run"),
        ((".", "--format", "junit"), "many proofs are told as text, json"),
        ((".", "--in-outage"), "--in-outage says what counts for --proven-within TIME"),
        ((".", "--proven-within", "soon"), "--proven-within soon"),
    ],
)
def test_what_cannot_be_asked_of_many_proofs_is_said(
    words: tuple[str, ...], says: str, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (kept / "folder" / "empty").mkdir()
    monkeypatch.chdir(kept)

    status, told = _report(*words)

    assert status == 2, told
    assert says in told


def test_a_proof_is_told_with_the_outage_that_lies_beside_it(kept: Path) -> None:
    keep(replace(_began(time.time(), *OUTAGE), domain="another.test"), kept / "another.json")
    day = time.strftime("%Y-%m-%d", time.gmtime(time.time() - 40 * DAY))

    status, told = _report(str(kept / "new.json"))
    document = json.loads(_report(str(kept / "new.json"), "--format", "json")[1])

    assert status == 0, told
    assert f"Last proven in an outage: {day}.  Exit 0." in told
    assert document["proven"]["proofs"] == 2
    assert document["removed"] is None
