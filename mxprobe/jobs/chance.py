"""Whether a play contains a random choice: found by playing it with a few seeds, never declared."""

from msgspec.structs import replace

from mxprobe.facts.run import Run
from mxprobe.lab.play import play_story
from mxprobe.scenario.model import Scenario

SEEDS = range(1, 7)
"""Enough to tell: a single choice between two falls the same way six times in one case of thirty-two."""


def road_of(run: Run) -> object:
    """What happened, without what differs between seeds by their keys and certificates alone."""
    return [replace(event, session=None) for event in run.events]


def has_chance(scenario: Scenario, sender: str) -> bool:
    """Whether some of the seeds take another road than the first."""
    first, *others = SEEDS
    road = road_of(play_story(scenario, sender, first))
    return any(road_of(play_story(scenario, sender, seed)) != road for seed in others)
