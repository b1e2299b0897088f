"""Runs in the formats of CI pages: a failure stands at its line, and nothing of a file can break out of its place."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from mxprobe.facts.run import Miss, Run, Verdict
from mxprobe.jobs.play import play_one
from mxprobe.report.formats import RUN_FORMATS, load_format
from mxprobe.scenario.load import load

STORY = (Path(__file__).parents[2] / "scenarios/greeting/primary-554.yaml").read_text()


@pytest.fixture(scope="module")
def runs() -> tuple[Run, ...]:
    story = load(STORY.partition("\ndiffers:")[0] + "\n", "greeting/primary-554.yaml")
    return tuple(play_one(story, sender, 1) for sender in ("postfix", "haraka"))


def test_every_format_that_people_can_type_is_there() -> None:
    assert {"json", "junit", "github", "markdown"} <= set(RUN_FORMATS)


def test_a_failure_is_an_annotation_at_its_line(runs: tuple[Run, ...]) -> None:
    (line,) = load_format(RUN_FORMATS, "github", "runs")(runs).splitlines()

    assert line.startswith("::error file=greeting/primary-554.yaml,line=16,title=primary-554 (haraka)::")
    assert "bounced by sender at 1m (5.3.2)" in line


def test_what_a_file_says_cannot_end_an_annotation(runs: tuple[Run, ...]) -> None:
    miss = Miss(says="100 % wrong\n::error::forged", line=3)
    run = replace(runs[0], path="a,b:c%.yaml", verdict=Verdict(misses=(miss,)))

    assert load_format(RUN_FORMATS, "github", "runs")([run]) == (
        "::error file=a%2Cb%3Ac%25.yaml,line=3,title=a%2Cb%3Ac%25 (postfix)::100 %25 wrong ::error::forged\n"
    )


def test_all_green_is_a_notice(runs: tuple[Run, ...]) -> None:
    assert load_format(RUN_FORMATS, "github", "runs")(runs[:1]).startswith(
        "::notice title=mxprobe::1 story, 1 play, all as expected."
    )


def test_markdown_has_a_table_and_the_timeline_of_what_failed(runs: tuple[Run, ...]) -> None:
    lines = load_format(RUN_FORMATS, "markdown", "runs")(runs).splitlines()

    assert lines[0].startswith("**mxprobe**: 1 story, 2 plays: 1 as expected, 1 not.")
    assert "| story | postfix | haraka |" in lines
    assert "| greeting/primary-554.yaml | ok | **not** |" in lines
    assert lines.count("```text") == lines.count("```") == 1
    assert any(line.startswith("FAIL  greeting/primary-554.yaml:16") for line in lines)


def test_markdown_takes_names_as_they_are(runs: tuple[Run, ...]) -> None:
    run = replace(runs[0], path="a|b_<script>.yaml")

    assert "| a\\|b\\_\\<script\\>.yaml | ok |" in load_format(RUN_FORMATS, "markdown", "runs")([run])
