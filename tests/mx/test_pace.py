"""An operator that limits us is visited half as fast at once, and faster again little by little."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from mxprobe.facts.session import Endpoint, Failure, FailureKind, Session, Side, Turn
from mxprobe.facts.smtp import Phase, Reply
from mxprobe.facts.snapshot import Vantage
from mxprobe.facts.survey import Depth, Manner, Pace
from mxprobe.mx.pace import (
    LONGEST_REST,
    LONGEST_SPACING,
    STEP,
    Bounds,
    Known,
    Seen,
    Sign,
    bounds_for_address,
    bounds_for_operator,
    first_pace,
    is_slower,
    next_pace,
    read_session,
    within,
)

BOUNDS = Bounds(at_once=8, spacing=0.1)
BOUND = st.builds(Bounds, at_once=st.integers(1, 1000), spacing=st.floats(0, 30))
SEEN = st.tuples(st.sampled_from(Sign), st.integers(1, 1000), st.none() | st.floats(0, 99999), st.floats(0, 2000))


def _limited(at: float, **changes: Any) -> Seen:
    return Seen(sign=Sign.LIMITED, began_at=at, **{"open": 8, **changes})


def _fine(at: float) -> Seen:
    return Seen(sign=Sign.FINE, began_at=at)


@given(BOUND, st.lists(SEEN, max_size=60))
def test_a_pace_is_never_faster_than_its_bounds_and_never_nothing(bounds: Bounds, story: list[Any]) -> None:
    pace, now = first_pace("big.test", bounds), 1000.0
    for sign, count, wait, passed in story:
        seen = Seen(sign=sign, began_at=now, open=count, wait=wait)
        pace = next_pace(pace, seen, bounds, now)
        assert 1 <= pace.at_once <= bounds.at_once
        assert bounds.spacing <= pace.spacing <= max(LONGEST_SPACING, bounds.spacing)
        assert pace.rests_until <= now + LONGEST_REST
        now += passed


@given(BOUND, st.lists(st.tuples(st.integers(1, 1000), st.none() | st.floats(0, 99999)), min_size=1, max_size=30))
def test_each_limit_makes_it_slower_and_never_faster(bounds: Bounds, story: list[Any]) -> None:
    pace, now = first_pace("big.test", bounds), 1000.0
    for count, wait in story:
        before, now = pace, max(now, pace.rests_until)
        pace = next_pace(pace, Seen(sign=Sign.LIMITED, began_at=now, open=count, wait=wait), bounds, now)
        assert pace.at_once <= max(1, before.at_once // 2)
        assert pace.spacing > before.spacing or pace.spacing >= LONGEST_SPACING
        assert pace.rests_until > before.rests_until
        assert pace.throttled == before.throttled + 1


@given(BOUND, st.integers(1, 12))
def test_it_recovers_when_sessions_go_well(bounds: Bounds, times: int) -> None:
    pace, now = first_pace("big.test", bounds), 1000.0
    for _ in range(times):
        now = max(now, pace.rests_until)
        pace = next_pace(pace, _limited(now), bounds, now)
    slowest, now = pace, pace.rests_until
    sessions = 0
    while is_slower(pace, bounds):
        pace = next_pace(pace, _fine(now), bounds, now)
        sessions += 1
        assert sessions < 20_000
    assert sessions >= STEP
    assert (pace.at_once, pace.spacing) == (bounds.at_once, bounds.spacing)
    assert pace.throttled == slowest.throttled == times


def test_fewer_at_once_than_were_open_not_than_might_have_been() -> None:
    pace = next_pace(first_pace("big.test", Bounds(at_once=1000, spacing=0)), _limited(5, open=6), BOUNDS, 9)

    assert (pace.at_once, pace.spacing, pace.rests_until) == (3, 0.2, 39)


def test_sessions_of_one_burst_count_once() -> None:
    once = next_pace(first_pace("big.test", BOUNDS), _limited(5), BOUNDS, 10)
    twice = next_pace(once, _limited(6), BOUNDS, 11)
    told = next_pace(once, _limited(6, wait=100), BOUNDS, 11)
    fine = next_pace(once, _fine(6), BOUNDS, 12)

    assert twice == fine == once
    assert told == replace(once, rests_until=112)


def test_rests_in_a_row_double_up_to_a_quarter_of_an_hour() -> None:
    pace, now, rests = first_pace("big.test", BOUNDS), 0.0, []
    for _ in range(7):
        pace = next_pace(pace, _limited(now), BOUNDS, now)
        rests.append(pace.rests_until - now)
        now = pace.rests_until
    assert rests == [30, 60, 120, 240, 480, 900, 900]

    pace = next_pace(pace, _fine(now), BOUNDS, now)
    pace = next_pace(pace, _limited(now), BOUNDS, now)
    assert pace.rests_until - now == 30


def test_the_wait_that_is_asked_for_is_kept_and_more_where_that_did_not_help() -> None:
    first = next_pace(first_pace("big.test", BOUNDS), _limited(0, wait=60), BOUNDS, 0)
    short = next_pace(first_pace("big.test", BOUNDS), _limited(0, wait=5), BOUNDS, 0)
    again = next_pace(short, _limited(6, wait=5), BOUNDS, 6)

    assert first.rests_until == 61
    assert short.rests_until == 6
    assert again.rests_until == 36


def test_a_step_faster_comes_after_ten_sessions_that_went_well() -> None:
    pace = Pace(operator="big.test", at_once=2, spacing=0.4, throttled=2, in_a_row=1)
    for _ in range(STEP - 1):
        pace = next_pace(pace, _fine(0), BOUNDS, 0)
    assert (pace.at_once, pace.spacing, pace.in_a_row) == (2, 0.4, 0)
    pace = next_pace(pace, _fine(0), BOUNDS, 0)
    assert (pace.at_once, round(pace.spacing, 6), pace.fine) == (3, 0.3, 0)


def test_what_tells_nothing_changes_nothing() -> None:
    pace = Pace(operator="big.test", at_once=2, spacing=0.4, throttled=2, fine=3)

    assert next_pace(pace, Seen(sign=Sign.NOTHING, began_at=0), BOUNDS, 0) == pace


def test_bounds_come_from_the_manner_and_a_pace_from_elsewhere_keeps_within_them() -> None:
    manner = Manner(depth=Depth.TLS, vantage=Vantage(helo="probe.test"))

    assert bounds_for_operator(manner) == BOUNDS
    assert bounds_for_operator(replace(manner, per_operator=0)).at_once == manner.sessions_at_once
    assert bounds_for_address(manner).at_once == 1
    assert bounds_for_address(replace(manner, per_operator=0)).at_once == 1
    assert bounds_for_address(replace(manner, per_operator=0, merged=False)).at_once == manner.sessions_at_once
    wild = Pace(operator="big.test", at_once=100, spacing=0.0, rests_until=7)
    assert within(wild, BOUNDS) == replace(wild, at_once=8, spacing=0.1)
    assert within(replace(wild, at_once=0), BOUNDS).at_once == 1


def _session(*replies: tuple[Phase, str], failure: Failure | None = None) -> Session:
    turns = tuple(
        Turn(phase=phase, started=0, ended=0, reply=Reply(raw=b"", code=int(text[:3]), lines=(text[4:],)))
        for phase, text in replies
    )
    endpoint = Endpoint(host="mx.big.test", address="192.0.2.1")
    return Session(endpoint=endpoint, side=Side.CLIENT, started_at=0, turns=turns, failure=failure)


def test_a_session_shows_a_limit_that_it_speaks_of_or_that_only_our_coming_often_explains() -> None:
    new, met = Known(), Known(operator=True, address=True, open=4)
    served = _session((Phase.BANNER, "220 hi"), (Phase.EHLO, "250 hi"))
    limited = _session((Phase.BANNER, "421 4.7.0 too many connections, come back in 3 minutes"))
    away = _session((Phase.BANNER, "421 not now"))
    reset = _session(failure=Failure(kind=FailureKind.RESET, phase=Phase.BANNER))
    dead = _session(failure=Failure(kind=FailureKind.TIMEOUT, phase=Phase.CONNECT))

    assert read_session(served, 3, new) == Seen(sign=Sign.FINE, began_at=3)
    assert read_session(limited, 3, met) == Seen(sign=Sign.LIMITED, began_at=3, open=4, wait=180)
    assert read_session(away, 3, new).sign is Sign.NOTHING
    assert read_session(away, 3, met).sign is Sign.LIMITED
    assert read_session(reset, 3, Known(operator=True)).sign is Sign.NOTHING
    assert read_session(reset, 3, met).sign is Sign.LIMITED
    assert read_session(dead, 3, met).sign is Sign.NOTHING
