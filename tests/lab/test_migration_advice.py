"""Migrations played in the lab: at each moment the advice is right, mail arrives where it is followed, and where it is
not mail comes back or waits beyond its time."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pytest
from msgspec.structs import replace

from mxprobe.facts.advice import StepState
from mxprobe.facts.finding import Severity
from mxprobe.facts.migration import Migration
from mxprobe.facts.run import Run
from mxprobe.lab.play import play_story
from mxprobe.mx.senders import PROFILES
from mxprobe.rules.moments import say_moment
from mxprobe.scenario.load import load
from mxprobe.scenario.load_migration import load_migration
from mxprobe.scenario.model import Break, Mend, Probe, Publish, Scenario, Send, Step
from tests.support.advised import Advised, advise_in

STORIES = Path(__file__).parents[2] / "scenarios" / "migration"
HOUR, DAY = 3600.0, 86400.0
DONE, NOW, WAIT = StepState.DONE, StepState.NOW, StepState.WAIT
WRONG, OVERDUE = StepState.WRONG, StepState.OVERDUE
PLAN = """\
domain: example.test
old: [10 old]
new: [10 new]
cut-over: 2026-01-02T03:00Z
old-ttl: 12h
ttl: 5m
ttl-lowered: 2026-01-01T00:15Z
sts-published: 2026-01-01T02:10Z
"""
"""The plan of the move in two days; what the operator did is written into it."""


def _story(name: str, *changes: tuple[str, str]) -> Scenario:
    path = STORIES / f"{name}.yaml"
    text = path.read_text()
    for was, now in changes:
        assert was in text, was
        text = text.replace(was, now)
    return load(text, str(path))


def _plan(text: str) -> Migration:
    return load_migration(text.encode(), "plan.yaml")


@cache
def _advised() -> dict[str, Advised]:
    """The looks of the two days, once for all tests."""
    return advise_in(_looked_at(), _plan(PLAN))[0]


def _looked_at() -> Scenario:
    """The move in two days, looked at at ten moments."""
    scenario = _story("moved-as-advised")
    looks = (Probe(name=name, at=at, recipients=("alice@example.test",)) for name, at in TIMES.items())
    return replace(scenario, steps=tuple(sorted((*scenario.steps, *looks), key=lambda step: step.at)))


TIMES = {
    "begin": 600.0,
    "lowered": HOUR,
    "prepared": 2 * HOUR,
    "low-for-long": 13 * HOUR,
    "almost": 26 * HOUR,
    "now": 27 * HOUR,
    "moved": 28 * HOUR,
    "late": 40 * HOUR,
    "over": 41 * HOUR + 300,
    "end": 47 * HOUR,
}
MOMENTS: dict[str, dict[str, StepState]] = {
    "begin": {"lower-ttl": NOW, "prepare-host": NOW, "extend-policy": NOW, "publish-tlsa": NOW},
    "lowered": {"lower-ttl": DONE, "prepare-host": NOW, "extend-policy": NOW, "publish-tlsa": NOW},
    "prepared": {"prepare-host": DONE, "extend-policy": NOW, "change-policy-id": WAIT, "publish-tlsa": DONE},
    "low-for-long": {"extend-policy": DONE, "change-policy-id": DONE, "publish-new": WAIT, "remove-old": WAIT},
    "almost": {"publish-new": WAIT, "switch-off": WAIT},
    "now": {"publish-new": NOW, "remove-old": NOW, "switch-off": WAIT, "prune-policy": WAIT, "raise-ttl": WAIT},
    "moved": {"publish-new": DONE, "remove-old": DONE, "switch-off": WAIT, "prune-policy": WAIT, "raise-ttl": WAIT},
    "late": {"switch-off": WAIT, "prune-policy": WAIT, "raise-ttl": WAIT},
    "over": {"switch-off": NOW, "prune-policy": NOW, "raise-ttl": NOW},
    "end": {"switch-off": DONE, "prune-policy": DONE, "raise-ttl": DONE},
}
"""What the advice has to say at each of ten moments, of the steps that matter there."""

STEPS = (
    *("lower-ttl", "prepare-host", "extend-policy", "change-policy-id", "publish-tlsa", "publish-new", "remove-old"),
    *("switch-off", "prune-policy", "raise-ttl"),
)


@pytest.mark.slow
@pytest.mark.parametrize("moment", MOMENTS)
def test_at_each_of_ten_moments_the_advice_is_right(moment: str) -> None:
    states = _advised()[moment].states

    assert tuple(states) == STEPS
    assert {name: states[name] for name in MOMENTS[moment]} == MOMENTS[moment]
    before = ("publish-new", "remove-old", "switch-off", "prune-policy", "raise-ttl")
    if moment in ("begin", "lowered", "prepared"):
        assert {states[name] for name in before} == {WAIT}
    assert not {WRONG, OVERDUE, StepState.UNKNOWN} & set(states.values())


@pytest.mark.slow
def test_what_must_wait_is_told_with_its_moment() -> None:
    looks = _advised()
    publish, off = looks["low-for-long"].step("publish-new"), looks["moved"].step("switch-off")

    assert say_moment(publish.until or 0.0) == "2026-01-02 03:00 UTC"
    assert say_moment(off.until or 0.0) == "2026-01-02 17:00 UTC"  # twelve hours and two
    assert say_moment(looks["begin"].step("lower-ttl").by or 0.0) == "2026-01-01 15:00 UTC"
    assert say_moment(looks["begin"].step("extend-policy").by or 0.0) == "2026-01-01 03:00 UTC"
    assert "550" not in looks["begin"].text.partition("MIGRATION")[2]
    assert " wait     switch old.example.test off  not before 2026-01-02 17:00 UTC (in 13 h)" in looks["moved"].text


def _deeds(scenario: Scenario) -> list[tuple[str, set[str]]]:
    """Each deed of the operator's with the look before it, and the steps of the advice that it carries out."""
    last, found = "", list[tuple[str, set[str]]]()
    for step in scenario.steps:
        if isinstance(step, Probe):
            last = step.name
        elif last and not isinstance(step, Send):
            found.append((last, _means(scenario, step)))
    return found


