"""`mxprobe prove`: words that do not go together are refused before anybody is asked anything."""

import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from mxprobe.cli import main
from mxprobe.facts.proof import Copy, Proof, Route
from mxprobe.jobs.prove import keep


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
    proof = Proof(
        version="1",
        domain="example.test",
        recipient="alice@example.test",
        mail_from="",
        helo="probe.test",
        allowed_by="--i-own-this",
        began_at=began,
        watched_until=began + 60,
        deadline=began + 21600,
        chain=((10, "mx1.example.test"),),
        routes=(
            Route(
                token="t",
                via="mx1.example.test",
                preference=10,
                recipient="alice@example.test",
                begun_at=began,
                copies=(Copy(place="INBOX", at=began + 2),),
            ),
        ),
        mailbox="a Maildir",
    )
    file = tmp_path / "proof.json"
    keep(proof, file)

    assert file.stat().st_mode & 0o077 == 0
    told = CliRunner().invoke(main, ["report", str(file)])
    young = CliRunner().invoke(main, ["report", str(file), "--proven-within", "60d"])
    old = CliRunner().invoke(main, ["report", str(file), "--proven-within", "30d"])
    assert (told.exit_code, young.exit_code, old.exit_code) == (0, 0, 1), told.output
    assert "mx1.example.test: PROVEN." in told.output
    assert "prove it again" in old.output
