"""No verdict hangs on a seed: stories that contain a random choice are found by playing them, and played by many."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from mxprobe.facts.run import Run
from mxprobe.jobs.play import load_stories, play_one
from mxprobe.scenario.model import Scenario

LIBRARY = load_stories([Path(__file__).parents[1] / "scenarios"])
PLAYS = [(scenario, sender) for scenario in LIBRARY for sender in scenario.senders]


def _road(run: Run) -> object:
    """What happened, without what differs between seeds by their keys and certificates alone."""
    return [replace(event, session=None) for event in run.events]


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_no_seed_changes_a_verdict() -> None:
    random: list[tuple[Scenario, str]] = []
    for scenario, sender in PLAYS:
        first, *others = [play_one(scenario, sender, seed) for seed in (1, 2, 3)]
        assert all(run.verdict is not None and run.verdict.passed for run in (first, *others)), scenario.path
        if any(_road(run) != _road(first) for run in others):
            random.append((scenario, sender))

    assert {Path(scenario.path).parent.name for scenario, _ in random} >= {"equal"}
    for scenario, sender in random:
        if Path(scenario.path).stem == "shares":  # its verdict is a statistic, and its messages are many
            continue
        for seed in range(4, 29):
            run = play_one(scenario, sender, seed)
            assert run.verdict is not None
            assert run.verdict.passed, (scenario.path, sender, seed)
