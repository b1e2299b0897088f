"""How often a fault strikes: by chance that follows from the seed, counted per session, counted per message."""

import pytest

from mxprobe.facts.run import Event, EventKind, Run
from mxprobe.lab.play import play_story
from mxprobe.scenario.load import load

STORY = """\
story: A fault now and then.
domain: example.test
mx: [10 mx1]
recipients: [alice, bob]
senders: [rfc5321]
steps:
  - {{at: 0m, break: mx1, with: {{reply: 451 4.3.0 later}}, phase: {phase}, only: {only}}}
  - {{at: 1m, send: letter, to: {to}, count: {count}, every: 1m}}
expect:
  letter: {{queued: sender}}
"""


def _play(phase: str, only: str, *, count: int = 1, to: str = "alice", seed: int = 1) -> Run:
    return play_story(load(STORY.format(phase=phase, only=only, count=count, to=to), "often.yaml"), "rfc5321", seed)


def _setbacks(run: Run) -> list[Event]:
    return [event for event in run.events if event.kind is EventKind.REFUSED]


def _struck_first(run: Run) -> list[str | None]:
    """The messages that were refused in their first round."""
    tried: set[str | None] = set()
    found = []
    for event in run.events:
        if event.kind is EventKind.REFUSED and event.message not in tried:
            found.append(event.message)
        if event.kind in (EventKind.REFUSED, EventKind.ACCEPTED):
            tried.add(event.message)
    return found


def test_one_in_four_is_about_a_fourth_and_the_same_for_one_seed() -> None:
    runs = {seed: _play("mail", "1 in 4", count=200, seed=seed) for seed in (1, 2)}

    struck = {seed: _struck_first(run) for seed, run in runs.items()}
    assert all(30 <= len(names) <= 70 for names in struck.values())
    assert struck[1] != struck[2]
    assert struck[1] == _struck_first(_play("mail", "1 in 4", count=200, seed=1))


def test_one_in_one_is_always() -> None:
    run = _play("mail", "1 in 1")

    assert run.fates[0].bounces
    assert all(not condition.hinders for condition in run.conditions)


def test_the_first_of_each_session_is_refused_and_no_other() -> None:
    run = _play("rcpt", "first 1 per session", count=3, to="[alice, bob]")

    rounds = [event.message for event in _setbacks(run)]
    assert {rounds.count(name) for name in ("letter-1", "letter-2", "letter-3")} == {len(rounds) // 3}
    assert {event.recipient for event in _setbacks(run)} == {"alice@example.test"}
    assert all(fate.arrivals for fate in run.fates if fate.recipient.startswith("bob"))
    assert all(fate.bounces for fate in run.fates if fate.recipient.startswith("alice"))


def test_every_second_of_a_session_is_refused() -> None:
    run = _play("rcpt", "every 2nd per session", to="[alice, bob]")

    assert [event.recipient for event in _setbacks(run)] == ["bob@example.test"]


@pytest.mark.parametrize("phase", ["mail", "rcpt", "data", "dot"])
def test_the_first_two_tries_of_a_message_are_refused(phase: str) -> None:
    run = _play(phase, "first 2 per message")

    assert len(_setbacks(run)) == 2
    assert run.fates[0].arrivals


def test_messages_are_told_apart_at_the_dot_by_their_names_and_before_it_by_their_envelopes() -> None:
    at_the_dot = _play("dot", "first 1 per message", count=3)
    by_envelope = _play("mail", "first 1 per message", count=3)

    assert _struck_first(at_the_dot) == ["letter-1", "letter-2", "letter-3"]
    assert _struck_first(by_envelope) == ["letter-1"]
