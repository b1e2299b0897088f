"""Every story of the library is a test: it goes as written, the same each time, and as the forecast says."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
from msgspec.structs import replace

from mxprobe.facts.codec import encode
from mxprobe.facts.run import Run
from mxprobe.facts.session import Endpoint
from mxprobe.jobs.play import find_stories, load_stories, play, play_one
from mxprobe.mx.forecast import FateKind, forecast_mailer
from mxprobe.mx.plan import Basis, HostProblem, Plan, PlannedHost, Tier
from mxprobe.mx.senders import departs, parse_sender
from mxprobe.scenario.faults.fault import About
from mxprobe.scenario.model import Break, Publish, Scenario, Send
from mxprobe.scenario.reference import covers, split_reference

LIBRARY = Path(__file__).parents[1] / "scenarios"
SCENARIOS = load_stories([LIBRARY])
PLAYS = [(scenario, sender) for scenario in SCENARIOS for sender in scenario.senders]


def _name(play: tuple[Scenario, str]) -> str:
    return f"{Path(play[0].path).stem}-{play[1]}"


@pytest.mark.parametrize("story", PLAYS, ids=_name)
def test_a_story_goes_as_written(story: tuple[Scenario, str]) -> None:
    run = play_one(*story, seed=1)

    assert run.verdict is not None
    assert run.verdict.misses == ()


@pytest.mark.timeout(300)
def test_the_library_is_large_and_takes_seconds_for_weeks() -> None:
    began = time.process_time()
    runs = play([LIBRARY])

    assert len({run.path for run in runs}) >= 120
    assert time.process_time() - began < 36.0  # two cores share it: under twenty seconds
    assert sum(run.ended for run in runs) > 20 * 86400


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_two_processes_with_one_seed_give_the_same_bytes() -> None:
    command = [sys.executable, "-m", "mxprobe", "run", str(LIBRARY), "--format", "json", "--seed", "7"]
    outputs = [subprocess.run(command, capture_output=True, check=True).stdout for _ in range(2)]

    assert outputs[0] == outputs[1]
    assert b'"alice@' not in outputs[0]


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_many_processes_give_the_same_runs_in_the_same_order() -> None:
    command = [sys.executable, "-m", "mxprobe", "run", str(LIBRARY / "outage"), "--format", "json", "--jobs"]
    outputs = [subprocess.run([*command, jobs], capture_output=True, check=True).stdout for jobs in ("1", "2")]

    assert outputs[0] == outputs[1]


def _run(name: str, sender: str) -> Run:
    paths = {
        scenario: Path(scenario.path) for scenario in SCENARIOS if not scenario.path.endswith(f"standard/{name}.yaml")
    }
    (scenario,) = [scenario for scenario, path in paths.items() if path.stem == name]
    return play_one(scenario, sender, seed=1)


def test_haraka_bounces_on_a_554_greeting_where_postfix_and_exim_go_to_the_backup() -> None:
    assert _run("primary-554", "haraka").fates[0].bounces[0][0] == "sender"
    for sender in ("postfix", "exim"):
        assert _run("primary-554", sender).fates[0].accepted[-1][0] == "mx2"


def test_exim_bounces_when_all_greet_with_554_and_postfix_keeps_the_mail() -> None:
    assert _run("all-554", "exim").fates[0].bounces[0][2] == "5.3.2"
    assert _run("all-554", "postfix").fates[0].arrivals


def test_a_lost_reply_makes_two_copies() -> None:
    assert len(_run("lost-reply", "exim").fates[0].arrivals) == 2


def test_the_backup_bounces_late_to_the_forged_sender() -> None:
    run = _run("backup-accepts-anyone", "postfix")
    (bounce,) = [event for event in run.events if event.kind.value == "bounced"]

    assert (bounce.who, bounce.to, bounce.status) == ("mx2", "bystander@elsewhere.test", "5.1.1")
    assert bounce.at > 3600


def _plan(scenario: Scenario) -> Plan:
    """The chain of the story's healthy world."""
    tiers: dict[int, list[PlannedHost]] = {}
    for number, (preference, name) in enumerate(scenario.chain, start=10):
        addresses = dict(scenario.homes).get(name, (f"192.0.2.{number}",))
        host = PlannedHost(name=name, preference=preference, ttl=60, addresses=addresses)
        tiers.setdefault(preference, []).append(host)
    return Plan(
        domain=scenario.domain,
        basis=Basis.EXPLICIT,
        cell="D1",
        tiers=tuple(Tier(preference=preference, hosts=tuple(hosts)) for preference, hosts in sorted(tiers.items())),
        excluded=tuple(
            PlannedHost(name=name, preference=preference, ttl=60, problem=HostProblem.NULL_IN_COMPANY, cell="D8")
            for preference, name in scenario.mx
            if name == "."
        ),
    )


