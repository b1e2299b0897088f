"""`mxprobe probe --matrix` and `--dry-run`: what is refused, announced and said, in exit status and streams."""

from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner, Result

from mxprobe.cli import main
from mxprobe.facts.snapshot import Snapshot
from mxprobe.jobs import look as look_module
from mxprobe.jobs.look import Look, LookOptions, judge
from mxprobe.mx.consent import NoConsent
from mxprobe.probe.matrix import MatrixRequest, refuse
from tests.support.asked import ONE, RANDOM, TWO, ask_matrix, knows

HONEST = {ONE: knows("alice", "postmaster"), TWO: knows("alice", "postmaster")}


@pytest.fixture
def wanted(monkeypatch: pytest.MonkeyPatch) -> list[LookOptions]:
    """The options of every look, which are looks at a memory network."""
    seen: list[LookOptions] = []

    async def look(_domain: str, options: LookOptions, _progress: Any, announce: Callable[[Snapshot], None]) -> Look:
        seen.append(options)
        if not options.i_own_this and not options.dry_run:
            raise refuse("example.test", NoConsent(reason="there is no TXT record _mxprobe.example.test"))
        announced, snapshot = LOOKS[options.dry_run]
        for one in announced:
            announce(one)
        return judge(snapshot)

    monkeypatch.setattr(look_module, "look", look)
    return seen


def _looked(*, dry_run: bool) -> tuple[list[Snapshot], Snapshot]:
    seen = ask_matrix(HONEST, MatrixRequest(random=RANDOM, owned=True), dry_run=dry_run)
    return seen.announced, seen.snapshot


LOOKS = {dry_run: _looked(dry_run=dry_run) for dry_run in (False, True)}


def _type(*words: str) -> Result:
    return CliRunner().invoke(main, ["probe", "--to", "alice@example.test", *words])


def test_a_matrix_without_consent_is_exit_2_and_names_the_flag(wanted: list[LookOptions]) -> None:
    result = _type("--matrix")

    assert result.exit_code == 2
    assert "--i-own-this" in result.stderr
    assert result.stdout == ""


def test_a_matrix_is_announced_on_stderr_and_told_on_stdout(wanted: list[LookOptions]) -> None:
    result = _type("--matrix", "--i-own-this")

    assert result.exit_code == 0
    assert "at most 20 RCPTs" in result.stderr
    assert "RECIPIENTS" in result.stdout
    assert "RECIPIENTS" not in result.stderr
    assert "at most 20 RCPTs" not in result.stdout
    assert RANDOM not in result.output


def test_a_dry_run_is_exit_0_whatever_a_look_would_find(wanted: list[LookOptions]) -> None:
    result = _type("--matrix", "--dry-run", "--patient")

    assert result.exit_code == 0
    assert wanted[0].patient
    assert "RCPT TO:<" in result.stdout
    assert "nobody was dialled" in result.stdout
    assert "FINDINGS" not in result.stdout


def test_a_zone_file_cannot_be_asked(wanted: list[LookOptions]) -> None:
    result = CliRunner().invoke(main, ["probe", "--zone", "x", "--domain", "example.test", "--matrix"])

    assert result.exit_code == 2
    assert "--matrix cannot go with it" in result.stderr
