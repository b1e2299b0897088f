"""How far a message came, and what that proves of the host that it went over."""

import pytest

from mxprobe.facts.proof import Proof, Route
from mxprobe.mx.draining import drain_of, mailer_of
from mxprobe.mx.proving import Grade, State, grade_of, state_of
from tests.support.proofs import BEGAN, MX1, MX2, bounce, copy, handed_on, handover, proof, route, taken

DOWN = (MX1,)
LATER = handover(MX2, 450, "4.3.2 the primary server is up", "R2")


@pytest.mark.parametrize(
    ("message", "state", "grade"),
    [
        (route(MX2, begun_at=None), State.PLANNED, Grade.OPEN),
        (route(MX2), State.UNKNOWN, Grade.OPEN),
        (route(MX2, taken(MX2)), State.WAITING, Grade.OPEN),
        (route(MX2, handover(MX2, 550, "5.1.1 no such user", "R4")), State.REFUSED, Grade.NOT),
        (route(MX2, LATER), State.LATER, Grade.NOT),
        (route(MX2, LATER, taken(MX2)), State.WAITING, Grade.OPEN),
        (route(MX2, taken(MX2), copies=(copy(9),)), State.ARRIVED, Grade.WHILE_UP),
        (route(MX2, taken(MX2), copies=(copy(9),), down=DOWN), State.ARRIVED, Grade.IN_OUTAGE),
        (route(MX2, taken(MX2), bounces=(bounce("5.1.1", "no"),)), State.BOUNCED, Grade.NOT),
        (route(MX2, taken(MX2), bounces=(bounce("4.0.0", "delayed", action="delayed"),)), State.WAITING, Grade.OPEN),
    ],
)
def test_a_message_has_come_so_far(message: Route, state: State, grade: Grade) -> None:
    known = proof(message)

    assert state_of(message, known) is state
    assert grade_of(message, known) is grade


def test_what_may_have_left_is_lost_only_after_its_deadline() -> None:
    for message, until_then in ((route(MX2), State.UNKNOWN), (route(MX2, taken(MX2)), State.WAITING)):
        assert state_of(message, proof(message, watched_until=BEGAN + 21599)) is until_then
        assert state_of(message, proof(message, watched_until=BEGAN + 21600)) is State.LOST


def test_a_message_that_was_taken_when_the_primary_was_up_again_proves_no_outage() -> None:
    message = route(MX2, LATER, taken(MX2, after=330), copies=(copy(340),), down=DOWN)

    assert grade_of(message, proof(message, up_at=BEGAN + 331)) is Grade.IN_OUTAGE
    assert grade_of(message, proof(message, up_at=BEGAN + 329)) is Grade.WHILE_UP


def test_an_outage_proves_nothing_where_one_of_two_primaries_was_up() -> None:
    message = route(MX2, taken(MX2), copies=(copy(9),), down=DOWN)

    assert grade_of(message, proof(message, chain=((10, MX1), (10, "mx0.example.test"), (20, MX2)))) is Grade.WHILE_UP


def _kept(greets: str, up_after: float | None, handed_after: float) -> tuple[Route, Proof]:
    message = route(MX2, taken(MX2, greets), copies=(copy(handed_after + 1, handed_on(handed_after)),), down=DOWN)
    return message, proof(message, up_at=None if up_after is None else BEGAN + up_after)


def test_a_queue_that_drains_is_measured_from_when_the_primary_was_seen_up() -> None:
    drain = drain_of(*_kept("mx2.example.test ESMTP Postfix (Debian)", 600, 820))

    assert drain is not None
    assert drain.mailer is not None
    assert (drain.mailer.name, drain.waited, drain.longest) == ("postfix", 220, 600)


def test_the_longest_interval_grows_with_the_outage() -> None:
    drain = drain_of(*_kept("ESMTP Postfix", 80_000, 80_100))

    assert drain is not None
    assert drain.longest == 4000


def test_a_message_that_came_before_the_primary_was_seen_up_waited_for_nothing() -> None:
    drain = drain_of(*_kept("ESMTP Exim 4.96", None, 50))

    assert drain is not None
    assert drain.mailer is not None
    assert (drain.mailer.name, drain.waited) == ("exim", 0.0)


def test_there_is_no_drain_without_an_outage_or_without_a_copy() -> None:
    up, lost = route(MX2, taken(MX2), copies=(copy(5),)), route(MX2, taken(MX2), down=DOWN)

    assert drain_of(up, proof(up)) is None
    assert drain_of(lost, proof(lost)) is None
    assert mailer_of(route(MX2, taken(MX2, "mx2 ESMTP ready"))) is None
