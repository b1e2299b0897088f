"""A relay whose queue is lost, and a host that has as many sessions as it takes: what becomes of the mail."""

from collections import Counter

from mxprobe.facts.run import EventKind, Run
from mxprobe.jobs.play import play_one
from mxprobe.report.run_text import tell_event
from mxprobe.scenario.load import load

LOSS = """\
story: The primary is down, and the backup loses what it holds.
domain: example.test
mx: [10 mx1, 20 mx2]
recipients: [alice, bob]
senders: [rfc5321]
steps:
  - {at: 0m, break: mx1, with: tcp-refuse, for: 1h}
  - {at: 1m, send: early, to: [alice, bob]}
  - {at: 10m, break: mx2, with: queue-lost}
  - {at: 20m, send: late, to: alice}
expect:
  early: {tried: [mx1, mx2], accepted: mx2, lost: true}
  late: {tried: [mx1, mx2], accepted: mx2, arrived: {in: mailbox, before: 3h}}
  hosts: {mx2: {queue: empty, before: 3h}}
  findings: [MX953 mail-lost]
"""


def _play(text: str) -> Run:
    return play_one(load(text, "queues.yaml"), "rfc5321", 1)


def _vanished(run: Run) -> list[tuple[float, str, str | None, str | None]]:
    return [
        (event.at, event.who, event.message, event.recipient)
        for event in run.events
        if event.kind is EventKind.VANISHED
    ]


def test_what_a_relay_held_is_lost_and_found_to_be_and_what_comes_later_is_not() -> None:
    run = _play(LOSS)

    assert run.verdict is not None
    assert run.verdict.misses == ()
    assert _vanished(run) == [
        (600.0, "mx2", "early", "alice@example.test"),
        (600.0, "mx2", "early", "bob@example.test"),
    ]
    (broken,) = [event for event in run.events if event.kind is EventKind.BREAK and event.who == "mx2"]
    assert tell_event(broken).split() == ["mx2", "BREAK", "queue-lost", "line", "9"]
    (told, _) = [tell_event(event) for event in run.events if event.kind is EventKind.VANISHED]
    assert told.split() == ["mx2", "has", "lost", "it", "with", "its", "queue"]


def test_a_step_that_waits_for_the_queue_can_lose_it() -> None:
    waits = LOSS.replace("{at: 10m, break: mx2", "{when: {queue: mx2, holds: 1}, after: 9m, break: mx2")
    run = _play(waits.replace("at: 20m", "after: 20m"))

    assert run.verdict is not None
    assert run.verdict.misses == ()
    assert [round(at) for at, *_ in _vanished(run)] == [600, 600]


def test_a_queue_can_be_lost_while_it_is_being_handed_on() -> None:
    slow = LOSS.replace("for: 1h}", "for: 5m}\n  - {at: 5m, break: mx1, with: {delay: 5m}, phase: mail, for: 5h}")
    run = _play(slow.replace("at: 10m", "at: 32m").replace("at: 20m", "at: 40m"))

    tries = [event.at for event in run.events if event.kind is EventKind.TRIED and event.who == "mx2"]
    assert any(at < 1920 < at + 300 for at in tries)
    assert len(_vanished(run)) == 2
    assert [bool(fate.arrivals) for fate in run.fates] == [False, False, True]


def test_an_empty_queue_has_nothing_to_lose() -> None:
    run = _play(LOSS.replace("  - {at: 0m, break: mx1, with: tcp-refuse, for: 1h}\n", ""))

    assert _vanished(run) == []
    assert all(fate.arrivals for fate in run.fates)


BUSY = """\
story: Three messages at once, and a host that has so many sessions at a time.
domain: example.test
mx: [10 mx1, 20 mx2]
recipients: [alice]
senders: [rfc5321]
steps:
  - {at: 0m, break: mx1, with: {connection-limit: 1}, for: 1h}
  - {at: 1m, send: letter, to: alice, count: 3, every: 0m}
  - {at: 2m, send: lone, to: alice}
expect:
  letter: {queued: sender}
  lone: {queued: sender}
"""


def _hosts(run: Run, name: str) -> Counter[str]:
    return Counter(fate.accepted[0][0] for fate in run.fates if fate.message.startswith(name))


def test_who_comes_beside_the_sessions_that_are_open_is_sent_away() -> None:
    run = _play(BUSY)

    assert _hosts(run, "letter") == {"mx1": 1, "mx2": 2}
    assert _hosts(run, "lone") == {"mx1": 1}
    refused = [event for event in run.events if event.kind is EventKind.REFUSED and event.who == "sender"]
    assert {(event.cell, event.text) for event in refused} == {("B2", "421 4.7.0 Too many connections at a time")}


def test_all_are_served_where_the_limit_is_not_reached() -> None:
    assert _hosts(_play(BUSY.replace("connection-limit: 1", "connection-limit: 3")), "letter") == {"mx1": 3}


def test_the_addresses_of_a_host_share_its_limit() -> None:
    zone = "|\n  @ 3600 IN MX 10 mx1\n  @ 3600 IN MX 20 mx2\n  mx1 3600 IN A 192.0.2.20\n  mx1 3600 IN A 192.0.2.21\n"
    run = _play(BUSY.replace("mx: [10 mx1, 20 mx2]\n", f"zone: {zone}  mx2 3600 IN A 192.0.2.30\n"))

    assert _hosts(run, "letter") == {"mx1": 1, "mx2": 2}
    assert len({(session.endpoint.host, session.endpoint.address) for session in run.sessions}) == 3
