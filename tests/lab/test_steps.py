"""Steps that wait, publish and mend: what a world does when its story is told."""

from typing import Any

from mxprobe.facts.run import Event, EventKind, Run
from mxprobe.facts.smtp import Phase
from mxprobe.jobs.play import play_one
from mxprobe.scenario.load import load

STAGE = """
story: x
domain: example.test
mx: [10 mx1, 20 mx2]
recipients: [alice]
"""


def play(rest: str, sender: str = "rfc5321") -> Run:
    return play_one(load(STAGE + rest, "story.yaml"), sender, 1)


def when(run: Run, kind: EventKind, **wanted: Any) -> list[float]:
    """The moments of the events of a kind."""

    def fits(event: Event) -> bool:
        return event.kind is kind and all(getattr(event, key) == value for key, value in wanted.items())

    return [round(event.at) for event in run.events if fits(event)]


def test_a_step_waits_until_a_queue_holds_so_many_messages() -> None:
    run = play("""
steps:
  - {at: 0m, break: mx1, with: tcp-refuse}
  - {at: 1m, send: order, to: alice, count: 3, every: 10s}
  - {when: {queue: mx2, holds: 3}, mend: mx1}
expect:
  order: {tried: [mx1, mx2], accepted: mx2, arrived: mailbox}
""")

    assert when(run, EventKind.MEND) == [80]
    assert [round(condition.ends or 0) for condition in run.conditions] == [80]
    assert run.verdict is not None
    assert run.verdict.passed


def test_a_step_waits_for_an_event_and_then_so_long() -> None:
    run = play("""
steps:
  - {at: 0m, break: mx1, with: tcp-refuse}
  - {at: 1m, send: order, to: alice}
  - {when: {message: order, accepted: mx2}, after: 5m, send: second, to: alice}
  - {after: 1m, mend: mx1}
  - {when: {message: order, arrived: mailbox}, send: third, to: alice}
expect:
  order: {tried: [mx1, mx2], accepted: mx2, arrived: mailbox}
  second: {tried: [mx1, mx2], accepted: mx2, arrived: mailbox}
  third: {accepted: mx1, arrived: mailbox}
""")

    assert when(run, EventKind.SENT, message="second") == [360]
    assert when(run, EventKind.MEND) == [420]
    arrived = when(run, EventKind.ARRIVED, message="order")
    assert when(run, EventKind.SENT, message="third") == arrived
    assert run.verdict is not None
    assert run.verdict.passed


def test_a_fault_of_a_step_that_waited_lasts_as_long_as_it_says() -> None:
    run = play("""
steps:
  - {at: 1m, send: order, to: alice}
  - {when: {message: order, arrived: mx1}, break: mx1, with: tcp-refuse, for: 10m}
  - {after: 5m, send: second, to: alice}
  - {after: 10m, send: third, to: alice}
expect:
  order: {accepted: mx1, arrived: mailbox}
  second: {tried: [mx1, mx2], accepted: mx2, arrived: mailbox}
  third: {accepted: mx1, arrived: mailbox}
""")

    assert run.verdict is not None
    assert run.verdict.passed, run.verdict
    (condition,) = run.conditions
    assert (round(condition.begins), round(condition.ends or 0)) == (60, 660)


def test_a_step_that_never_comes_fails_the_story_at_its_line() -> None:
    run = play("""
steps:
  - {at: 0m, send: order, to: alice}
  - {when: {message: order, bounced: sender}, break: mx1, with: tcp-refuse}
expect:
  order: {accepted: mx1, arrived: mailbox}
""")

    assert run.verdict is not None
    assert [(miss.says, miss.line) for miss in run.verdict.misses] == [
        ("this step never came: what it waits for did not happen", 9)
    ]


def test_new_records_are_what_senders_find_from_then_on() -> None:
    run = play("""
ttl: 1m
steps:
  - {at: 0m, send: before, to: alice}
  - {at: 10m, publish: {mx: [10 mx3]}}
  - {at: 20m, send: later, to: alice}
expect:
  before: {accepted: mx1, arrived: mx1}
  later: {accepted: mx3, arrived: mx3}
""")

    assert run.verdict is not None
    assert run.verdict.passed, run.verdict
    assert when(run, EventKind.PUBLISH, text="10 mx3.example.test", who="dns") == [600]


def test_a_host_asks_another_whether_a_recipient_exists() -> None:
    run = play("""
hosts:
  mx1: {always: {greylist: {wait: 5h, trusts: [mx2]}}}
  mx2: {verifies: mx1}
steps:
  - {at: 1m, send: known, to: alice}
  - {at: 2m, send: unknown, to: ghost}
expect:
  known: {tried: [mx1, mx2], accepted: mx2, arrived: mailbox}
  unknown: {tried: [mx1, mx2], bounced: sender}
  findings: [MX957]
""")

    assert run.verdict is not None
    assert run.verdict.passed, run.verdict
    (words,) = [event.text for event in run.events if event.kind is EventKind.BOUNCED]
    assert words == "550 5.1.1 <ghost@example.test> No such mailbox"
    asked = [session for session in run.sessions if session.endpoint.host == "mx1.example.test"]
    assert [session.last_turn(Phase.DATA) is None for session in asked].count(True) == 4


def test_a_message_that_goes_round_in_a_circle_is_stopped_by_its_hops() -> None:
    run = play("""
hosts: {mx2: {hands-on: mx2}}
steps:
  - {at: 0m, break: mx1, with: tcp-refuse}
  - {at: 1m, send: order, to: alice}
expect:
  order: {tried: [mx1, mx2], bounced: {by: mx2, status: 5.4.6}}
  findings: [MX955, MX967]
""")

    assert run.verdict is not None
    assert run.verdict.passed, run.verdict
    assert len(when(run, EventKind.QUEUED)) == 100


def test_a_host_with_a_store_of_its_own_keeps_mail_there() -> None:
    run = play("""
hosts: {mx2: {store: forgotten}}
steps:
  - {at: 0m, break: mx1, with: tcp-refuse, for: 1h}
  - {at: 1m, send: order, to: alice}
expect:
  order: {tried: [mx1, mx2], arrived: forgotten}
""")

    assert run.verdict is not None
    assert run.verdict.passed, run.verdict


def test_the_domain_is_looked_at_in_the_middle_of_a_story() -> None:
    run = play("""
steps:
  - {at: 0m, break: mx1, with: tcp-refuse, for: 1h}
  - {at: 5m, probe: during, to: alice}
  - {at: 10m, send: order, to: alice}
  - {at: 2h, probe: afterwards}
expect:
  order: {tried: [mx1, mx2], accepted: mx2, arrived: mailbox}
  during: {findings: [MX308 primary-tier-down]}
  afterwards: {findings: []}
""")

    assert run.verdict is not None
    assert run.verdict.passed, run.verdict
    during, _ = run.looks
    assert during.at == 300.0
    (found,) = [finding for finding in during.findings if finding.code == "MX308"]
    assert "mx1" in found.says


def test_what_a_look_finds_or_does_not_find_fails_the_story() -> None:
    run = play("""
steps:
  - {at: 0m, send: order, to: alice}
  - {at: 1m, break: mx1, with: tcp-refuse, for: 1h}
  - {at: 5m, probe: during}
expect:
  order: {accepted: mx1, arrived: mailbox}
  during: {findings: [MX707]}
""")

    assert run.verdict is not None
    said = [miss.says for miss in run.verdict.misses]
    assert said[0] == "the look during was expected to find MX707, and did not"
    assert said[1].startswith("the look during found MX308 primary-tier-down, and should not: ")
