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
BROKEN = {
    "unknown-key": (GOOD + "stroy: x\n", 9, "story"),
    "duplicate-key": (GOOD + "story: again\n", 9, "second time"),
    "tab": (GOOD.replace("  - {at", "\t- {at"), 6, "tab"),
    "wrong-type": (GOOD.replace("[10 mx1, 20 mx2]", "ten"), 3, "list"),
    "unknown-host": (GOOD.replace("accepted: mx1", "accepted: mx7"), 8, "host"),
    "unknown-fault": (
        GOOD.replace("expect:", "  - {at: 2m, break: mx1, with: tcp-refused}\nexpect:"),
        7,
        "tcp-refuse?",
    ),
    "unknown-profile": (GOOD.replace("steps:", "senders: [postfx]\nsteps:"), 5, "postfix?"),
    "negative-time": (GOOD.replace("at: 1m", "at: -1m"), 6, "negative"),
    "bare-number": (GOOD.replace("at: 1m", "at: 60"), 6, "no unit"),
    "clock-time": (GOOD.replace("at: 1m", 'at: "12:30"'), 6, "no duration"),
    "no-fate": (GOOD.replace(", arrived: mailbox", ""), 8, "exactly one way"),
    "circle-of-hand-ons": (GOOD.replace("steps:", "hosts: {mx1: {hands-on: mx2}}\nsteps:"), 5, "circle"),
    "fault-without-phase": (
        GOOD.replace("expect:", "  - {at: 2m, break: mx1, with: {reply: 451 no}}\nexpect:"),
        7,
        "phase",
    ),
    "no-difference": (
        GOOD.replace("steps:", "senders: [postfix]\nsteps:")
        + "differs:\n  - {senders: [postfix], cell: C1, because: x, expect: {letter: {queued: sender}}}\n",
        11,
        "no difference",
    ),
    "not-yaml": (GOOD + "}: {\n", 9, "not YAML"),
}


def test_the_good_file_is_good() -> None:
    assert load(GOOD, "good.yaml").chain == ((10, "mx1.example.test"), (20, "mx2.example.test"))


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_refused_at_its_line_with_what_would_be_right(name: str) -> None:
    text, line, says = BROKEN[name]

    with pytest.raises(InputError) as caught:
        load(text, f"{name}.yaml")

    shown = str(caught.value)
    assert shown.startswith(f"{name}.yaml:{line}:"), shown
    assert says in shown


def test_an_empty_file_says_what_a_story_has() -> None:
    with pytest.raises(InputError, match="empty"):
        load("", "empty.yaml")


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
