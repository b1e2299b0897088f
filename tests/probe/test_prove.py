"""A proof on its way: what is on disk before anything leaves, what is never sent twice, and who was up meanwhile."""

import pytest
from msgspec.structs import replace

from mxprobe.errors import CouldNotLook
from mxprobe.facts.dns import AnswerStatus
from mxprobe.facts.dsn import Bounce
from mxprobe.facts.proof import Answer, Box, Found, Proof
from mxprobe.mx.proving import Grade, State, grade_of, route_of, state_of
from tests.support.drill import Drill, Host, found
from tests.support.proofs import BEGAN, MX1, MX2

GREYLISTED = "451 4.7.1 Greylisted, try later"
AGAIN = {"again": 30.0}


def _drill(**hosts: Host) -> Drill:
    """A drill over these hosts, whose mailbox has what either has taken."""
    drill = Drill(hosts={{"mx1": MX1, "mx2": MX2}[name]: host for name, host in hosts.items()})

    def looks(_at: float) -> tuple[Found, ...]:
        return tuple(found(token) for token in drill.arrivals)

    drill.looks = looks
    return drill


def _grades(known: Proof) -> dict[str, Grade]:
    return {route.via: grade_of(route, known) for route in known.routes if not route.is_unknown}


def _states(known: Proof) -> dict[str, State]:
    return {route.via: state_of(route, known) for route in known.routes if not route.is_unknown}


@pytest.mark.parametrize("answers", [("250 ok",), (GREYLISTED, "250 ok")], ids=["first-attempt", "second-attempt"])
def test_what_was_on_disk_when_the_content_left_is_never_sent_again(answers: tuple[str, ...]) -> None:
    drill = _drill(mx1=Host(rcpt=answers))
    drill.wishes = {"only": (MX1,), **AGAIN}
    known = drill.run()
    (journal,) = drill.at_content
    (token,) = drill.hosts[MX1].tokens

    assert known.routes[0].trying_at is None
    assert len(known.routes[0].handovers) == len(answers)
    assert journal.routes[0].trying_at is not None
    assert state_of(journal.routes[0], journal) is State.UNKNOWN

    killed = _drill(mx1=Host())
    killed.looks = lambda _at: ()
    waiting = killed.run(journal)

    assert killed.hosts[MX1].said == []
    assert state_of(waiting.routes[0], waiting) is State.UNKNOWN

    killed.looks = lambda at: (found(token),) if at >= 60 else ()
    assert _grades(killed.run(journal)) == {MX1: Grade.WHILE_UP}


def test_what_was_not_begun_stays_so_when_a_proof_is_taken_up_again() -> None:
    drill = _drill(mx1=Host(), mx2=Host())
    drill.run()
    begun = next(one for one in drill.kept if one.routes[0].handovers and one.routes[1].begun_at is None)
    second = _drill(mx1=Host(), mx2=Host())
    second.looks = lambda _at: (found(begun.routes[0].token),)

    known = second.run(begun)

    assert _states(known) == {MX1: State.ARRIVED, MX2: State.PLANNED}
    assert _grades(known)[MX2] is Grade.OPEN
    assert [host.said for host in second.hosts.values()] == [[], []]


def test_a_backup_is_proven_in_an_outage_that_nobody_had_asked_for() -> None:
    known = _drill(mx2=Host()).run()

    assert _grades(known) == {MX1: Grade.NOT, MX2: Grade.IN_OUTAGE}
    route = route_of(known, MX2)
    assert route is not None
    assert route.down == (MX1,)


@pytest.mark.parametrize(("up", "grade"), [(True, Grade.WHILE_UP), (False, Grade.IN_OUTAGE)])
def test_the_primary_is_knocked_at_where_nothing_is_sent_to_it(up: bool, grade: Grade) -> None:
    drill = _drill(mx2=Host(), **({"mx1": Host()} if up else {}))
    drill.wishes = {"only": (MX2,)}

    assert _grades(drill.run()) == {MX2: grade}
    if up:
        assert drill.hosts[MX1].said == ["QUIT"]


