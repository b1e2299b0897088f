"""No verdict hangs on a seed: every play of the library, by twenty-five of them."""

from pathlib import Path

import pytest

from mxprobe.jobs.chance import has_chance
from mxprobe.jobs.play import PlayOptions, load_stories, play, play_one
from mxprobe.scenario.model import Scenario

LIBRARY = Path(__file__).parents[1] / "scenarios"
STORIES = load_stories([LIBRARY])
PLAYS = [(story, sender) for story in STORIES for sender in story.senders]
SEEDS = range(1, 26)


def _name(play: tuple[Scenario, str]) -> str:
    return f"{Path(play[0].path).stem}-{play[1]}"


@pytest.mark.slow
@pytest.mark.timeout(120)
@pytest.mark.parametrize("pair", PLAYS, ids=_name)
def test_no_seed_changes_a_verdict(pair: tuple[Scenario, str]) -> None:
    verdicts = {seed: play_one(*pair, seed).verdict for seed in SEEDS}

    assert {seed: verdict.misses for seed, verdict in verdicts.items() if verdict and verdict.misses} == {}


def test_chance_is_found_where_equals_are_and_nowhere_else() -> None:
    found = {Path(story.path).stem: story for story in STORIES}

    assert has_chance(found["one-of-three-down"], "postfix")
    assert not has_chance(found["primary-refuses"], "postfix")


def test_only_what_contains_a_random_choice_is_played_seed_by_seed() -> None:
    runs = play([LIBRARY / "equal", LIBRARY / "relay"], PlayOptions(only="postfix", only_random=True, repeat=3))

    random = ("one-of-three-down", "two-operators")
    assert [(Path(run.path).stem, run.seed) for run in runs] == [(name, seed) for name in random for seed in (1, 2, 3)]
