"""The watch of a proof: a box that cannot be looked at does not end it, and what nobody could see is said to be so."""

import asyncio
from collections.abc import Callable
from typing import NoReturn

import pytest
from msgspec.structs import replace

from mxprobe.errors import CouldNotLook, MxprobeError
from mxprobe.facts.dns import Question
from mxprobe.facts.dsn import Bounce
from mxprobe.facts.finding import Status
from mxprobe.facts.proof import TOKEN_HEADER, Blind, Box, Found, Proof
from mxprobe.facts.session import Endpoint
from mxprobe.jobs.prove import judge
from mxprobe.lab.clock import play_in_fresh_loop
from mxprobe.mx.labelled import Author
from mxprobe.mx.proving import Grade, State, grade_of, state_of
from mxprobe.probe.planning import Wanted
from mxprobe.probe.prove import Means, prove
from mxprobe.wire.imapline import MailboxRefused
from mxprobe.wire.resolver import Resolver
from mxprobe.wire.tls import permissive_context
from tests.support.proofs import BEGAN, MX1, MX2, copy, proof, route, taken

SENT = proof(route(MX1, taken(MX1), copies=(copy(1),)), route(MX2, taken(MX2)), watched_until=BEGAN)
HERE = Found(f"{TOKEN_HEADER}: t20\r\n\r\n".encode(), "INBOX", BEGAN + 40)
AWAY = CouldNotLook("IMAP imap.example.test:993: no answer within 30 s")
SHUT = MailboxRefused("IMAP imap.example.test: the server does not let alice in with this password")
Moment = Callable[[float], tuple[Found | Bounce, ...]]


def _nothing(_at: float) -> tuple[Found | Bounce, ...]:
    return ()


async def _nobody(question: Question, server: str, deadline: float) -> NoReturn:
    raise AssertionError("nobody is asked")


async def _no_host(endpoint: Endpoint) -> NoReturn:
    raise AssertionError("nothing is sent")


async def _refused(endpoint: Endpoint) -> NoReturn:
    assert endpoint.host != MX2, "nothing is sent"
    raise ConnectionRefusedError  # whether the primary is up is asked in the end


def _watch(known: Proof, mailbox: Moment, returns: Moment = _nothing, watch: float = 300.0) -> tuple[Proof, list[str]]:
    """The proof after the watch, in a time that jumps; what each box gives depends on the seconds since the start."""
    told: list[str] = []

    async def run() -> Proof:
        clock = asyncio.get_running_loop().time
        began = clock()

        def looking(moment: Moment) -> Callable[[], object]:
            async def look() -> tuple[Found | Bounce, ...]:
                return moment(clock() - began)

            return look

        means = Means(
            resolver=Resolver(_nobody, ()),  # type: ignore[arg-type]  # it is never asked
            connect=_refused,
            anchors=b"",
            tls=permissive_context(),
            wall=lambda: BEGAN + clock() - began,
            mailbox=looking(mailbox),  # type: ignore[arg-type]
            returns=looking(returns),  # type: ignore[arg-type]
        )
        wanted = Wanted(author=Author(mail_from="", helo="probe.test"), watch=watch)
        return await prove(known, wanted, means, lambda _: None, told.append)

    return play_in_fresh_loop(run), told


def _away(first: float, last: float, then: tuple[Found | Bounce, ...] = (), why: MxprobeError = AWAY) -> Moment:
    """Fails between these seconds, and gives `then` at the first look after."""
    given: list[Found | Bounce] = list(then)

    def moment(at: float) -> tuple[Found | Bounce, ...]:
        if first <= at < last:
            raise why
        found = tuple(given) if at >= last else ()
        del given[: len(found)]
        return found

    return moment


