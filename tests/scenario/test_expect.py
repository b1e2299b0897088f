"""What a story expects is judged: what holds passes, and what does not is told with its line."""

import pytest
from msgspec.structs import replace

from mxprobe.facts.run import Run, TlsUse
from mxprobe.jobs.play import play_one
from mxprobe.mx.shares import compare_shares
from mxprobe.report.story_page import render_story
from mxprobe.scenario.expect import judge
from mxprobe.scenario.load import load
from mxprobe.scenario.model import Scenario

STORY = """\
story: The backup keeps a question while a reminder goes to the primary.
domain: example.test
mx: [10 mx1, 20 mx2]
recipients: [alice]
senders: [rfc5321]
steps:
  - {at: 0m,  break: mx1, with: tcp-refuse, for: 30m}
  - {at: 1m,  send: question, to: alice}
  - {at: 31m, send: reminder, to: alice}
expect:
"""
RIGHT = """\
  question: {tried: [mx1, mx2], accepted: mx2, tls: unverified, rounds: 1, arrived: mailbox}
  reminder: {tried: [mx1], never: mx2, rounds: {to: 2}, arrived: mailbox}
  in-order: [reminder, question]
"""


def _story(expect: str) -> Scenario:
    return load(STORY + expect, "story.yaml")


def _misses(expect: str) -> list[tuple[str, int | None]]:
    verdict = play_one(_story(expect), "rfc5321", 1).verdict
    assert verdict is not None
    return [(miss.says, miss.line) for miss in verdict.misses]


def test_what_holds_is_no_miss() -> None:
    assert _misses(RIGHT) == []


@pytest.mark.parametrize(
    ("right", "wrong", "says"),
    [
        ("tls: unverified", "tls: none", "to travel in clear; to mx2 it went by TLS with nobody verified"),
        ("rounds: 1", "rounds: {from: 2, to: 4}", "expected 2 to 4 rounds; there were 1"),
        ("rounds: 1", "rounds: {from: 2}", "expected 2 rounds or more; there were 1"),
        ("rounds: 1", "rounds: 2", "expected 2 rounds; there were 1"),
        ("tried: [mx1], never: mx2", "tried: [mx2], never: mx1", "expected never to be offered to mx1; sender did so"),
        ("[reminder, question]", "[question, reminder]", "reminder: expected to arrive after question; it did at 31m"),
    ],
)
def test_what_does_not_hold_is_told_with_its_line(right: str, wrong: str, says: str) -> None:
    misses = _misses(RIGHT.replace(right, wrong))
    lines = (STORY + RIGHT.replace(right, wrong)).splitlines()

    told = [(text, line) for text, line in misses if says in text]
    assert len(told) == 1, misses
    assert wrong in lines[(told[0][1] or 0) - 1]


def test_a_host_to_keep_away_from_is_one_for_relays_too() -> None:
    story = _story(RIGHT.replace("tried: [mx1, mx2], accepted: mx2", "accepted: mx2, never: mx1"))
    run = play_one(story, "rfc5321", 1)
    by_relay = replace(run, events=tuple(event for event in run.events if event.who == "mx2"))

    assert any("never to be offered to mx1; mx2 did so" in miss.says for miss in judge(story, by_relay).misses)


def test_how_content_travelled_is_known_or_it_is_no_pass() -> None:
    story = _story(RIGHT)
    run = play_one(story, "rfc5321", 1)
    unknown = replace(run, fates=tuple(replace(fate, handed=()) for fate in run.fates))
    in_clear = replace(run, fates=tuple(replace(fate, handed=(("mx2", TlsUse.NONE),)) for fate in run.fates))

    assert ["how it did is not known" in miss.says for miss in judge(story, unknown).misses] == [True]
    assert ["it went in clear" in miss.says for miss in judge(story, in_clear).misses] == [True]


EQUALS = """\
story: Two hosts of one preference.
domain: example.test
mx: [10 mx1, 10 mx2]
recipients: [alice]
steps:
  - {at: 0m, send: letter, to: alice, count: 100, every: 1s}
expect:
  letter: {tried: [mx1|mx2], shares: equal, arrived: mailbox}
"""


