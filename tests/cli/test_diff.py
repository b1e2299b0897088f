"""`mxprobe diff`: the answer first, what changed and how it looks, and every file that cannot be right."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mxprobe.cli import main
from mxprobe.jobs.saved import MOST_OCTETS
from mxprobe.report.json import LookDocument, render_document
from tests.mx.test_changes import WHOLE
from tests.support.examples import snapshot_of

NOW = "looked 2026-03-10T12:00Z"
RENEWED = WHOLE.replace(NOW, "looked 2026-02-10T12:00Z").replace("key 1 by CN=An", "key 7 by CN=An", 1)
HIJACKED = (
    WHOLE.replace("example.test MX 20 mx2.example.test", "example.test MX 5 mx.stranger.test")
    + 'mx.stranger.test A 203.0.113.9\n203.0.113.9 "220 \x1b[31mmx.stranger.test" "250 mx.stranger.test"\n'
)


def _save(path: Path, block: str) -> Path:
    path.write_text(render_document(LookDocument(snapshot=snapshot_of(block))))
    return path


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with an old probe, a new one after a renewal, and one after a hijack."""
    monkeypatch.chdir(tmp_path)
    _save(tmp_path / "old.json", RENEWED)
    _save(tmp_path / "new.json", WHOLE)
    _save(tmp_path / "hijacked.json", HIJACKED.replace("2026-03-10", "2026-03-11"))
    return tmp_path


def _diff(*words: str) -> Result:
    return CliRunner().invoke(main, ["diff", *words])


def test_a_renewal_is_told_as_one_and_ends_well(files: Path) -> None:
    result = _diff("old.json", "new.json")
    lines = result.output.splitlines()

    assert result.exit_code == 0, result.output
    assert lines[0] == "example.test: 1 renewal in 28 d; none looks like mail in other hands."
    assert "CHANGED    1 renewal; from 2026-02-10 12:00 UTC to 2026-03-10 12:00 UTC" in lines
    assert "  renewal   mx1.example.test/192.0.2.1: certificate" in lines
    assert any(line.strip().startswith("key ") and " -> " in line for line in lines)
    assert "Exit 0: nothing at or above error." in " ".join(result.output.split())
    assert all(len(line) <= 100 for line in lines)


def test_a_hijack_is_the_first_line_and_an_error(files: Path) -> None:
    result = _diff("new.json", "hijacked.json")
    lines = result.output.splitlines()

    assert result.exit_code == 1, result.output
    assert lines[0].startswith("example.test: the MX records of example.test are not those of the probe of 2026-03-10")
    assert "  alarming  mx.stranger.test: MX record" in lines
    assert "            new   5 mx.stranger.test" in lines
    assert "error   MX520  the MX records of example.test" in result.output
    assert "\x1b" not in result.output
    assert "Exit 1: " in result.output
    assert all(len(line) <= 100 for line in lines)


def test_a_probe_beside_itself_shows_nothing(files: Path) -> None:
    result = _diff("old.json", "old.json")

    assert result.exit_code == 0, result.output
    assert result.output.startswith("example.test: nothing changed in 0 s")
    assert "CHANGED    nothing" in result.output


def test_what_is_mended_is_told_and_what_is_new_counts(files: Path) -> None:
    _save(files / "plain.json", WHOLE.replace('"250 STARTTLS"', '"250 SIZE"').replace("2026-03-10", "2026-03-09"))
    better = _diff("plain.json", "new.json")
    _save(files / "later.json", WHOLE.replace('"250 STARTTLS"', '"250 SIZE"').replace("2026-03-10", "2026-03-12"))
    worse = _diff("new.json", "later.json")

    assert better.exit_code == 0, better.output
    assert "MENDED" in better.output
    assert worse.exit_code == 1, worse.output
    assert "  change    mx1.example.test/192.0.2.1: STARTTLS" in worse.output
    assert "offered -> not offered" in worse.output


def test_unknown_mx_records_are_no_all_clear(files: Path) -> None:
    lines = [line for line in RENEWED.splitlines() if not line.startswith("example.test MX")]
    _save(files / "failed.json", "\n".join([*lines, "example.test MX SERVFAIL"]))
    result = _diff("failed.json", "new.json")

    assert result.exit_code == 3, result.output
    assert "NOT COMPARED" in result.output
    assert "example.test MX records: in the earlier probe the MX lookup of example.test failed" in result.output
    assert "as far as both probes tell" in result.output.splitlines()[0]
    assert "MENDED" in result.output


def test_a_failure_that_is_new_is_an_error(files: Path) -> None:
    lines = [line for line in WHOLE.splitlines() if not line.startswith("example.test MX")]
    _save(files / "failed.json", "\n".join([*lines, "example.test MX SERVFAIL"]))

    assert _diff("old.json", "failed.json").exit_code == 1


def test_the_exit_status_follows_fail_on(files: Path) -> None:
    _save(files / "swapped.json", WHOLE.replace("MX 10", "MX 30").replace("2026-03-10", "2026-03-11"))

    assert _diff("new.json", "swapped.json").exit_code == 0
    assert _diff("new.json", "swapped.json", "--fail-on", "warning").exit_code == 1
    assert _diff("old.json", "new.json", "--fail-on", "info").exit_code == 0