def test_a_primary_that_is_away_in_the_end_is_told() -> None:
    drill = _drill(mx2=Host())
    drill.wishes = {"only": (MX2,), "unknown": ""}
    drill.looks = lambda _at: ()

    assert drill.run().down_at_end == (MX1,)


@pytest.mark.parametrize(
    ("says", "why"),
    [
        (AnswerStatus.SERVFAIL, "its addresses could not be looked up"),
        (AnswerStatus.NXDOMAIN, "its name does not exist"),
        (AnswerStatus.NODATA, "it has no address"),
        (("127.9.9.9",), "127.9.9.9 is of special use: --allow-special"),
    ],
)
def test_a_primary_that_cannot_be_written_to_stays_in_the_chain(says: AnswerStatus | tuple[str, ...], why: str) -> None:
    drill = _drill()
    drill.names = {MX1: says, MX2: ("8.8.4.4",)}
    drill.wishes = {"allow_special": False}
    known = drill.run()

    assert known.chain == ((10, MX1), (20, MX2))
    assert known.unusable == ((MX1, why),)
    assert not known.is_primary(MX2)
    assert [route.via for route in known.routes] == [MX2]


def test_a_chain_that_cannot_be_looked_up_is_not_said_to_be_none() -> None:
    drill = _drill()
    drill.names = {"MX": AnswerStatus.SERVFAIL}

    with pytest.raises(CouldNotLook, match="could not be looked up"):
        drill.run()


def test_where_nobody_looks_any_more_nothing_is_lost() -> None:
    drill = _drill(mx1=Host())
    drill.wishes = {"only": (MX1,)}
    drill.looks = lambda _at: ()
    sent = replace(drill.run(), deadline=BEGAN + 400)
    later = _drill()
    later.looks = None

    known = later.run(sent)

    assert known.watched_until == sent.watched_until
    assert [one.box for one in known.blind] == [Box.MAILBOX]
    assert state_of(known.routes[0], known) is State.UNSEEN


def test_a_report_of_a_delay_ends_no_watch() -> None:
    drill = _drill(mx1=Host(), mx2=Host())
    drill.wishes = {"watch": 1700.0}

    def looks(at: float) -> tuple[Found | Bounce, ...]:
        tokens = list(drill.arrivals)
        if len(tokens) < 2 or at < 10:
            return ()
        late = Bounce(recipient="", action="delayed", status="4.4.1", reporter=MX2, token=tokens[1])
        return (found(tokens[0]), late, *((found(tokens[1], BEGAN + 1500),) if at >= 1500 else ()))

    drill.looks = looks

    assert _states(drill.run()) == {MX1: State.ARRIVED, MX2: State.ARRIVED}


@pytest.mark.parametrize(("second", "copies"), [("from mx2 by mx1", 1), ("from other by mx1", 2)])
def test_a_message_is_a_second_copy_where_it_came_another_way(second: str, copies: int) -> None:
    drill = _drill(mx1=Host())
    drill.wishes = {"only": (MX1,)}

    def looks(at: float) -> tuple[Found, ...]:
        (token,) = drill.arrivals
        return (found(token, way="from mx2 by mx1"),) if at < 8 else (found(token, BEGAN + at, second),)

    drill.looks = looks

    assert len(drill.run().routes[0].copies) == copies


@pytest.mark.parametrize(("dot", "answer"), [("351 go on", Answer.UNKNOWN), ("451 no", Answer.LATER)])
def test_a_reply_to_the_final_dot_that_says_nothing_leaves_it_open(dot: str, answer: Answer) -> None:
    drill = _drill(mx1=Host(dot=(dot,)))
    drill.wishes = {"only": (MX1,), "again": None}
    drill.looks = lambda _at: ()
    known = drill.run()

    assert known.routes[0].handovers[-1].answer is answer


def test_what_never_left_has_not_arrived_whoever_says_so() -> None:
    drill = _drill(mx1=Host(rcpt=("550 5.1.1 no",)), mx2=Host())
    drill.looks = lambda at: tuple(found(route.token) for route in drill.kept[-1].routes)

    assert _states(drill.run()) == {MX1: State.REFUSED, MX2: State.ARRIVED}
