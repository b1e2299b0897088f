"""A fault at one family or one address of a host leaves the others as they are, for senders and for the verdicts."""

from mxprobe.facts.run import EventKind, Run, WorldKind
from mxprobe.lab.memory import CLIENT_IPV4, CLIENT_IPV6
from mxprobe.lab.play import play_story
from mxprobe.rules import judge_run
from mxprobe.scenario.load import load
from mxprobe.scenario.reference import covers, is_within, read_part

STORY = """\
story: A host with three addresses.
domain: example.test
zone: |
  @    3600 IN MX 10 mx1
  @    3600 IN MX 20 mx2
  mx1  3600 IN A 192.0.2.20
  mx1  3600 IN A 192.0.2.21
  mx1  3600 IN AAAA 2001:db8::20
  mx2  3600 IN A 192.0.2.30
recipients: [alice]
senders: [rfc5321]
steps:
{steps}
  - {{at: 10m, send: letter, to: alice}}
expect:
  letter: {{queued: sender}}
"""


def _play(*steps: str) -> Run:
    text = STORY.format(steps="\n".join(f"  - {step}" for step in steps))
    return play_story(load(text, "parts.yaml"), "rfc5321", 1)


def _addresses(run: Run) -> list[str]:
    """The addresses at which hosts had sessions with the sender, in order."""
    return [session.endpoint.address for session in run.sessions if session.source in (CLIENT_IPV4, CLIENT_IPV6)]


def test_a_family_that_is_down_leaves_the_other() -> None:
    run = _play("{at: 0m, break: mx1/v4, with: tcp-refuse}")

    assert run.fates[0].accepted[0][0] == "mx1"
    assert _addresses(run) == ["2001:db8::20"]
    other = _play("{at: 0m, break: mx1/v6, with: close, phase: mail}")
    assert _addresses(other)[-1] == "192.0.2.20"
    assert other.fates[0].accepted[0][0] == "mx1"


def test_one_address_that_is_down_leaves_the_others() -> None:
    run = _play("{at: 0m, break: [mx1/192.0.2.20, mx1/v6], with: tcp-black-hole}")

    assert _addresses(run) == ["192.0.2.21"]
    assert [(event.who, event.kind) for event in run.events[:2]] == [
        ("mx1/192.0.2.20", EventKind.BREAK),
        ("mx1/v6", EventKind.BREAK),
    ]


def test_all_parts_that_are_down_are_the_host() -> None:
    run = _play(
        "{at: 0m, break: mx1/v4, with: tcp-refuse}", "{at: 1m, break: mx1/v6, with: close, phase: mail, for: 1h}"
    )

    assert run.fates[0].accepted[0][0] == "mx2"
    told = [(one.part, one.fault, one.begins, one.ends) for one in run.conditions if one.host == "mx1"]
    assert told == [
        ("v4", "tcp-refuse", 0.0, None),
        ("v6", "close", 60.0, 3660.0),
        ("", "close, tcp-refuse", 60.0, 3660.0),
    ]
    assert [one.hinders for one in run.conditions] == [False, False, True]
    assert not any(judgement.findings for judgement in judge_run(run) if judgement.code == "MX957")


def test_the_same_address_is_struck_on_sockets() -> None:
    step = "  - {at: 0m, break: [mx1/192.0.2.20, mx1/v6], with: close, phase: mail, for: 1d}"
    story = load(STORY.format(steps=step), "parts.yaml")
    memory, loopback = (play_story(story, "rfc5321", 1, kind=kind) for kind in WorldKind)

    assert [session.failure is None for session in memory.sessions] == [False, True]
    assert [session.failure is None for session in loopback.sessions] == [False, True]


def test_a_part_does_not_hinder_a_host_that_has_other_addresses() -> None:
    run = _play("{at: 0m, break: [mx1/v4, mx2/v4, mx1], with: tcp-refuse, for: 1h}")

    told = {(condition.host, condition.part): condition.hinders for condition in run.conditions}
    assert told == {("mx1", "v4"): False, ("mx2", "v4"): True, ("mx1", ""): True}


def test_a_mend_of_a_part_leaves_the_rest_broken_and_a_mend_of_the_host_nothing() -> None:
    broken = "{at: 0m, break: [mx1/v4, mx1/2001:db8::20, mx2], with: tcp-refuse}"
    part = _play(broken, "{at: 5m, mend: mx1/v6}")
    whole = _play(broken, "{at: 5m, mend: mx1}")

    assert _addresses(part) == ["2001:db8::20"]
    assert _addresses(whole) == ["192.0.2.20"]


def test_a_mend_that_waits_for_an_event_mends_a_part() -> None:
    assert _play("{at: 0m, break: [mx1, mx2], with: tcp-refuse}").fates[0].bounces
    text = STORY.format(steps="  - {at: 0m, break: [mx1/v4, mx1/v6, mx2], with: tcp-refuse}").replace(
        "\nexpect", "\n  - {when: {message: letter, tried: mx1}, mend: mx1/v6}\nexpect"
    )
    mended = play_story(load(text, "parts.yaml"), "rfc5321", 1)
    assert _addresses(mended) == ["2001:db8::20"]


def test_references() -> None:
    pairs = [("", "192.0.2.1"), ("", ""), ("v4", "192.0.2.1"), ("v6", "2001:db8::1")]
    assert all(covers(part, address) for part, address in pairs)
    assert not covers("v4", "")
    assert not covers("v6", "192.0.2.1")
    assert not covers("192.0.2.1", "192.0.2.2")
    assert is_within("mx1/v6", "mx1")
    assert is_within("mx1/2001:db8::1", "mx1/v6")
    assert not is_within("mx1/192.0.2.1", "mx1/v6")
    assert not is_within("mx1", "mx1/v4")
    assert not is_within("mx1/v4", "mx1/v6")
    assert not is_within("mx1/v4", "mx2")
    assert read_part("2001:DB8:0::1") == "2001:db8::1"
    assert read_part("192.0.2") is None