def test_json_has_every_change_with_its_weight_and_reason(files: Path) -> None:
    result = _diff("new.json", "hijacked.json", "--format", "json")
    document = json.loads(result.output)
    change = next(one for one in document["changes"] if one["subject"] == "mx.stranger.test")

    assert (document["kind"], document["schema"], document["exit_status"]) == ("diff", 1, result.exit_code)
    assert (change["area"], change["weight"], change["new"]) == ("MX", "alarming", ["5 mx.stranger.test"])
    assert change["because"].startswith("it is of stranger.test")
    assert "alice@" not in result.output


def test_markdown_is_a_table_and_takes_no_marks_from_remotes(files: Path) -> None:
    text = WHOLE.replace("220 mx1.example.test", "220 a|<b>[x](y)*z*$w").replace("2026-03-10", "2026-03-11")
    _save(files / "marks.json", text)
    result = _diff("new.json", "marks.json", "--format", "markdown")

    assert result.output.startswith("**mxprobe diff**: example.test: ")
    assert "| change | answers | mx1.example.test/192.0.2.1: name in the greeting |" in result.output
    assert "a\\|\\<b\\>\\[x\\](y)\\*z\\*\\$w" in result.output


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "no saved probe"),
        (b"{", "no saved probe"),
        (b"[]", "no saved probe"),
        (b"\xff\xfe", "no saved probe"),
        (b'{"kind":"runs","schema":1,"runs":[]}', "this is no saved probe of schema 1 but saved runs"),
        (b'{"kind":"proof","schema":1}', "this is no saved probe of schema 1 but a proof"),
        (b'{"kind":"diff","schema":1}', "this is no saved probe of schema 1 but a comparison of probes"),
        (b'{"name":"left-pad","version":"1.3.0"}', "this is no saved probe of schema 1"),
        (b'{"kind":"look","schema":2}', "this is no saved probe of schema 1"),
        (b'{"kind":"look","schema":1,"snapshot":{"domain":7}}', "$.snapshot"),
        (b'{"kind":"look","schema":1,"x":' + b"[" * 200_000, "no saved probe"),
        (b" " * (MOST_OCTETS + 1), f"more than {MOST_OCTETS} octets"),
    ],
    ids=["empty", "cut", "list", "octets", "runs", "proof", "diff", "foreign", "schema", "not a look", "deep", "large"],
)
@pytest.mark.parametrize("is_old", [True, False], ids=["old", "new"])
def test_a_file_that_is_no_saved_probe_is_named(files: Path, content: bytes, says: str, is_old: bool) -> None:
    (files / "bad.json").write_bytes(content)
    result = _diff(*(("bad.json", "new.json") if is_old else ("old.json", "bad.json")))

    assert result.exit_code == 2, result.output
    assert result.output.startswith("bad.json: ")
    assert says in result.output


def test_a_truncated_probe_is_refused(files: Path) -> None:
    whole = (files / "old.json").read_bytes()
    (files / "cut.json").write_bytes(whole[: len(whole) // 2])
    result = _diff("cut.json", "new.json")

    assert result.exit_code == 2, result.output
    assert result.output.startswith("cut.json: no saved probe: ")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (
            ("new.json", "old.json"),
            "new.json: this probe of 2026-03-10 12:00 UTC is younger than old.json of 2026-02-10",
        ),
        (("nowhere.json", "new.json"), "nowhere.json: cannot be read"),
        (("old.json", "."), ".: cannot be read"),
        (("/dev/zero", "new.json"), "/dev/zero: the file has more than"),
        (("old.json", "other.json"), "other.json: this is a probe of other.test, and old.json is one of example.test"),
        (("old.json",), "Missing argument 'NEW'"),
        (("old.json", "new.json", "--format", "sarif"), "'sarif' is not one of"),
    ],
)
def test_wrong_files_end_in_one_message_and_exit_2(files: Path, words: tuple[str, ...], says: str) -> None:
    other = (files / "new.json").read_text().replace('"domain": "example.test"', '"domain": "other.test"')
    (files / "other.json").write_text(other)
    result = _diff(*words)

    assert result.exit_code == 2, result.output
    assert says in result.output
    assert "Traceback" not in result.output


def test_a_probe_of_very_many_records_is_told_in_bounded_text(files: Path) -> None:
    records = "".join(f"example.test MX 10 mx{number}.evil{number}.test\n" for number in range(400))
    _save(files / "many.json", WHOLE.replace("2026-03-10", "2026-03-11") + records)
    result = _diff("new.json", "many.json")

    assert result.exit_code == 1
    assert "more: --format json" in result.output
    assert len(result.output.splitlines()) < 2500


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(st.data())
def test_a_damaged_probe_is_refused_or_compared_and_never_raises(files: Path, data: st.DataObject) -> None:
    whole = bytearray((files / "old.json").read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(whole) - 1))
        whole[at : at + data.draw(st.integers(0, 40))] = data.draw(st.binary(max_size=6))
    (files / "bad.json").write_bytes(bytes(whole))
    result = _diff("bad.json", "new.json")

    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
