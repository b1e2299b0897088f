"""Reports in files, thresholds, and what a monitor is told when nothing could even begin."""

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mxprobe.cli import main
from mxprobe.report.formats import LOOK_FORMATS
from mxprobe.report.json import render_document
from tests.support.told import ZONE, faulty, flawless


def _run(*words: str) -> Result:
    return CliRunner().invoke(main, list(words))


@pytest.fixture
def zone(tmp_path: Path) -> Path:
    path = tmp_path / "example.test.zone"
    path.write_text(ZONE)
    return path


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "saved.json"
    path.write_text(render_document(faulty()))
    return path


@pytest.mark.parametrize("form", ["text", *LOOK_FORMATS])
def test_a_report_in_a_file_is_the_report(form: str, saved: Path, tmp_path: Path) -> None:
    told = _run("report", str(saved), "--format", form)
    written = _run("report", str(saved), "--format", form, "--output", str(tmp_path / "report"))

    assert written.output == ""
    assert (tmp_path / "report").read_text() == told.stdout
    assert written.exit_code == told.exit_code == (2 if form == "nagios" else 1)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report", "saved.json"]


def test_metrics_can_be_read_by_everybody_and_other_reports_as_the_umask_says(saved: Path, tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        for form in ("prometheus", "html"):
            _run("report", str(saved), "--format", form, "--output", str(tmp_path / form))
    finally:
        os.umask(before)

    assert (tmp_path / "prometheus").stat().st_mode & 0o777 == 0o644
    assert (tmp_path / "html").stat().st_mode & 0o777 == 0o600


def test_a_file_is_replaced_at_its_place_and_never_half_written(
    saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, link = tmp_path / "old.prom", tmp_path / "link.prom"
    place.write_text("before")
    link.symlink_to(place)

    def fail(source: object, target: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", fail)
        failed = _run("report", str(saved), "--format", "prometheus", "--output", str(link))
    assert (failed.exit_code, place.read_text()) == (2, "before")
    assert "cannot write there: No space left on device" in failed.stderr
    assert not list(tmp_path.glob(".*"))

    _run("report", str(saved), "--format", "prometheus", "--output", str(link))
    assert link.is_symlink()
    assert place.read_text().startswith("# HELP")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--output", "/dev/null"), "no file to be replaced"),
        (("--output", "."), "this is a folder"),
        (("--output", "no/such/report"), "no such folder"),
        (("--output", "same", "--save", "same"), "--save and --output name one file"),
    ],
)
def test_a_place_that_cannot_be_is_refused_before_anything_is_looked_at(words: tuple[str, ...], told: str) -> None:
    result = _run("probe", "example.test", "--nameserver", "127.0.0.1:1", *words)

    assert result.exit_code == 2
    assert told in result.stderr


def test_several_domains_stand_in_one_text_file(tmp_path: Path) -> None:
    out = tmp_path / "report.txt"
    result = _run("probe", "a.test", "b.test", "--nameserver", "127.0.0.1:1", "--output", str(out))

    assert result.exit_code == 3
    assert [line[:6] for line in out.read_text().splitlines() if ".test: could not look: " in line] == [
        "a.test",
        "b.test",
    ]


def test_what_is_kept_of_one_domain_is_refused_for_several(tmp_path: Path) -> None:
    saved = tmp_path / "saved.json"
    result = _run("probe", "a.test", "b.test", "--nameserver", "127.0.0.1:1", "--save", str(saved))

    assert (result.exit_code, result.stdout) == (2, "")
    assert "--save is about one domain; name one" in result.stderr
    assert not saved.exists()


def test_a_slip_in_the_last_domain_is_told_before_the_first_is_looked_at() -> None:
    result = _run("probe", "a.test", "b..test", "--nameserver", "127.0.0.1:1")

    assert (result.exit_code, result.stdout) == (2, "")
    assert "b..test" in result.stderr


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("speed=1", "write FIGURE=WARNING"),
        ("connect", "write FIGURE=WARNING"),
        ("connect=", "say a number"),
        ("connect=fast", "fast is no number"),
        ("connect=nan", "nan is no number"),
        ("connect=-1", "-1 is no number"),
        ("connect=5:2", "the warning comes first"),
        ("cert=7:14", "the warning comes first"),
    ],
)
def test_a_threshold_that_cannot_be_is_unknown_to_a_monitor(word: str, told: str, saved: Path) -> None:
    result = _run("report", str(saved), "--format", "nagios", "--threshold", word)

    assert result.exit_code == 3
    assert result.stdout.startswith("MXPROBE UNKNOWN - ")
    assert told in result.stdout