def _means(scenario: Scenario, step: Step) -> set[str]:
    match step:
        case Mend():
            return {"prepare-host", "publish-tlsa"}
        case Break():
            return {"switch-off"}
        case Publish(mta_sts=policy) if policy is not None:
            return {"prune-policy"} if len(policy.mx) == 1 else {"extend-policy"}
        case Publish(ttl=ttl) if ttl is not None:
            return {"lower-ttl"} if ttl < HOUR else {"raise-ttl"}
    return {"publish-new", "remove-old"}


@pytest.mark.slow
def test_the_story_does_nothing_that_the_advice_did_not_allow() -> None:
    looks, deeds = _advised(), _deeds(_looked_at())

    assert len(deeds) == 7
    for moment, steps in deeds:
        assert steps <= looks[moment].now, (moment, steps)
    assert set().union(*(steps for _, steps in deeds)) == set(STEPS) - {"change-policy-id"}  # done with the policy


@pytest.mark.slow
def test_the_rules_say_the_same() -> None:
    found = {moment: set(look.codes) for moment, look in _advised().items()}

    assert found.pop("begin") == {"MX401", "MX408", "MX411"}
    assert found.pop("lowered") == {"MX408", "MX411"}
    assert found.pop("prepared") == {"MX411"}
    assert found.pop("now") == {"MX406"}  # the moment of the cut-over, and the old record is there
    assert set(map(frozenset, found.values())) == {frozenset()}


# -- mail --------------------------------------------------------------------------------------------------------------

LABELS = (
    *(profile.name for profile in PROFILES),
    *(f"{profile.name}+mta-sts" for profile in PROFILES),
    *(f"{profile.name}+dane" for profile in PROFILES if profile.name in ("rfc5321", "postfix", "exim", "one-shot")),
)


def _with_letters(scenario: Scenario, letters: Sequence[Step]) -> Scenario:
    """The story with these letters alone, and nobody who looks."""
    deeds = [step for step in scenario.steps if not isinstance(step, Send | Probe)]
    return replace(scenario, steps=tuple(sorted((*deeds, *letters), key=lambda step: step.at)))


def _letter(name: str, at: float, **more: object) -> Send:
    return Send(name=name, at=at, to=("alice@example.test",), mail_from="shop@elsewhere.test", **more)  # type: ignore[arg-type]


def _check(run: Run, letters: int) -> None:
    """Every letter is in the mailbox, once, within ten minutes, and none came back."""
    sent = {event.message: event.at for event in run.events if event.kind == "sent" and event.who == "sender"}
    assert len(run.fates) == letters
    for fate in run.fates:
        assert len(fate.arrivals) == 1, (run.sender, fate.message)
        assert not fate.bounces, (run.sender, fate.message)
        assert fate.arrivals[0][1] - sent[fate.message] < 600, (run.sender, fate.message)


@pytest.mark.slow
@pytest.mark.timeout(120)
@pytest.mark.parametrize("sender", LABELS)
def test_mail_of_every_mailer_arrives_whatever_is_in_its_caches(sender: str) -> None:
    scenario = _story("moved-as-advised")
    moments = [step.at for step in scenario.steps if isinstance(step, Publish | Mend | Break) and step.at > 0]
    near = [
        _letter(f"near-{n}", at + 60 * side) for n, (at, side) in enumerate((a, s) for a in moments for s in (-1, 1))
    ]
    letters = [_letter("hourly", 61.0, count=48, every=HOUR), *near]

    _check(play_story(_with_letters(scenario, letters), sender, 1), 48 + len(near))


