"""A story may name programs of the user's own; what it says of them is kept, what nobody knows of them is allowed."""

from pathlib import Path

import pytest

from mxprobe.errors import InputError
from mxprobe.jobs.play import PlayOptions, play
from mxprobe.report.story_page import render_story
from mxprobe.scenario.dump import dump
from mxprobe.scenario.load import load
from mxprobe.scenario.model import Own, Scenario, profile_of

STORY = """\
story: A mailer of the user's own.
domain: example.test
mx: [10 mx1, 20 mx2]
recipients: [alice]
own: {inject: [sendmail, -i, -f, "{from}", "{to}", "{{.Name}}"], start: [./mailer, "--dns={resolver}"], listens: 2525}
senders: [own, rfc5321]
steps:
  - {at: 0m, break: mx1, with: tcp-refuse, for: 1h}
  - {at: 1m, send: letter, to: alice}
expect:
  letter: {tried: [mx1, mx2], accepted: mx2, arrived: {in: mailbox, before: 2h}}
"""


def _own() -> Scenario:
    return load(STORY, "own.yaml")


def test_the_commands_are_read_word_by_word() -> None:
    assert _own().own == Own(
        inject=("sendmail", "-i", "-f", "{from}", "{to}", "{{.Name}}"),
        start=("./mailer", "--dns={resolver}"),
        listens=2525,
        line=5,
    )


def test_the_commands_survive_being_written() -> None:
    told, own = load(dump(_own()), "own.yaml").own, _own().own

    assert told is not None
    assert own is not None
    assert (told.inject, told.start, told.listens) == (own.inject, own.start, own.listens)


@pytest.mark.parametrize("mailer", ["postfix", "opensmtpd"])
def test_a_real_host_survives_being_written(mailer: str) -> None:
    story = load(STORY.replace("own: {", f"hosts: {{mx2: {{real: {mailer}}}}}\nown: {{"), "own.yaml")

    assert [spec.real for spec in load(dump(story), "own.yaml").hosts] == [mailer]


def test_a_host_of_the_users_own_survives_being_written() -> None:
    hosts = 'hosts: {mx2: {own: {start: [./backup, "--at={address}"]}}}\nown: {'
    story = load(STORY.replace("own: {", hosts), "own.yaml")

    assert [spec.own for spec in load(dump(story), "own.yaml").hosts] == [("./backup", "--at={address}")]
    assert story.is_real("rfc5321")


def test_a_start_may_not_speak_of_a_message() -> None:
    with pytest.raises(InputError, match="no placeholder here is called `to`"):
        load(STORY.replace("--dns={resolver}", "--for={to}"), "own.yaml")


def test_any_cell_may_be_a_difference_of_an_own_mailer() -> None:
    differs = "differs:\n  - {senders: [own], cell: C1, because: gives up, expect: {letter: {bounced: {by: sender}}}}\n"

    assert load(STORY + differs, "own.yaml").differs[0].senders == ("own",)
    with pytest.raises(InputError, match="this is no difference"):
        load(STORY + differs.replace("[own]", "[rfc5321]"), "own.yaml")


def test_an_own_mailer_may_do_any_tls() -> None:
    verified = STORY.replace("accepted: mx2,", "accepted: mx2, tls: verified,")

    assert load(verified.replace("[own, rfc5321]", "[own]"), "own.yaml").expect.messages[0].tls == "verified"
    with pytest.raises(InputError, match="can never be under the TLS policy"):
        load(verified.replace("[own, rfc5321]", "[rfc5321]"), "own.yaml")


def test_an_own_mailer_needs_a_play_in_real_time_and_the_lab_does_not() -> None:
    story = _own()

    assert story.is_real("own")
    assert not story.is_real("rfc5321")
    assert profile_of("own") == "rfc5321"


def test_the_page_of_a_story_names_the_command() -> None:
    assert "sendmail -i -f {from} {to}" in render_story(_own())


def test_an_own_mailer_that_no_story_has_is_refused_before_anything_is_played(tmp_path: Path) -> None:
    path = tmp_path / "plain.yaml"
    path.write_text("".join(line for line in STORY.splitlines(True) if not line.startswith(("own:", "senders:"))))

    with pytest.raises(InputError, match="this story names none") as caught:
        play([path], PlayOptions(senders=("own",)))

    assert str(caught.value).startswith(f"{path}: --sender own")