@pytest.fixture(scope="module")
def equals() -> Run:
    return play_one(load(EQUALS, "equals.yaml"), "rfc5321", 1)


def test_equal_shares_are_equal_as_far_as_chance_tells(equals: Run) -> None:
    story = load(EQUALS, "equals.yaml")
    lopsided = tuple(
        replace(fate, tried=(("mx1" if number % 4 else "mx2",),)) for number, fate in enumerate(equals.fates)
    )

    assert judge(story, equals).passed
    (miss,) = judge(story, replace(equals, fates=lopsided)).misses
    assert miss.says == (
        "letter: expected equal shares of mx1, mx2; asked first: mx1 75 times, mx2 25 times "
        "(chi-square 25.0, which chance brings above 10.83 once in 1000 times)"
    )
    assert miss.line == 8


def test_too_few_messages_are_no_pass(equals: Run) -> None:
    (miss,) = judge(load(EQUALS, "equals.yaml"), replace(equals, fates=equals.fates[:50])).misses

    assert "100 messages are needed to tell" in miss.says


def test_chance_explains_what_it_explains() -> None:
    assert [compare_shares(counts) for counts in ([99], [50, 49], [10] * 11)] == [None, None, None]
    verdicts = [compare_shares(counts) for counts in ([50, 50], [60, 40], [75, 25])]
    assert [one.equal for one in verdicts if one is not None] == [True, True, False]


def test_the_page_of_a_story_tells_all_that_is_expected() -> None:
    page = " ".join(render_story(_story(RIGHT)).split())

    for words in ("travels with TLS unverified; 1 round", "never offered to mx2; 1 to 2 rounds", "they arrive in this"):
        assert words in page
    assert "first asked in equal shares" in render_story(load(EQUALS, "equals.yaml"))


def test_every_round_is_as_long_as_it_should_be() -> None:
    story = _story(RIGHT.replace("rounds: 1, ", ""))
    run = play_one(story, "rfc5321", 1)
    fates = tuple(
        replace(fate, tried=(("mx1",), *fate.tried) if len(fate.tried[0]) == 2 else fate.tried) for fate in run.fates
    )

    (miss,) = judge(story, replace(run, fates=fates)).misses
    assert miss.says.endswith("expected each round to try mx1, mx2; round 1 tried mx1")


def test_after_is_about_the_first_copy_and_before_about_the_last() -> None:
    story = _story(
        RIGHT.replace("rounds: 1, arrived: mailbox", "arrived: {in: mailbox, copies: 2, after: 10m, before: 1h}")
    )
    run = play_one(story, "rfc5321", 1)

    def arrived(*times: float) -> list[str]:
        fates = tuple(
            replace(fate, arrivals=tuple(("mx1", at) for at in times)) if fate.message == "question" else fate
            for fate in run.fates
        )
        plain = replace(story, expect=replace(story.expect, order=None))
        return [miss.says.rpartition("; ")[2] for miss in judge(plain, replace(run, fates=fates)).misses]

    assert arrived(700.0, 800.0) == []
    assert arrived(60.0, 800.0) == ["arrived at 1m"]
    assert arrived(700.0, 7200.0) == ["arrived at 2h"]


def test_a_copy_in_another_queue_is_one_too_many() -> None:
    story = _story(
        RIGHT.replace("rounds: 1, arrived: mailbox", "queued: mx2").replace("  in-order: [reminder, question]\n", "")
    )
    run = play_one(story, "rfc5321", 1)

    def held(*hosts: str) -> list[str]:
        fates = tuple(
            replace(fate, arrivals=(), held=hosts) if fate.message == "question" else fate for fate in run.fates
        )
        return [miss.says.partition("; ")[2] for miss in judge(story, replace(run, fates=fates)).misses]

    assert held("mx2") == []
    assert held("mx2", "sender") == ["it is held by mx2, sender"]