def _forecastable(scenario: Scenario) -> bool:
    """Stories of one letter to one person over one chain, whose host faults are in force when it is sent."""
    sends = [step for step in scenario.steps if isinstance(step, Send)]
    breaks = [step for step in scenario.steps if isinstance(step, Break)]
    if not scenario.chain or len(sends) != 1 or len(sends[0].to) != 1 or sends[0].count != 1:
        return False
    if scenario.policy_host or scenario.signed or any("/" in host for step in breaks for host in step.hosts):
        return False
    if any(isinstance(step, Publish) or step.follows for step in scenario.steps):
        return False
    return not any(step.use.fault.ABOUT is About.NAMES for step in breaks)


def _met_at(endpoint: Endpoint, met: dict[str, str]) -> str:
    """What is met at an address: what is said last of it, of its family, or of its host."""
    said = {split_reference(reference): cell for reference, cell in met.items()}
    return [cell for (host, part), cell in said.items() if host == endpoint.host and covers(part, endpoint.address)][-1]


def _is_slow(scenario: Scenario) -> bool:
    """A forecast knows no delays: a host that is slow and waited for takes as long as it takes."""
    return any(isinstance(step, Break) and step.use.name in ("delay", "tarpit") for step in scenario.steps)


def _is_patient(scenario: Scenario, sender: str) -> bool:
    """A forecast knows no delays, and so not who tires of them."""
    return not _is_slow(scenario) or not departs(*parse_sender(sender), "B5")


FORETOLD = [play for play in PLAYS if _forecastable(play[0]) and _is_patient(*play)]


@pytest.mark.parametrize("story", FORETOLD, ids=_name)
def test_the_forecast_of_the_first_round_is_what_the_run_does(story: tuple[Scenario, str]) -> None:
    scenario, sender = story
    (send,) = [step for step in scenario.steps if isinstance(step, Send)]
    met = {name: "Z1" for _, name in scenario.chain}
    for step in scenario.steps:
        if isinstance(step, Break) and step.at <= send.at:
            met |= dict.fromkeys(step.hosts, step.use.fault.cell(step.use.phase) or "Z1")
    for spec in scenario.hosts:
        for use in spec.always:
            met[spec.name] = use.fault.cell(use.phase) or "Z1"
    for spec in scenario.hosts:
        if spec.verifies and met[spec.verifies] != "Z1":
            met[spec.name] = "R2"
    plan = _plan(scenario)
    outcomes = {target.endpoint: _met_at(target.endpoint, met) for target in plan.targets()}

    profile, policy = parse_sender(sender)
    (prospect,) = forecast_mailer(replace(profile, tls=policy), plan, outcomes).prospects
    fate = play_one(scenario, sender, seed=1).fates[0]

    if prospect.kind is FateKind.ACCEPTED:
        assert prospect.host is not None
        assert fate.accepted[0][0] == scenario.short(prospect.host)
        assert len(fate.tried) == 1
        assert _is_slow(scenario) or abs(fate.accepted[0][1] - fate.sent_at - prospect.soonest) < 5
    elif prospect.kind is FateKind.BOUNCES:
        assert fate.bounces[0][0] == "sender"
        assert fate.bounces[0][1] - fate.sent_at < 60
    else:
        assert len(fate.tried) > 1
    assert fate.tried or prospect.cell == "D8"


def test_stories_are_found_in_folders_once_and_in_order() -> None:
    found = find_stories([LIBRARY, LIBRARY / "outage" / "baseline.yaml"])

    assert list(found) == sorted(set(found))


def test_a_run_is_small_enough_to_keep() -> None:
    assert len(encode(_run("primary-refuses", "postfix"))) < 40_000