@pytest.mark.parametrize("why", [AWAY, SHUT], ids=["away", "shut"])
def test_a_mailbox_that_comes_back_costs_the_proof_nothing(why: MxprobeError) -> None:
    known, told = _watch(SENT, _away(20, 60, (HERE,), why))

    assert [state_of(one, known) for one in known.routes] == [State.ARRIVED, State.ARRIVED]
    assert known.blind == (Blind(box=Box.MAILBOX, since=BEGAN + 20, until=BEGAN + 60, reason=str(why)),)
    assert [line.partition(":")[0] for line in told] == [
        "the mailbox cannot be looked at; it is tried again",
        "the mailbox can be looked at again",
    ]
    assert known.complete


def test_what_nobody_could_look_for_is_not_said_to_be_missing() -> None:
    known, told = _watch(SENT, _away(20, 1e9), watch=3600.0)
    judged = {one.code: one for one in judge(known).judgements}

    assert known.watched_until == BEGAN + 3600
    assert (state_of(known.routes[1], known), grade_of(known.routes[1], known)) == (State.UNSEEN, Grade.OPEN)
    assert len(told) == 1
    for code in ("MX813", "MX817", "MX818"):
        assert judged[code].status is Status.INCONCLUSIVE, code
        assert judged[code].reason == f"the mailbox could not be looked at: {AWAY}"


def test_nothing_is_lost_past_its_deadline_while_a_box_is_shut() -> None:
    short = replace(SENT, deadline=BEGAN + 100)

    seen, _ = _watch(short, _nothing)
    no_mailbox, _ = _watch(short, _away(20, 1e9))
    no_returns, _ = _watch(short, _nothing, _away(20, 1e9))

    assert [state_of(one.routes[1], one) for one in (seen, no_mailbox, no_returns)] == [
        State.LOST,
        State.UNSEEN,
        State.UNSEEN,
    ]
    assert [one.box for one in no_returns.blind] == [Box.RETURNS]


def test_before_the_deadline_returns_that_are_shut_say_nothing_of_copies() -> None:
    known, _ = _watch(SENT, _nothing, _away(20, 1e9))

    assert state_of(known.routes[1], known) is State.WAITING


def test_a_bounce_is_still_found_while_the_other_box_is_shut() -> None:
    bounce = Bounce(recipient="", action="failed", status="5.1.1", reporter=MX2, token="t20")
    known, _ = _watch(SENT, _away(0, 1e9), _away(0, 0, (bounce,)))

    assert state_of(known.routes[1], known) is State.BOUNCED


def test_a_mailbox_that_lets_nobody_in_ends_a_resumed_proof_at_its_first_look() -> None:
    with pytest.raises(MailboxRefused, match="does not let alice in"):
        _watch(SENT, _away(0, 1e9, why=SHUT))


def test_a_mailbox_that_is_away_at_the_first_look_of_a_resumed_proof_is_waited_for() -> None:
    known, _ = _watch(SENT, _away(0, 30, (HERE,)))

    assert state_of(known.routes[1], known) is State.ARRIVED
    assert known.blind[0].since == BEGAN
    assert known.blind[0].until == BEGAN + 30


def test_a_time_of_blindness_ends_when_a_resumed_proof_can_look() -> None:
    blind = Blind(box=Box.MAILBOX, since=BEGAN - 60, reason="away")
    known, _ = _watch(replace(SENT, blind=(blind,)), _away(0, 0, (HERE,)))

    assert known.blind == (replace(blind, until=BEGAN),)


def test_a_journal_that_cannot_be_written_is_said_as_such() -> None:
    def keep(_: Proof) -> None:
        raise MxprobeError("the proof cannot be kept there")

    async def run() -> Proof:
        means = Means(
            resolver=Resolver(_nobody, ()),  # type: ignore[arg-type]
            connect=_no_host,
            anchors=b"",
            tls=permissive_context(),
            wall=lambda: BEGAN,
        )
        return await prove(SENT, Wanted(author=Author(mail_from="", helo="probe.test")), means, keep)

    with pytest.raises(MxprobeError, match="cannot be kept"):
        play_in_fresh_loop(run)