@pytest.mark.slow
@pytest.mark.timeout(120)
@pytest.mark.parametrize("sender", [profile.name for profile in PROFILES] + ["rfc5321+mta-sts", "one-shot+mta-sts"])
def test_mail_of_a_mailer_that_knows_nothing_yet_arrives_around_every_step(sender: str) -> None:
    scenario = _story("moved-as-advised")
    moments = [step.at for step in scenario.steps if isinstance(step, Publish | Mend | Break) and step.at > 0]

    for at in moments:
        _check(play_story(_with_letters(scenario, [_letter("letter", at + 1)]), sender, 1), 1)


# -- the advice is not followed ----------------------------------------------------------------------------------------

READY = _plan("domain: example.test\nold: [10 old]\nnew: [10 new]\ncut-over: 2026-01-01T01:00Z\nold-ttl: 5m\n")
LOWERED = replace(READY, old_ttl=43200, ttl_lowered=READY.cut_over - 50 * 60.0)


def test_who_moves_to_a_host_that_is_not_ready_loses_mail_and_was_told() -> None:
    name = "switched-before-the-new-host-is-ready"
    looks, run = advise_in(_story(name), READY)
    _, followed = advise_in(_story(name, ("{at: 1h,   publish", "{at: 7h,   publish")), READY)

    assert [fate.bounces[0][2] for fate in run.fates] == ["5.7.1"]
    assert looks["before"].codes == {"MX408": Severity.ERROR}
    assert (looks["before"].states["prepare-host"], looks["before"].states["publish-new"]) == (NOW, WAIT)
    assert {looks["after"].states[step] for step in ("prepare-host", "publish-new")} == {WRONG}
    _check(followed, 1)


def test_who_closes_the_old_host_early_loses_mail_and_was_told() -> None:
    name = "old-host-closed-early"
    looks, run = advise_in(_story(name), READY)
    until = looks["before"].step("switch-off").until
    _, followed = advise_in(_story(name, ("{at: 62m,  break", "{at: 3h6m, break")), READY)

    assert [len(fate.bounces) for fate in run.fates] == [0, 1, 0]
    assert looks["before"].states["switch-off"] is WAIT
    assert say_moment(until or 0.0) == "2026-01-01 03:05 UTC"
    assert looks["after"].codes == {"MX407": Severity.ERROR}
    assert looks["after"].states["switch-off"] is WRONG
    _check(followed, 3)


def test_who_moves_before_the_old_ttl_is_over_loses_mail_and_was_told() -> None:
    name = "ttl-lowered-too-late"
    looks, run = advise_in(_story(name), LOWERED)
    publish = looks["before"].step("publish-new")
    _, followed = advise_in(
        _story(name, ("{at: 1h,   publish", "{at: 12h11m, publish"), ("{at: 70m,  break", "{at: 26h12m, break")),
        LOWERED,
    )

    assert [len(fate.bounces) for fate in run.fates] == [0, 1, 0]
    assert looks["before"].codes == {"MX409": Severity.WARNING}
    assert publish.state is WAIT
    assert say_moment(publish.until or 0.0) == "2026-01-01 12:10 UTC"
    assert say_moment(looks["before"].advice.earliest or 0.0) == "2026-01-01 12:10 UTC"
    assert looks["after"].codes == {"MX407": Severity.ERROR}
    assert {looks["after"].states[step] for step in ("publish-new", "switch-off")} == {WRONG}
    _check(followed, 3)


@pytest.mark.parametrize(("sender", "is_lost"), [("rfc5321+mta-sts", False), ("one-shot+mta-sts", True)])
def test_who_forgets_the_policy_has_mail_wait_for_it_and_was_told(sender: str, is_lost: bool) -> None:
    name = "policy-not-extended"
    looks, run = advise_in(_story(name), READY, sender)
    extended = ("{at: 12h,  publish", "{at: 31m,  publish")
    moved = ("{at: 1h,   publish", "{at: 25h,  publish"), ("{at: 2h,   send", "{at: 26h,  send")
    in_time = ("after: 12h, before: 20h", "before: 30h")
    _, followed = advise_in(_story(name, extended, *moved, in_time), READY, sender)
    before, letter = run.fates

    assert len(before.arrivals) == 1
    assert bool(letter.bounces) is is_lost
    assert not [at for _, at in letter.arrivals if at < 12 * HOUR]
    assert looks["before"].codes == {"MX411": Severity.ERROR}
    assert (looks["before"].states["extend-policy"], looks["before"].states["publish-new"]) == (OVERDUE, WAIT)
    assert {looks["after"].states[step] for step in ("extend-policy", "publish-new")} == {WRONG}
    _check(followed, 2)
