"""How large messages are: what the sender declares, where a host refuses, and that a message has the size it shall."""

import pytest

from mxprobe.facts.run import EventKind, Run
from mxprobe.facts.session import Session
from mxprobe.facts.smtp import Phase
from mxprobe.lab.letter import read_token, write_message
from mxprobe.lab.play import play_story
from mxprobe.scenario.load import load
from mxprobe.scenario.model import Send
from mxprobe.scenario.sizes import NoSize, parse_size, render_size

STORY = """\
story: Large and small messages.
domain: example.test
mx: [10 mx1]
recipients: [alice]
senders: [rfc5321]
hosts:
  mx1: {{always: [{always}]}}
steps:
  - {{at: 1m, send: small, to: alice}}
  - {{at: 2m, send: large, to: alice, size: {size}}}
expect:
  small: {{accepted: mx1, arrived: mailbox}}
  large: {{queued: sender}}
"""


def _play(always: str, size: str = "200kB") -> tuple[Run, Session]:
    """The run, and the host's session of the large message."""
    run = play_story(load(STORY.format(always=always, size=size), "sizes.yaml"), "rfc5321", 1)
    return run, run.sessions[-1]


def _phases(session: Session) -> list[Phase]:
    return [turn.phase for turn in session.turns]


def test_a_declared_size_is_refused_at_mail_before_anything_is_sent() -> None:
    run, session = _play("{size-limit: 100kB}")

    (refused,) = [event for event in run.events if event.kind is EventKind.REFUSED]
    (bounced,) = [event for event in run.events if event.kind is EventKind.BOUNCED]
    assert (refused.cell, bounced.message, bounced.status) == ("M4", "large", "5.3.4")
    assert "SIZE 100000" in session.extensions
    mail = session.last_turn(Phase.MAIL)
    assert mail is not None
    assert mail.command == b"MAIL FROM:<shop@elsewhere.test> SIZE=200000\r\n"
    assert Phase.DATA not in _phases(session)


def test_a_size_that_is_not_asked_for_is_refused_at_the_dot() -> None:
    run, session = _play("{extension-withheld: SIZE}, {size-limit: 100kB}")

    (refused,) = [event for event in run.events if event.kind is EventKind.REFUSED]
    assert (refused.cell, refused.text) == ("Z3", "552 5.3.4 Message too big for this host")
    assert not any(line.startswith("SIZE") for line in session.extensions)
    mail = session.last_turn(Phase.MAIL)
    assert mail is not None
    assert mail.command == b"MAIL FROM:<shop@elsewhere.test>\r\n"
    assert _phases(session)[-1] is not Phase.DATA


def test_a_message_of_just_the_size_is_taken() -> None:
    run, _ = _play("{size-limit: 200kB}")

    assert [fate.arrivals != () for fate in run.fates] == [True, True]


def test_every_host_has_a_limit() -> None:
    run, session = _play("{delay: 1s, phase: mail}", "11MB")

    (refused,) = [event for event in run.events if event.kind is EventKind.REFUSED]
    assert refused.cell == "M4"
    assert Phase.DATA not in _phases(session)


def test_a_limit_can_be_wider_than_that_of_every_host() -> None:
    run, session = _play("{size-limit: 20MB}", "11MB")

    assert "SIZE 20000000" in session.extensions
    assert run.fates[1].arrivals


@pytest.mark.parametrize("size", [400, 401, 402, 475, 476, 477, 1000, 10_000])
def test_a_message_has_the_size_it_shall_have(size: int) -> None:
    step = Send(at=0.0, name="letter", to=("alice@example.test",), mail_from="shop@elsewhere.test", size=size)
    content = write_message(step, "letter", 60.0)

    assert len(content) == size
    assert content.endswith(b"\r\n")
    assert max(map(len, content.split(b"\r\n"))) <= 78
    assert read_token(content) == "letter"


def test_a_message_is_not_cut() -> None:
    small = Send(at=0.0, name="letter", to=("alice@example.test",), mail_from="shop@elsewhere.test")
    content = write_message(small, "letter", 60.0)
    step = Send(at=0.0, name="letter", to=small.to, mail_from=small.mail_from, size=10)

    assert write_message(step, "letter", 60.0) == content


@pytest.mark.parametrize(
    ("text", "octets"), [("0B", 0), ("500B", 500), ("200kB", 200_000), ("10MB", 10_000_000), ("1500B", 1500)]
)
def test_sizes_are_read_and_written(text: str, octets: int) -> None:
    assert parse_size(text) == octets
    assert render_size(octets) == text


@pytest.mark.parametrize("text", ["1000", "10KB", "10 kB", "-1B", "1.5MB", "", "B"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(NoSize):
        parse_size(text)
