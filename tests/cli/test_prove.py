"""`mxprobe prove`: words that do not go together are refused before anybody is asked anything."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from mxprobe.cli import main


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