def test_thresholds_are_for_monitors_alone_and_each_is_said_once(saved: Path) -> None:
    assert "--format nagios" in _run("report", str(saved), "--threshold", "connect=1").stderr
    twice = _run("report", str(saved), "--format", "nagios", "--threshold", "cert=9", "--threshold", "cert=8")
    assert "has its bounds already" in twice.stdout


def test_thresholds_decide(tmp_path: Path) -> None:
    path = tmp_path / "well.json"
    path.write_text(render_document(flawless()))

    assert _run("report", str(path), "--format", "nagios").exit_code == 0
    assert _run("report", str(path), "--format", "nagios", "--threshold", "cert=9000:7").exit_code == 1
    assert _run("report", str(path), "--format", "nagios", "--threshold", "elapsed=:0.1").exit_code == 2


@pytest.mark.parametrize(
    "words",
    [
        ("probe", "--format", "nagios"),
        ("probe", "--format=nagios", "no such domain"),
        ("probe", "--format", "nagios", "--no-such-option"),
        ("report", "no-such-file|\nforged | 'a'=1", "--format", "nagios"),
        ("probe", "--format", "nagios", "--zone", "none", "--domain", "example.test"),
    ],
)
def test_wrong_use_is_unknown_to_a_monitor(words: tuple[str, ...]) -> None:
    result = _run(*words)

    assert result.exit_code == 3
    assert result.stdout.startswith("MXPROBE UNKNOWN - ")
    assert "|" not in result.stdout


def test_a_failure_of_ours_is_unknown_to_a_monitor(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr("mxprobe.cli.showing.show_all", fail)
    result = _run("report", str(saved), "--format", "nagios")

    assert result.exit_code == 3
    assert result.stdout == "MXPROBE UNKNOWN - mxprobe failed; standard error says how\n"
    assert "RuntimeError: a bug" in result.stderr


def test_a_warning_counts_for_a_monitor_unless_it_is_told_otherwise(zone: Path, tmp_path: Path) -> None:
    zone.write_text("".join(line for line in ZONE.splitlines(keepends=True) if "gone" not in line))
    words = ("probe", "--zone", str(zone), "--domain", "example.test", "--format")

    assert _run(*words, "nagios").exit_code == 1
    assert _run(*words, "nagios", "--fail-on", "error").exit_code == 0
    assert _run(*words, "json").exit_code == 0


def test_a_zone_from_standard_input_has_no_file_to_point_at() -> None:
    words = ["probe", "--zone", "-", "--domain", "example.test", "--format"]
    sarif = CliRunner().invoke(main, [*words, "sarif"], input=ZONE)
    github = CliRunner().invoke(main, [*words, "github"], input=ZONE)

    assert json.loads(sarif.stdout)["runs"][0]["results"]
    assert "physicalLocation" not in sarif.stdout
    assert "file=" not in github.stdout


@pytest.mark.parametrize("form", [form for form in LOOK_FORMATS if form != "json"])
def test_a_what_if_has_no_verdict_for_other_formats(form: str, saved: Path) -> None:
    result = _run("report", str(saved), "--down", "mx1", "--format", form)

    assert result.exit_code == (3 if form == "nagios" else 2)
    assert f"a what-if (--down, --fault) has no verdict for {form}" in result.output


@pytest.mark.parametrize("form", ["sarif", "nagios", "prometheus", "html"])
def test_runs_have_no_such_format_and_that_is_said(form: str, tmp_path: Path) -> None:
    runs = tmp_path / "runs.json"
    runs.write_text(_run("run", "scenarios/dns", "--format", "json").stdout)
    result = _run("report", str(runs), "--format", form)

    assert result.exit_code == (3 if form == "nagios" else 2)
    assert f"--format {form}: saved runs can be told as text, json" in result.output
    assert "--output is for a saved probe" in _run("report", str(runs), "--output", str(tmp_path / "x")).stderr
