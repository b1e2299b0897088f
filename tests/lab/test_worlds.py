"""Random worlds: whatever fails when, no message vanishes unless a host is told to lose it, and no run hangs."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mxprobe.facts.run import EventKind, Run
from mxprobe.facts.smtp import Phase
from mxprobe.lab.play import play_story
from mxprobe.mx.senders import PROFILES
from mxprobe.rules import judge_run
from mxprobe.scenario.faults import FAULTS
from mxprobe.scenario.faults.fault import About, FaultUse, Octets, Only, ReplyText
from mxprobe.scenario.model import DNS, Break, Expectations, HostSpec, Mend, Scenario, Send
from tests.conftest import IN_CI
from tests.support.settings import faults_of, onlys

DOMAIN = "example.test"
PHASES = (Phase.BANNER, Phase.EHLO, Phase.STARTTLS, Phase.MAIL, Phase.RCPT, Phase.DATA, Phase.DOT)
LOSE = ("message-loss", "queue-lost")
moments = st.integers(0, 20).map(lambda number: number * 600.0)
SETTINGS: dict[Any, st.SearchStrategy[Any]] = {
    float: st.sampled_from([1.0, 30.0, 400.0, 900.0]),
    bool: st.booleans(),
    int: st.integers(0, 3),
    str: st.sampled_from(["STARTTLS", "SIZE", "PIPELINING 8BITMIME", "HTTP/1.1 400"]),
    Octets: st.sampled_from([100, 1000]),
    ReplyText: st.sampled_from(["421 4.3.2 busy", "451 4.3.0 later", "550 5.7.1 no", "554 5.3.2 no"]),
}


@st.composite
def uses(draw: st.DrawFn) -> FaultUse:
    """Any fault that belongs to a host, with settings, in a phase that it can strike in, always or now and then."""
    kind = draw(st.sampled_from([fault for fault in FAULTS if fault.ABOUT is About.HOSTS]))
    fault = draw(faults_of(kind, SETTINGS, ()))
    phases = [kind.PHASE] if kind.PHASE is not None else [phase for phase in PHASES if fault.cell(phase) is not None]
    phase = draw(st.sampled_from(phases)) if phases else None
    return FaultUse(fault=fault, phase=phase, only=draw(st.just(Only()) | onlys(phase)))


@st.composite
def worlds(draw: st.DrawFn) -> Scenario:
    """One to five hosts in any order of preference, faults that come and go, one to four messages."""
    count = draw(st.integers(1, 5))
    names = tuple(f"mx{number}.{DOMAIN}" for number in range(1, count + 1))
    mx = tuple((draw(st.sampled_from([10, 20, 30])), name) for name in names)
    steps: list[Any] = []
    for _ in range(draw(st.integers(0, 4))):
        at = draw(moments)
        hosts = tuple(draw(st.sets(st.sampled_from(names), min_size=1)))
        span = draw(st.none() | moments)
        lasts = None if span is None else span + 60.0
        use = draw(uses())
        part = "" if use.fault.STOPS or use.fault.EMPTIES else draw(st.sampled_from(["", "", "/v4"]))
        steps.append(Break(at=at, hosts=tuple(host + part for host in sorted(hosts)), use=use, lasts=lasts))
    if draw(st.booleans()):
        dns = draw(st.sampled_from([fault for fault in FAULTS if fault.ABOUT is About.NAMES]))
        steps.append(
            Break(at=draw(moments), hosts=(DNS,), use=FaultUse(fault=draw(faults_of(dns, SETTINGS, ()))), lasts=15000.0)
        )
    for number in range(draw(st.integers(1, 4))):
        people = draw(st.sampled_from([("alice",), ("alice", "ghost"), ("ghost",)]))
        to = tuple(f"{person}@{DOMAIN}" for person in people)
        steps.append(Send(at=draw(moments), name=f"m{number}", to=to, mail_from="shop@elsewhere.test"))
    steps.append(Mend(at=16000.0, hosts=names[:1]))
    profiles = st.sampled_from([profile.name for profile in PROFILES])
    return Scenario(
        path="random.yaml",
        story="A random world.",
        standard="",
        domain=DOMAIN,
        mx=tuple(sorted(mx)),
        recipients=(f"alice@{DOMAIN}",),
        senders=(draw(profiles),),
        steps=tuple(sorted(steps, key=lambda step: step.at)),
        expect=Expectations(),
        hosts=tuple(
            HostSpec(name=name, profile=draw(profiles), any_recipient=draw(st.booleans()), lifetime=draw(lifetimes))
            for name in names
        ),
    )


lifetimes = st.none() | st.sampled_from([3600.0, 86400.0])


def _loses(scenario: Scenario) -> bool:
    """Whether a host is told to say 250 and to store nothing."""
    return any(
        isinstance(step, Break) and (step.use.name in LOSE or _is_false_yes(step.use)) for step in scenario.steps
    )


def _is_false_yes(use: FaultUse) -> bool:
    return use.name == "reply" and use.phase is Phase.DOT and getattr(use.fault, "text", "").startswith("2")


@pytest.mark.slow
@pytest.mark.timeout(600)
@settings(max_examples=2000 if IN_CI else 100, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(worlds(), st.integers(1, 1000))
def test_every_message_arrives_bounces_or_is_held_and_no_run_hangs(scenario: Scenario, seed: int) -> None:
    run = play_story(scenario, scenario.senders[0], seed)

    vanished = [fate for fate in run.fates if not (fate.arrivals or fate.bounces or fate.held)]
    if _loses(scenario):
        found = {judgement.code for judgement in judge_run(run) if judgement.findings}
        assert not vanished or "MX953" in found
    else:
        assert vanished == []
    _check_order(run)


def _check_order(run: Run) -> None:
    """The sender's own road keeps the preference, and nobody hands on to a host that is no better."""
    codes = {judgement.code for judgement in judge_run(run) if judgement.findings}

    assert not codes & {"MX966", "MX967", "MX969"}
    assert all(event.at >= 0 for event in run.events)
    assert all(event.who != event.host for event in run.events if event.kind is EventKind.TRIED)
