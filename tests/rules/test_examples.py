"""The example in the page of every rule is run: the rule fires on it."""

from types import ModuleType

import pytest
from msgspec.structs import replace

from mxprobe.facts.finding import Status
from mxprobe.facts.run import Run
from mxprobe.lab.play import play_story
from mxprobe.rules import judge_run
from mxprobe.rules.domain import RULES as DOMAIN_RULES
from mxprobe.rules.sender import RULES as SENDER_RULES
from tests.support.examples import block_of, is_told, judged, run_of, snapshot_of, story_of


def _code(module: ModuleType) -> str:
    return str(module.RULE.code)


@pytest.mark.parametrize("module", DOMAIN_RULES, ids=_code)
def test_a_rule_about_domains_fires_on_the_example_of_its_page(module: ModuleType) -> None:
    judgements = judged(block_of(module.__doc__))
    firing = {judgement.code for judgement in judgements if judgement.findings}

    assert _code(module) in firing


@pytest.mark.parametrize("module", SENDER_RULES, ids=_code)
def test_a_rule_about_runs_fires_on_the_example_of_its_page(module: ModuleType) -> None:
    block = block_of(module.__doc__)
    if is_told(block):
        assert _fires(module, run_of(block))
        return
    story = story_of(block)
    assert story.senders
    for sender in story.senders:
        assert _fires(module, play_story(story, sender, 1)), sender


def _fires(module: ModuleType, run: Run) -> bool:
    return {one.code: one.status for one in judge_run(run)}[_code(module)] is Status.FIRES


@pytest.mark.parametrize("module", SENDER_RULES, ids=_code)
def test_a_rule_about_runs_needs_mail_and_accuses_nobody_of_a_quiet_day(module: ModuleType) -> None:
    quiet = story_of("steps:\n  - {at: 1m, send: letter, to: alice}")
    run = play_story(quiet, "postfix", 1)

    assert module.find(replace(run, fates=(), events=())).status is Status.INCONCLUSIVE
    assert _code(module) == "MX950" or not _fires(module, run)


def test_an_example_that_says_something_unknown_is_an_error() -> None:
    with pytest.raises(ValueError, match="cannot say"):
        snapshot_of("192.0.2.1 sings")
