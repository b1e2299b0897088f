"""Hosts that a mailer remembers between messages, and passes over."""

from mxprobe.facts.run import Run
from mxprobe.lab.play import play_story
from mxprobe.scenario.load import load

STORY = """\
story: A primary that does not answer for half a day.
domain: example.test
mx: [10 mx1, 20 mx2]
recipients: [alice]
steps:
  - {at: 0m, break: mx1, with: tcp-black-hole, for: 12h}
  - {at: 1m, send: first, to: alice}
  - {at: 10m, send: second, to: alice}
  - {at: 20m, send: third, to: alice}
  - {at: 2h, send: fourth, to: alice}
  - {at: 3h, send: fifth, to: alice}
expect:
  first: {arrived: mailbox}
  second: {arrived: mailbox}
  third: {arrived: mailbox}
  fourth: {arrived: mailbox}
  fifth: {arrived: mailbox}
"""


def _tried(run: Run) -> dict[str, tuple[str, ...]]:
    """The hosts that the sender tried with each message, in its first round."""
    return {fate.message: fate.tried[0] for fate in run.fates}


def test_a_mailer_passes_over_a_host_after_so_many_failures_and_asks_again_when_the_time_is_over() -> None:
    run = play_story(load(STORY, "story.yaml"), "qmail", 1)

    both, one = ("mx1", "mx2"), ("mx2",)
    assert _tried(run) == {"first": both, "second": both, "third": one, "fourth": both, "fifth": one}
    passed = [event.message for event in run.events if event.cell == "C5"]
    assert passed == ["third", "fifth"]


def test_a_mailer_that_remembers_nothing_asks_every_time() -> None:
    run = play_story(load(STORY, "story.yaml"), "mox", 1)

    assert set(_tried(run).values()) == {("mx1", "mx2")}
