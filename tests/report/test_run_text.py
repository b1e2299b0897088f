"""A play that went wrong is told so that its story can be mended: where, what instead, why, and what would allow it."""

from pathlib import Path

import pytest

from mxprobe.facts.run import Run, WorldKind
from mxprobe.jobs.play import load_stories, play_one
from mxprobe.mx.senders import departs, parse_sender
from mxprobe.report.run_text import render_runs
from mxprobe.scenario.load import load
from mxprobe.scenario.model import Difference

STORIES = Path(__file__).parents[2] / "scenarios"


def _departs(difference: Difference) -> bool:
    """Whether its senders are other mailers: of those that only have another TLS policy nothing can be offered."""
    return all(departs(*parse_sender(sender), difference.cell) for sender in difference.senders)


DIFFERENT = [story for story in load_stories([STORIES]) if story.differs and all(map(_departs, story.differs))]


STORY_OF_THREE = """\
story: The primary refuses to talk, and three letters come.
domain: example.test
mx: [10 mx1, 20 mx2]
recipients: [alice]
senders: [rfc5321, haraka]
steps:
  - {at: 0m, break: mx1, with: {reply: 554 no}, phase: banner, for: 1h}
  - {at: 1m, send: hello, to: alice, count: 3, every: 1m}
expect:
  hello: {tried: [mx1, mx2], accepted: mx2, arrived: mailbox}
"""


def _without_differences(path: str) -> str:
    return Path(path).read_text().partition("\ndiffers:")[0] + "\n"


def _suggestion(text: str) -> str:
    """What the report offers to add, as it would stand in the file."""
    lines = text.splitlines()
    start = next(number for number, line in enumerate(lines) if "under `differs:`" in line) + 1
    end = next(number for number in range(start, len(lines)) if not lines[number].strip())
    return "differs:\n" + "\n".join(line[14:] for line in lines[start:end]) + "\n"


@pytest.mark.parametrize("story", DIFFERENT, ids=lambda story: Path(story.path).stem)
def test_what_the_report_offers_makes_the_story_green(story) -> None:  # type: ignore[no-untyped-def]
    plain = _without_differences(story.path)
    senders = [sender for difference in story.differs for sender in difference.senders]

    assert senders
    for sender in senders:
        red = play_one(load(plain, story.path), sender, 1)
        assert red.verdict is not None
        assert not red.verdict.passed
        green = play_one(load(plain + _suggestion(render_runs([red])), story.path), sender, 1)
        assert green.verdict is not None
        assert green.verdict.passed, green.verdict


def test_what_is_offered_for_numbered_messages_names_their_step() -> None:
    text = STORY_OF_THREE
    red = play_one(load(text, "three.yaml"), "haraka", 1)
    assert red.verdict is not None
    assert not red.verdict.passed

    green = play_one(load(text + _suggestion(render_runs([red])), "three.yaml"), "haraka", 1)

    assert green.verdict is not None
    assert green.verdict.passed, green.verdict


def _red() -> Run:
    story = load(_without_differences(str(STORIES / "greeting/primary-554.yaml")), "greeting/primary-554.yaml")
    return play_one(story, "haraka", 1)


def test_a_play_on_sockets_is_played_again_on_sockets() -> None:
    story = load(_without_differences(str(STORIES / "greeting/primary-554.yaml")), "greeting/primary-554.yaml")
    red = play_one(story, "haraka", 1, WorldKind.LOOPBACK)

    assert "greeting/primary-554.yaml --world loopback --sender haraka --seed 1" in " ".join(render_runs([red]).split())


def test_the_report_names_the_expectation_the_moment_and_the_way_to_see_it_again() -> None:
    lines = render_runs([_red()]).splitlines()

    assert lines[0] == "FAIL  greeting/primary-554.yaml:16  sender haraka"
    assert "expected to arrive in mailbox after 2h and before 4h; bounced by sender at 1m" in " ".join(
        line.strip() for line in lines[1:4]
    )
    (marked,) = [line for line in lines if line.startswith("  >")]
    assert "1m00s sender            bounces it to shop@elsewhere.test (B3)" in marked
    assert '        0m00s mx1               BREAK  reply "554 5.3.2 No SMTP service here" at banner  line 12' in lines
    assert "mxprobe run greeting/primary-554.yaml --sender haraka --seed 1 --trace" in lines[-3]
    assert lines[-1].endswith("Exit 1.")
    assert max(len(line) for line in lines) <= 100


def test_what_happens_again_and_again_is_told_once_unless_all_is_asked_for() -> None:
    text = (STORIES / "outage/all-refuse.yaml").read_text()
    run = play_one(load(text.replace("after: 5h", "after: 11h"), "outage/all-refuse.yaml"), "postfix", 1)
    short, long = (render_runs([run], trace=trace).splitlines() for trace in (False, True))

    assert sum("does not take it" in line for line in short) == 2
    assert sum("the same again until" in line for line in short) == 1
    assert sum("does not take it" in line for line in long) > 4
    assert not any("the same again" in line for line in long)


def test_no_difference_is_offered_where_the_sender_follows_the_reference() -> None:
    text = (STORIES / "outage/baseline.yaml").read_text().replace("before: 61m", "before: 1h5ms")
    run = play_one(load(text, "outage/baseline.yaml"), "rfc5321", 1)

    assert run.verdict is not None
    assert not run.verdict.passed
    assert "differs" not in render_runs([run])
