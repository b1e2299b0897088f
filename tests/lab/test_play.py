"""A play gives a run, or says that its own world is broken; it never takes that for something a host did."""

from typing import Any, NoReturn

import pytest

from mxprobe.lab import play
from mxprobe.scenario.load import load

STORY = """
story: x
steps:
  - {at: 0m, send: letter, to: anyone}
expect:
  letter: {accepted: mx1, arrived: mailbox}
"""


def test_a_host_of_the_lab_that_fails_ends_the_play(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> NoReturn:
        raise NotImplementedError("this host was never written")

    def factory(_seams: Any) -> Any:
        return fail

    monkeypatch.setattr(play, "host_protocol", factory)

    with pytest.raises(NotImplementedError, match="never written"):
        play.play_story(load(STORY, "story.yaml"), "rfc5321", 1)
