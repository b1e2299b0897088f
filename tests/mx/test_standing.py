"""What a visited address is worth: down, up, or unknown, and never the one for the other."""

from mxprobe.facts.session import Endpoint, Failure, FailureKind, Session, Side, Turn
from mxprobe.facts.smtp import Phase, Reply
from mxprobe.facts.snapshot import Control, Snapshot, Vantage, Visit
from mxprobe.mx.standing import Standing, cell_of, judge_visit

HOST = Endpoint(host="mx1.example.test", address="192.0.2.1")


def _turn(phase: Phase, code: int | None = None, text: str = "", failure: FailureKind | None = None) -> Turn:
    return Turn(
        phase=phase,
        started=0.0,
        ended=0.0,
        reply=None if code is None else Reply(raw=b"", code=code, lines=(text,)),
        failure=None if failure is None else Failure(kind=failure, phase=phase),
    )


def _session(*turns: Turn, endpoint: Endpoint = HOST) -> Session:
    failure = next((turn.failure for turn in turns if turn.failure), None)
    return Session(endpoint=endpoint, side=Side.CLIENT, started_at=0.0, turns=turns, failure=failure)


def _judge(*turns: Turn, controls: tuple[Session, ...] = ()) -> tuple[Standing, str | None]:
    visit = Visit(endpoint=HOST, preference=10, sessions=(_session(*turns),))
    snapshot = Snapshot(
        domain="example.test",
        asked="example.test",
        version="0",
        started_at=0.0,
        elapsed=0.0,
        vantage=Vantage(helo="probe.example.test"),
        visits=(visit,),
        controls=tuple(Control(endpoint=session.endpoint, session=session) for session in controls),
    )
    return judge_visit(visit, snapshot), cell_of(visit, snapshot)


CONNECTED = _turn(Phase.CONNECT)
DEAD = (_turn(Phase.CONNECT, failure=FailureKind.TIMEOUT),)


def test_a_host_that_greets_answers() -> None:
    greeted = (CONNECTED, _turn(Phase.BANNER, 220, "mx1"), _turn(Phase.EHLO, 250, "mx1"))

    assert _judge(*greeted) == (Standing.ANSWERS, "Z1")


def test_ways_of_being_down_are_told_apart() -> None:
    assert _judge(_turn(Phase.CONNECT, failure=FailureKind.REFUSED)) == (Standing.REFUSES_CONNECTIONS, "C1")
    assert _judge(*DEAD) == (Standing.DOES_NOT_ANSWER, "C2")
    assert _judge(CONNECTED, _turn(Phase.BANNER, failure=FailureKind.TIMEOUT)) == (Standing.SILENT, "B5")
    assert _judge(CONNECTED, _turn(Phase.BANNER, failure=FailureKind.CLOSED)) == (Standing.HANGS_UP, "B6")
    assert _judge(CONNECTED, _turn(Phase.BANNER, 421, "Too busy")) == (Standing.GREETS_LATER, "B2")
    assert _judge(CONNECTED, _turn(Phase.BANNER, 554, "No service")) == (Standing.GREETS_NO, "B3")


def test_half_a_greeting_and_the_end_is_no_answer() -> None:
    half = _turn(Phase.BANNER, 220, "hel", failure=FailureKind.CLOSED)

    assert _judge(CONNECTED, half) == (Standing.HANGS_UP, "B6")


def test_a_refusal_about_our_own_address_is_no_fact_about_the_host() -> None:
    listed = _turn(Phase.BANNER, 554, "5.7.1 203.0.113.9 is on dnsbl.example")

    assert _judge(CONNECTED, listed) == (Standing.REFUSES_PROBE, None)


def test_a_limit_is_told_from_a_host_that_is_merely_down() -> None:
    limited = _turn(Phase.BANNER, 421, "4.7.0 rate-limited, too many connections")
    corporate = _turn(Phase.BANNER, 421, "4.3.2 the corporate gateway is down")

    assert _judge(CONNECTED, limited) == (Standing.THROTTLED, None)
    assert _judge(CONNECTED, corporate) == (Standing.GREETS_LATER, "B2")


def test_an_unknown_mailbox_under_a_policy_code_is_an_answer() -> None:
    unknown = _turn(Phase.RCPT, 550, "5.7.1 no such user here")

    assert _judge(CONNECTED, _turn(Phase.BANNER, 220, "mx1"), unknown) == (Standing.ANSWERS, "R4")


def test_a_blocked_network_blames_nobody_and_needs_two_controls() -> None:
    control = _session(*DEAD, endpoint=Endpoint(host="control.example.test", address="192.0.2.99"))

    assert _judge(*DEAD, controls=(control,)) == (Standing.DOES_NOT_ANSWER, "C2")
    assert _judge(*DEAD, controls=(control, control)) == (Standing.BLOCKED_HERE, None)


def test_no_ipv6_here_blames_nobody() -> None:
    assert _judge(_turn(Phase.CONNECT, failure=FailureKind.NO_FAMILY))[1] is None
