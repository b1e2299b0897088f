"""A story that is written and read again means the same."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxprobe.facts.run import TlsUse
from mxprobe.facts.smtp import Phase
from mxprobe.jobs.play import load_stories
from mxprobe.scenario.dump import dump
from mxprobe.scenario.faults import FAULTS
from mxprobe.scenario.faults.fault import About, FaultUse, Octets, ReplyText
from mxprobe.scenario.load import load
from mxprobe.scenario.model import (
    Arrived,
    Bounced,
    Break,
    Expectation,
    Expectations,
    Mend,
    Order,
    Rounds,
    Scenario,
    Send,
)
from tests.support.settings import faults_of, onlys

LIBRARY = load_stories([Path(__file__).parents[2] / "scenarios"])


def _without_lines(value: Any) -> Any:
    """The value with every line number at 0: a file written anew has other lines."""
    if isinstance(value, tuple):
        return tuple(_without_lines(item) for item in value)
    if not isinstance(value, msgspec.Struct):
        return value
    fields = {name: _without_lines(getattr(value, name)) for name in value.__struct_fields__}
    return type(value)(**{name: 0 if name == "line" else field for name, field in fields.items()})


@pytest.mark.parametrize("story", LIBRARY, ids=lambda story: Path(story.path).stem)
def test_every_story_of_the_library_survives(story: Scenario) -> None:
    assert _without_lines(load(dump(story), story.path)) == _without_lines(story)


HOSTS = ("mx1.example.test", "mx2.example.test")
times = st.integers(0, 10**5).map(lambda seconds: float(seconds))
durations = st.integers(1, 10**5).map(lambda seconds: float(seconds))
replies = st.tuples(st.integers(200, 599), st.text("ab: #,'\"é", min_size=1).map(str.strip)).map(
    lambda pair: f"{pair[0]} {pair[1]}".strip()
)


@st.composite
def uses(draw: st.DrawFn) -> FaultUse:
    """Any fault with settings, in a phase it can strike in."""
    kind = draw(st.sampled_from([fault for fault in FAULTS if fault.ABOUT is About.HOSTS]))
    values: dict[Any, st.SearchStrategy[Any]] = {
        float: durations,
        bool: st.booleans(),
        int: st.integers(0, 99),
        str: replies,
        Octets: st.integers(0, 10**8),
        ReplyText: st.lists(replies, min_size=1).map("\n".join),
    }
    fault = draw(faults_of(kind, values, HOSTS[1:]))
    phases = [kind.PHASE] if kind.PHASE or kind.EMPTIES else [Phase.BANNER, Phase.EHLO, Phase.MAIL, Phase.DOT]
    phase = draw(st.sampled_from(phases))
    return FaultUse(fault=fault, phase=phase, only=draw(onlys(phase)))


@st.composite
def stories(draw: st.DrawFn) -> Scenario:
    """A story with a message, some breaks and mends."""
    sent, count = draw(times), draw(st.sampled_from([1, 3, 100]))
    steps: list[Any] = [
        Send(at=sent, name="letter", to=("alice@example.test",), mail_from="a@b.test", count=count),
        Send(
            at=sent + draw(durations),
            name="another",
            to=("alice@example.test",),
            mail_from="a@b.test",
            size=draw(st.integers(0, 10**7)),
        ),
    ]
    for _ in range(draw(st.integers(0, 3))):
        at = draw(times)
        span = draw(st.none() | durations)
        use = draw(uses())
        if use.fault.EMPTIES:
            steps.append(Break(at=at, hosts=HOSTS[1:], use=use))
            continue
        parts = [HOSTS, HOSTS[:1]] + ([] if use.fault.STOPS else [(f"{HOSTS[0]}/v4",)])
        hosts = draw(st.sampled_from(parts))
        steps.append(Break(at=at, hosts=hosts, use=use, lasts=span))
        steps.append(Mend(at=at + draw(durations), hosts=draw(st.sampled_from([hosts[:1], HOSTS[:1]]))))
    fate: dict[str, Any] = draw(
        st.sampled_from(
            [
                {"arrived": Arrived(place="mailbox", copies=2, after=sent + 1, before=sent + 7), "never": HOSTS[1:]},
                {"bounced": Bounced(by="sender", status="5.1.1"), "tls": draw(st.sampled_from(list(TlsUse)[:2]))},
                {"queued": HOSTS[1], "tried": (HOSTS, HOSTS[:1]), "shares": count == 100},
                {"lost": True, "rounds": draw(st.sampled_from([Rounds(least=2), Rounds(least=2, most=5)]))},
            ]
        )
    )
    signed, hashed = draw(st.sampled_from([(False, False), (True, False), (True, True)]))
    return Scenario(
        path="story.yaml",
        signed=signed,
        hashed=hashed,
        story=" ".join(draw(st.text("ab: #'\"é\\{}[]", min_size=1)).split()) or "x",
        standard="",
        domain="example.test",
        mx=((10, HOSTS[0]), (20, HOSTS[1])),
        recipients=("alice@example.test",),
        senders=("rfc5321", "postfix+encrypt"),
        steps=tuple(sorted(steps, key=lambda step: step.at)),
        expect=Expectations(
            messages=(
                Expectation(message="letter", **fate),
                Expectation(message="another", arrived=Arrived(place="mailbox")),
            ),
            order=Order(messages=("letter", "another")) if "arrived" in fate else None,
        ),
    )


@given(stories())
def test_any_story_survives(story: Scenario) -> None:
    assert _without_lines(load(dump(story), story.path)) == story
