"""Many seeds of one play are told as one: the first that went wrong in full, the others by their seeds."""

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from msgspec.structs import replace

from mxprobe.facts.run import Run
from mxprobe.jobs.play import PlayOptions, play
from mxprobe.report.formats import RUN_FORMATS, load_format
from mxprobe.report.run_text import render_runs
from mxprobe.report.series import gather_series

STORY = """\
story: One of two equals is down, and this says that it never is asked first.
domain: example.test
mx: [10 mx1, 10 mx2]
recipients: [alice]
steps:
  - {at: 0m, break: mx1, with: tcp-refuse}
  - {at: 1m, send: letter, to: alice}
expect:
  letter: {tried: [mx2], accepted: mx2, arrived: mailbox}
"""


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, ...]:
    path = Path(tmp_path_factory.mktemp("stories"), "equals.yaml")
    path.write_text(STORY)
    played = play([path], PlayOptions(repeat=8, brief=True))
    return tuple(replace(run, path="equals.yaml") for run in played)


def _wrong(runs: tuple[Run, ...]) -> list[int]:
    return [run.seed for run in runs if run.verdict is not None and not run.verdict.passed]


def test_of_many_seeds_the_first_that_goes_wrong_is_kept_whole_and_of_the_others_the_head(
    runs: tuple[Run, ...],
) -> None:
    first, *others = _wrong(runs)

    assert others
    assert [run.seed for run in runs if run.events] == [first]
    assert len(runs) == 8


def test_the_text_has_one_timeline_and_all_seeds(runs: tuple[Run, ...]) -> None:
    text, wrong = render_runs(runs), _wrong(runs)

    assert text.count("FAIL  equals.yaml:9  sender rfc5321") == 1
    assert f"      seeds   {len(wrong)} of 8 do not go as written: {', '.join(map(str, wrong))}" in text
    assert f"--seed {wrong[0]} --trace" in text
    assert f"1 story, 8 plays: {8 - len(wrong)} as expected, {len(wrong)} not." in text


def test_very_many_seeds_are_cut_short(runs: tuple[Run, ...]) -> None:
    bad = next(run for run in runs if run.events)
    (series,) = gather_series(replace(bad, seed=seed) for seed in range(1, 101))

    assert series.told.endswith("19, 20 and 80 more")


def test_junit_has_a_case_for_the_play_with_what_it_takes_to_play_it_again(runs: tuple[Run, ...]) -> None:
    suite = ET.fromstring(load_format(RUN_FORMATS, "junit", "runs")(runs))  # noqa: S314
    (case,) = suite
    told = {one.get("name"): one.get("value") for one in case.iter("property")}
    failure = case.find("failure")

    assert (suite.get("tests"), suite.get("failures")) == ("1", "1")
    assert (told["sender"], told["seed"], told["world"]) == ("rfc5321", "1 to 8", "memory")
    assert told["version"] == runs[0].version
    assert told["story time"] == "8 min"
    assert failure is not None
    assert "story   who               what" in (failure.text or "")
    assert "do not go as written" in (failure.text or "")


def test_github_and_markdown_tell_the_play_once(runs: tuple[Run, ...]) -> None:
    assert load_format(RUN_FORMATS, "github", "runs")(runs).count("::error") == 1
    assert "seeds: " in load_format(RUN_FORMATS, "github", "runs")(runs)
    assert "| equals.yaml | **not** |" in load_format(RUN_FORMATS, "markdown", "runs")(runs)


def test_what_goes_as_written_takes_a_line_for_all_its_seeds(runs: tuple[Run, ...]) -> None:
    good = [run for run in runs if run.seed not in _wrong(runs)]

    assert render_runs(good, verbose=True).count("ok    equals.yaml  sender rfc5321") == 1
