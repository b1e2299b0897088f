"""A mailer that is not ours is judged by what the hosts saw: which of its moves a standard rules out, and by which."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from mxprobe.facts.judged import Standing
from mxprobe.facts.run import Condition, Event, EventKind, Run, TlsUse
from mxprobe.jobs.gather import load_stories
from mxprobe.jobs.play import play_one
from mxprobe.mx.judge import judge_moves
from mxprobe.report.run_moves import render_against, render_moves
from mxprobe.scenario.load import load

LIBRARY = Path(__file__).parents[2] / "scenarios"
TRIED, REFUSED, ACCEPTED = EventKind.TRIED, EventKind.REFUSED, EventKind.ACCEPTED
WAITS, BOUNCED, SENT = EventKind.WAITS, EventKind.BOUNCED, EventKind.SENT
DAY = 86400.0
CHAIN = ((10, "mx1"), (10, "mx1b"), (20, "mx2"))


def _run(*moves: tuple[EventKind, str | None, str | None, int], sender: str = "real:any") -> Run:
    """A run of one message in which these events follow one another: kind, host, cell, round."""
    events = [Event(at=0.0, kind=SENT, who="story", message="letter", recipient="a@example.test")]
    for second, (kind, host, cell, number) in enumerate(moves, start=1):
        events.append(
            Event(
                at=float(second),
                kind=kind,
                who="sender",
                message="letter",
                recipient="a@example.test",
                host=host,
                cell=cell,
                round=number if kind is TRIED else None,
                tls=TlsUse.NONE if kind is ACCEPTED else None,
            )
        )
    return Run(
        version="1",
        story="s",
        path="s.yaml",
        domain="example.test",
        sender=sender,
        seed=1,
        epoch=0.0,
        ended=99.0,
        chain=CHAIN,
        events=tuple(events),
    )


def _last(run: Run) -> tuple[Standing, str, str | None]:
    move = judge_moves(run)[-1]
    return move.standing, move.clauses, move.cell


def _try(host: str, cell: str, number: int = 1) -> tuple[tuple[EventKind, str | None, str | None, int], ...]:
    kind = ACCEPTED if cell == "Z1" else REFUSED
    return (TRIED, host, None, number), (kind, host, cell, number)


def test_the_reference_does_nothing_that_is_against_a_standard() -> None:
    standings = set()
    for story in load_stories([LIBRARY]):
        run = play_one(story, "rfc5321", 1)
        moves = judge_moves(run)
        standings |= {move.standing for move in moves}
        assert [move for move in moves if move.standing is Standing.AGAINST] == [], story.path
    assert {Standing.LAWFUL, Standing.OPEN} <= standings


def test_equal_hosts_come_in_any_order_and_addresses_as_often_as_there_are() -> None:
    run = _run(*_try("mx1b", "C1"), *_try("mx1b", "C1"), *_try("mx1", "C1"), *_try("mx2", "Z1"))

    assert {move.standing for move in judge_moves(run)} == {Standing.LAWFUL}
    assert [move.does for move in judge_moves(run)] == ["tries mx1b", "tries mx1b", "tries mx1", "tries mx2"]


@pytest.mark.parametrize(
    ("moves", "standing", "clauses"),
    [
        (_try("mx2", "Z1"), Standing.AGAINST, "RFC 5321 §5.1"),
        ((*_try("mx1", "C1"), *_try("mx2", "Z1")), Standing.AGAINST, "RFC 5321 §5.1"),
        ((*_try("mx1", "Z1"), *_try("mx2", "Z1")), Standing.AGAINST, "RFC 5321 §4.2.5, §6.1"),
        ((*_try("mx1", "R4"), *_try("mx1b", "Z1")), Standing.AGAINST, "RFC 5321 §4.2.1, §3.3"),
        ((*_try("mx1", "Z5"), *_try("mx1b", "Z1")), Standing.OPEN, "RFC 5321 §4.5.3.2.6, §6.1; RFC 1047"),
        (_try("elsewhere.test", "Z1"), Standing.AGAINST, "RFC 5321 §5.1"),
        ((*_try("mx1", "T4"), *_try("mx1", "Z1")), Standing.LAWFUL, "RFC 7435 §3"),
        ((*_try("mx1", "T4"), *_try("mx1b", "Z1")), Standing.OPEN, "RFC 7435 §3"),
    ],
)
def test_whom_it_may_try_next(moves: tuple[object, ...], standing: Standing, clauses: str) -> None:
    assert _last(_run(*moves))[:2] == (standing, clauses)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("moves", "standing", "clauses"),
    [
        ((*_try("mx1", "M2"), (WAITS, None, "E1", 1)), Standing.AGAINST, "RFC 5321 §5.1"),
        ((*_try("mx1", "C1"), *_try("mx1b", "C1"), (WAITS, None, "E1", 1)), Standing.OPEN, "RFC 5321 §5.1"),
        ((*_try("mx1", "R2"), (WAITS, None, "E1", 1)), Standing.OPEN, "RFC 5321 §4.2.1, §3.3"),
        ((*_try("mx1", "R4"), (BOUNCED, None, "R4", 1)), Standing.LAWFUL, "RFC 5321 §4.2.1, §3.3"),
        ((*_try("mx1", "C1"), (BOUNCED, None, "C1", 1)), Standing.AGAINST, "RFC 5321 §5.1"),
        ((*_try("mx1", "B3"), (BOUNCED, None, "B3", 1)), Standing.OPEN, None),
        (((BOUNCED, None, "D7", 1),), Standing.LAWFUL, "RFC 7505 §3, §4.1"),
        (((BOUNCED, None, "D4", 1),), Standing.AGAINST, "RFC 5321 §5.1"),
        (((WAITS, None, "D4", 1),), Standing.LAWFUL, "RFC 5321 §5.1"),
        (((BOUNCED, None, None, 1),), Standing.UNKNOWN, ""),
    ],
)
def test_when_it_may_wait_and_when_give_up(moves: tuple[object, ...], standing: Standing, clauses: str | None) -> None:
    found = _last(_run(*moves))  # type: ignore[arg-type]

    assert found[0] is standing
    assert clauses is None or found[1] == clauses


def test_a_new_round_tells_that_the_last_one_ended() -> None:
    moves = judge_moves(_run(*_try("mx1", "M2"), *_try("mx1", "Z1", 2)))

    assert [(move.does, move.standing) for move in moves] == [
        ("tries mx1", Standing.LAWFUL),
        ("keeps it for later", Standing.AGAINST),
        ("tries mx1", Standing.LAWFUL),
    ]


def test_mail_that_grew_old_may_be_given_back_and_mail_that_did_not_may_not() -> None:
    everyone = (*_try("mx1", "C1"), *_try("mx1b", "C1"), *_try("mx2", "C1"), (BOUNCED, None, "C1", 1))
    young = _run(*everyone)
    old = replace(young, events=(*young.events[:-1], replace(young.events[-1], at=5 * DAY)))

    assert _last(young) == (Standing.AGAINST, "RFC 5321 §4.5.4.1", "C1")
    assert _last(old) == (Standing.LAWFUL, "RFC 5321 §4.5.4.1, §6.1", "E3")


def test_a_host_that_is_remembered_may_be_passed_over() -> None:
    run = _run((REFUSED, "mx1", "C5", 1), (REFUSED, "mx1b", "C5", 1), *_try("mx2", "Z1"))

    assert [move.standing for move in judge_moves(run)] == [Standing.OPEN, Standing.OPEN, Standing.LAWFUL]


def test_an_answer_that_came_too_late_may_be_missed() -> None:
    run = _run(*_try("mx1", "Z1"), *_try("mx1b", "Z1"))
    events = tuple(replace(event, at=event.at + 700) if event.at > 1 else event for event in run.events)

    assert _last(replace(run, events=events)) == (Standing.OPEN, "RFC 5321 §4.5.3.2.6; RFC 1047", "Z5")


def test_what_was_taken_or_given_back_is_done_with() -> None:
    again = judge_moves(_run(*_try("mx1", "Z1"), *_try("mx1", "Z1", 2)))
    back = judge_moves(_run(*_try("mx1", "Z1"), (BOUNCED, None, None, 1)))
    twice = judge_moves(_run(*_try("mx1", "R4"), (BOUNCED, None, "R4", 1), *_try("mx1b", "Z1", 2)))

    assert [(move.does, move.standing) for move in again] == [
        ("tries mx1", Standing.LAWFUL),
        ("tries mx1", Standing.AGAINST),
    ]
    assert [(move.does, move.because) for move in back][1:] == [("gives it back", "it was accepted already")]
    assert [move.standing for move in twice] == [Standing.LAWFUL, Standing.LAWFUL, Standing.AGAINST]


def test_names_that_were_disturbed_leave_it_open_who_should_be_asked() -> None:
    forged = Condition(host="dns", fault="dns-forged", phase=None, begins=0.0, ends=None, hinders=False)

    assert _last(_run(*_try("mx2", "Z1")))[0] is Standing.AGAINST
    assert _last(replace(_run(*_try("mx2", "Z1")), conditions=(forged,)))[0] is Standing.UNKNOWN


def test_mail_that_is_kept_without_asking_anybody_is_a_move_that_nobody_can_judge() -> None:
    moves = judge_moves(_run((WAITS, None, "E1", 1), (WAITS, None, "E1", 1)))

    assert [(move.does, move.standing) for move in moves] == [("keeps it for later", Standing.UNKNOWN)]


def test_a_null_mx_is_nobody_to_ask() -> None:
    run = replace(_run(*_try("example.test", "Z1")), chain=())

    assert _last(run)[:2] == (Standing.AGAINST, "RFC 7505 §4.1; RFC 5321 §5.1")


@pytest.mark.parametrize(("policy", "clause"), [("dane", "RFC 7672 §2.2"), ("mta-sts", "RFC 8461 §5")])
def test_a_host_that_must_be_authenticated_gets_nothing_in_clear(policy: str, clause: str) -> None:
    run = replace(_run(*_try("mx1", "Z1"), sender=f"real:exim+{policy}"), protected=("mx1",))

    assert [move.clauses for move in judge_moves(run) if move.standing is Standing.AGAINST] == [clause]
    assert not [move for move in judge_moves(replace(run, protected=())) if move.standing is Standing.AGAINST]


def test_where_the_records_change_nothing_is_said() -> None:
    run = _run(*_try("mx2", "Z1"))
    changed = replace(run, events=(Event(at=0.5, kind=EventKind.PUBLISH, who="story"), *run.events))

    assert judge_moves(changed) == ()


STORY = """\
story: The primary's disk is full.
domain: example.test
mx: [10 mx1, 20 mx2]
recipients: [alice, bob]
senders: [rfc5321]
steps:
  - {at: 0m, break: mx1, with: disk-full, for: 20m}
  - {at: 1m, send: letter, to: [alice, bob]}
expect:
  letter: {tried: [mx1, mx2], accepted: mx2, arrived: mailbox}
"""


def test_what_a_report_says_of_it() -> None:
    run = play_one(load(STORY, "story.yaml"), "opensmtpd", 1)
    run = replace(run, moves=judge_moves(run), sender="real:opensmtpd")
    short, whole = render_moves(run, everything=False), render_moves(run, everything=True)

    assert "4 against" in " ".join(short)
    assert sum("keeps it for later" in line for line in short) == 2  # each round told once for both recipients
    assert any("mx2 was not asked, and two addresses are the least" in line for line in short)
    assert any("tries mx1" in line for line in whole)
    assert run.went_wrong
    assert render_against([run]) == []
    assert render_moves(replace(run, moves=()), everything=True) == []
    assert "against a standard; -v --trace tells which" in " ".join(render_against([replace(run, verdict=None)]))
