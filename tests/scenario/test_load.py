"""Scenario files that cannot be right are refused with file, line and what would be right."""

from pathlib import Path

import pytest

from mxprobe.errors import InputError
from mxprobe.jobs.play import load_stories
from mxprobe.scenario.durations import NoDuration, parse_duration, render_duration
from mxprobe.scenario.load import load, load_bytes

GOOD = """\
story: A story.
domain: example.test
mx: [10 mx1, 20 mx2]
recipients: [alice]
steps:
  - {at: 1m, send: letter, to: alice}
expect:
  letter: {accepted: mx1, arrived: mailbox}
"""
INVALID = Path(__file__).parent / "invalid"
"""Every file here is refused with the text beside it (the same name, .txt)."""


def test_the_good_file_is_good() -> None:
    assert load(GOOD, "good.yaml").chain == ((10, "mx1.example.test"), (20, "mx2.example.test"))


def test_a_step_may_come_after_the_one_above_it() -> None:
    text = GOOD.replace(
        "expect:", "  - {after: 20m, break: mx1, with: tcp-refuse}\n  - {after: 5m, mend: mx1}\nexpect:"
    )

    assert [step.at for step in load(text, "after.yaml").steps] == [60.0, 1260.0, 1560.0]


def test_a_folded_text_is_one_line_without_a_trace_of_its_folds() -> None:
    folded = GOOD.replace("story: A story.", "story: >\n  One\n  and two.")

    assert load(folded, "folded.yaml").story == "One and two."


@pytest.mark.parametrize("name", sorted(file.name for file in INVALID.glob("*.yaml")))
def test_a_broken_file_is_refused_at_its_line_with_what_would_be_right(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(INVALID)

    with pytest.raises(InputError) as caught:
        load_stories([Path(name)])

    assert f"{caught.value}\n" == Path(name).with_suffix(".txt").read_text()


def test_every_broken_file_has_its_text_and_every_text_its_file() -> None:
    stems = {kind: {file.stem for file in INVALID.glob(f"*.{kind}")} for kind in ("yaml", "txt")}

    assert stems["yaml"] == stems["txt"]
    assert len(stems["yaml"]) >= 39


def test_bytes_that_are_no_utf8_are_refused() -> None:
    with pytest.raises(InputError, match="UTF-8"):
        load_bytes(b"story: \xff\n", "latin.yaml")


def test_a_missing_path_and_an_empty_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        load_stories([tmp_path / "missing.yaml"])
    with pytest.raises(InputError, match="no scenario file"):
        load_stories([tmp_path])


@pytest.mark.parametrize(("text", "seconds"), [("500ms", 0.5), ("1h30m", 5400.0), ("4w", 2419200.0), ("0m", 0.0)])
def test_durations_are_read_and_written(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds
    assert parse_duration(render_duration(seconds)) == seconds


@pytest.mark.parametrize("text", ["5min", "12:30", "-1m", "60", ""])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(NoDuration):
        parse_duration(text)
