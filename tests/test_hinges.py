"""Every story hangs on what it is about: without its faults, or on another stage, it does not go as written."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from mxprobe.jobs.play import load_stories, play_one
from mxprobe.scenario.load import load
from mxprobe.scenario.model import Break, HostSpec, Mend, Publish, Scenario

LIBRARY = load_stories([Path(__file__).parents[1] / "scenarios"])

# The point of these is that a sound sender does not mind: they hang on the primary being there at all.
UNMINDED = {"ipv6-black-holed", "certificate-expired", "injected-reply", "ehlo-unknown", "too-many", "name-server-down"}


def _mutants(scenario: Scenario) -> Iterator[tuple[str, Scenario]]:
    """The story without its faults, without its hosts' traits, or with a best preference that is never there."""
    stem = Path(scenario.path).stem
    breaks = [step for step in scenario.steps if isinstance(step, Break)]
    if any(item.shares for item in scenario.expect.messages):
        yield "with a host fewer", replace(scenario, mx=scenario.mx[:-1])
    elif any(isinstance(step, Publish) for step in scenario.steps):
        steps = tuple(step for step in scenario.steps if not isinstance(step, Publish))
        yield "without what it publishes", replace(scenario, steps=steps)
    elif breaks and stem not in UNMINDED:
        steps = tuple(step for step in scenario.steps if not isinstance(step, Break | Mend))
        yield "without its faults", replace(scenario, steps=steps)
    elif any(spec.always for spec in scenario.hosts):
        yield "without its hosts' traits", replace(scenario, hosts=())
    elif scenario.chain:
        gone = load(
            "story: x\nsteps:\n  - {at: 0m, break: mx1, with: stopped}\n  - {at: 0m, send: x, to: anyone}\n"
            "expect:\n  x: {queued: sender}\n",
            "x",
        ).steps[0]
        assert isinstance(gone, Break)
        best = tuple(name for number, name in scenario.chain if number == scenario.chain[0][0])
        yield "without its primary", replace(scenario, steps=(replace(gone, hosts=best), *scenario.steps))
    else:
        mx = ((10, f"mx1.{scenario.domain}"),)
        yield (
            "with a host to go to",
            replace(scenario, mx=mx, zone="", homes=(), absent=(), hosts=(HostSpec(name=mx[0][1]),)),
        )


CASES = [(scenario, name, mutant) for scenario in LIBRARY for name, mutant in _mutants(scenario)]


@pytest.mark.parametrize(("scenario", "name", "mutant"), CASES, ids=lambda value: Path(getattr(value, "path", "")).stem)
def test_a_story_fails_where_its_hinge_is_changed(scenario: Scenario, name: str, mutant: Scenario) -> None:
    for sender in scenario.senders:
        verdict = play_one(mutant, sender, 1).verdict
        if verdict is not None and not verdict.passed:
            return
    pytest.fail(f"{scenario.path} goes as written {name}, by every sender")


def test_every_story_has_a_hinge() -> None:
    assert {scenario.path for scenario, _, _ in CASES} == {scenario.path for scenario in LIBRARY}
