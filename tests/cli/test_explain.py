"""Pages: every name that a list shows has one, and stories have theirs by their paths."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from mxprobe.cli import main
from mxprobe.jobs.play import play_one
from mxprobe.mx.cells import CELLS
from mxprobe.mx.providers import PROVIDERS
from mxprobe.mx.senders import PROFILES
from mxprobe.report.story_words import EXPECTATIONS, STEPS
from mxprobe.rules.all import ALL_RULES
from mxprobe.scenario.faults import FAULTS
from mxprobe.scenario.load import load
from mxprobe.scenario.load_expect import _MESSAGE_KEYS, _OF_ALL
from mxprobe.scenario.load_steps import _DEEDS, _TRIGGERS

SCENARIOS = Path(__file__).parents[2] / "scenarios"
WORDS = [
    *(module.RULE.code for module in ALL_RULES),
    *(module.RULE.name for module in ALL_RULES),
    *CELLS,
    *(fault.NAME for fault in FAULTS),
    *(profile.name for profile in PROFILES),
    *(provider.id for provider in PROVIDERS),
    *STEPS,
    *EXPECTATIONS,
    *("rules", "cells", "faults", "steps", "expectations", "profiles", "providers"),
]


def _explain(word: str) -> str:
    result = CliRunner().invoke(main, ["explain", word])
    assert result.exit_code == 0, result.output
    return result.output


@pytest.mark.parametrize("word", WORDS)
def test_every_word_has_a_page(word: str) -> None:
    page = _explain(word.lower())

    assert len(page.splitlines()) >= 2
    assert _explain(word.upper()) == page


@pytest.mark.parametrize("name", [*STEPS, *EXPECTATIONS])
def test_the_example_of_every_word_of_a_scenario_file_goes_as_written(name: str) -> None:
    word = (STEPS | EXPECTATIONS)[name]
    run = play_one(load(f"story: x\n{word.example}\n", f"{name}.yaml"), "rfc5321", 1)

    assert f"{name}:" in word.example
    assert run.verdict is not None
    assert run.verdict.misses == ()


def test_every_key_of_a_step_and_of_an_expectation_has_a_page() -> None:
    assert set(_DEEDS) | set(_TRIGGERS) == set(STEPS)
    assert {*_MESSAGE_KEYS, *_OF_ALL, "queue"} - {"hosts"} == set(EXPECTATIONS)


@pytest.mark.parametrize("path", sorted(SCENARIOS.rglob("*.yaml")), ids=lambda path: path.stem)
def test_every_story_has_a_page_that_is_a_report_wide(path: Path) -> None:
    page = _explain(str(path))

    assert page.isprintable() or all(line.isprintable() for line in page.splitlines())
    assert "senders    " in page
    assert "expected   " in page
    assert f"mxprobe run {path}" in page
    assert all(len(line) <= 100 for line in page.splitlines() if "mxprobe " not in line)


def test_a_folder_lists_its_stories_with_what_they_tell() -> None:
    listed = _explain(str(SCENARIOS / "dns")).splitlines()

    place = listed.index(str(SCENARIOS / "dns/implicit-mx.yaml"))
    assert listed[place + 1].startswith("    The domain has no MX record.")


def test_a_page_of_a_difference_names_its_cell_and_its_findings() -> None:
    page = _explain(str(SCENARIOS / "greeting/primary-554.yaml"))

    assert "  haraka     (B3) takes a 5yz greeting for the last word:" in page
    assert "finding MX956 bounced-while-alternative-existed" in page
    assert "1m00s  the sender gets invoice for alice@example.test" in page


def test_the_page_of_a_provider_says_what_each_part_rests_on_and_when_it_was_compared() -> None:
    page = _explain("mimecast")

    assert page.splitlines()[0].endswith("(gateway; of Mimecast; compared 2026-11)")
    assert "(observed, preferences remembered)" in page
    assert "10 <region>-smtp-inbound-1.mimecast.com" in page
    assert "(documented)" in page
    assert "cannot be recognised" in _explain("bluehost")
    assert len(_explain("providers").splitlines()) == len(PROVIDERS)
    assert all(len(line) <= 100 for provider in PROVIDERS for line in _explain(provider.id).splitlines())
