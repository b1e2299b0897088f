"""Errands are made politely: an operator that limits us is visited slower, alone, and everybody else at full speed."""

import asyncio
from contextlib import aclosing
from itertools import pairwise
from typing import Any

import pytest
from msgspec.structs import replace

from mxprobe.facts.session import FailureKind
from mxprobe.facts.smtp import Phase
from mxprobe.facts.snapshot import Vantage
from mxprobe.facts.survey import Asked, Depth, Errand, Pace, PutOff, Visited
from mxprobe.probe import errands as errands_module
from mxprobe.probe.errands import make_errands
from tests.support.sinks import LATENCY, Made, Rules, World, collect, errand, make, manner
from tests.wire.hosts import EPOCH, issue, mail_host, play, trusting, wall

BIG = "big.test"
ONE_VISIT = 8 * LATENCY  # connect, banner, EHLO, QUIT


def bigs(count: int, **changes: Any) -> list[Errand]:
    return [errand(BIG, number, operator=BIG, **changes) for number in range(count)]


def others(count: int) -> list[Errand]:
    return [errand(f"small{number}.test", 1000 + number) for number in range(count)]


def asking(count: int, *, start: int = 0, each: int = 1) -> tuple[Asked, ...]:
    return tuple(
        Asked(number=number, recipients=tuple(f"r{one}@domain{number}.test" for one in range(each)))
        for number in range(start, start + count)
    )


def make_until_done(wanted: list[Errand], **rules: Rules) -> tuple[Made, float]:
    """Errands that are put off are handed out again when they are due, with what was learnt; and how long it took."""
    made = Made(world=World())
    made.world.rules |= {name.replace("_", "."): one for name, one in rules.items()}
    for one in wanted:
        made.world.add(one.endpoint, one.operator)

    async def story() -> float:
        todo, paces = wanted, dict[str, Pace]()
        while todo:
            before = len(made.given)
            await collect(made, todo, manner(), paces.values())
            paces |= {one.operator: one for _, one in made.given[before:] if isinstance(one, Pace)}
            waiting = [one for _, one in made.given[before:] if isinstance(one, PutOff)]
            todo = [one.errand for one in waiting]
            if waiting:
                await asyncio.sleep(max(min(one.due for one in waiting) - wall(), 0))
        return asyncio.get_running_loop().time()

    return made, play(story())


# -- one operator limits us --------------------------------------------------------------------------------------------


def test_an_operator_that_limits_us_holds_nobody_else_up() -> None:
    rest = others(300)
    alone = make(rest, manner())
    beside = make([*bigs(120), *rest], manner(), big_test=Rules(a_minute=20))

    last = max(at for at, _ in alone.visits.values())
    assert max(beside.visits[one.key][0] for one in rest) == pytest.approx(last) == pytest.approx(ONE_VISIT)
    assert not any(one.throttled for _, one in beside.visits.values())
    assert {pace.operator for pace in beside.paces} == {BIG}
    assert beside.given[-1][0] < 5
    assert len(beside.visits) + len(beside.put_off) == 420


def test_its_hosts_are_visited_in_the_end_at_a_pace_that_it_bears() -> None:
    big = bigs(100)
    rules = Rules(a_minute=20)
    made, took = make_until_done([*big, *others(50)], big_test=rules)

    assert all(made.visits[one.key][1].sessions[-1].failure is None for one in big)
    assert not any(one.throttled for _, one in made.visits.values())
    assert rules.turned_away <= 12
    assert took < 2 * 100 / 20 * 60
    limited = [one for _, one in made.visits.values() if len(one.sessions) > 1]
    assert sum(len(one.sessions) - 1 for one in limited) == rules.turned_away
    assert all(one.sessions[0].banner is not None and one.sessions[0].banner.code == 421 for one in limited)


def test_nobody_comes_while_an_operator_rests() -> None:
    rules = Rules(a_minute=20)
    made, _ = make_until_done(bigs(60), big_test=rules)

    rests = [one for one in made.paces if one.in_a_row]
    assert rests
    for pace in rests:
        before = pace.rests_until - EPOCH
        assert not any(before - 29.5 < at < before - 0.01 for at in rules.starts)


def test_the_wait_that_a_host_asks_for_is_kept() -> None:
    rules = Rules(a_minute=3, limit=b"421 4.7.0 rate limit, try again in 90 seconds\r\n")
    made = make(bigs(6), manner(), big_test=rules)

    (first, *_) = made.paces
    assert first.rests_until - EPOCH == pytest.approx(91, abs=3)
    assert all(one.due == pytest.approx(EPOCH + 91, abs=3) for one in made.put_off)


def test_hosts_that_are_limited_at_every_attempt_are_said_to_be() -> None:
    rules = Rules(a_minute=0)
    made, took = make_until_done([*bigs(4), *others(3)], big_test=rules)

    throttled = {key for key, (_, one) in made.visits.items() if one.throttled}
    assert throttled == {one.key for one in bigs(4)}
    assert all(len(made.visits[key][1].sessions) == 3 for key in throttled)
    assert took > 60


def test_some_are_visited_and_some_are_limited_and_each_is_told_as_it_is() -> None:
    async def story() -> Made:
        made = Made(world=World())
        rules = made.world.rules[BIG] = Rules(a_minute=5)
        wanted = bigs(12)
        for one in wanted:
            made.world.add(one.endpoint, BIG)
        once = manner(vantage=Vantage(helo="probe.test", attempts=1), spacing=0.0)
        await collect(made, wanted, once)
        assert rules.turned_away == sum(one.throttled for _, one in made.visits.values()) > 0
        return made

    made = play(story())
    for _, one in made.visits.values():
        banner = one.sessions[-1].banner
        assert banner is not None
        assert one.throttled is (banner.code == 421)


def test_421_without_a_reason_counts_where_the_operator_had_served_us() -> None:
    one_host = make(others(1), manner(), small0_test=Rules(a_minute=0, limit=b"421 not now\r\n"))
    many = make(bigs(30), manner(), big_test=Rules(a_minute=20, limit=b"421 not now\r\n"))

    assert not one_host.paces
    assert many.paces


def test_the_pace_that_was_learnt_elsewhere_is_kept() -> None:
    learnt = Pace(operator=BIG, at_once=1, spacing=2.0, rests_until=EPOCH + 3, throttled=2)
    rules = Rules()
    made = make(bigs(5), manner(), [learnt], big_test=rules)

    assert rules.starts[0] == pytest.approx(3, abs=0.2)
    assert rules.starts[1] == pytest.approx(5, abs=0.2)
    assert len(made.visits) == 2
    assert [round(one.due - EPOCH) for one in made.put_off] == [7, 9, 11]


def test_greylisting_and_a_refusal_of_the_probe_slow_nobody_down() -> None:
    rules = Rules(a_minute=0, limit=b"554 5.7.1 you are listed at a DNSBL\r\n")
    made = make(bigs(20), manner(), big_test=rules)

    assert not made.paces
    assert len(made.visits) == 20
    assert not any(one.throttled for _, one in made.visits.values())


# -- limits of our own -------------------------------------------------------------------------------------------------


def test_an_operator_has_so_many_sessions_at_once_and_so_far_apart() -> None:
    rules = Rules()
    make(bigs(40), manner(per_operator=3, spacing=0.1), big_test=rules)

    assert rules.most == 3
    assert all(later - sooner > 0.0999 for sooner, later in pairwise(rules.starts))


def test_an_address_has_one_session_at_a_time_whoever_names_it() -> None:
    address = "198.18.0.9"
    shared = [errand(f"shop{number}.test", number, address=address) for number in range(30)]
    made = make([*shared, *others(5)], manner(spacing=0.0))

    assert made.world.most_at_address == 1
    assert len(made.visits) == 35


def test_an_address_that_limits_us_rests_whoever_names_it() -> None:
    address = "198.18.0.9"
    shared = [errand(f"shop{number}.test", number, address=address) for number in range(30)]
    rules: dict[str, Any] = {f"shop{number}_test": Rules(a_minute=10) for number in range(30)}
    made = make(shared, manner(spacing=0.0), **rules)

    assert sum(one.turned_away for one in made.world.rules.values()) == 1
    assert len(made.visits) == 10
    assert len(made.put_off) == 20
    assert all(one.due >= EPOCH + 30 for one in made.put_off)


def test_without_limits_for_operators_endpoints_that_are_not_merged_are_not_made_to_queue() -> None:
    same = [replace(errand(BIG, 1), key=f"mx#{number}") for number in range(10)]
    made = make(same, manner(per_operator=0, spacing=0.0, merged=False))

    assert made.world.most_at_address == 10
    assert len(made.visits) == 10


def test_no_more_sessions_are_open_than_the_manner_allows() -> None:
    made = make(others(50), manner(sessions_at_once=5))

    assert len(made.visits) == 50
    assert max(at for at, _ in made.visits.values()) == pytest.approx(10 * ONE_VISIT)


def test_better_ranks_are_visited_first() -> None:
    ranked = [replace(one, rank=number % 3) for number, one in enumerate(others(30))]
    made = make(ranked, manner(sessions_at_once=2))

    by_address = {one.endpoint.address: one.rank for one in ranked}
    ranks = [by_address[address] for address in made.world.dialled]
    assert ranks == sorted(ranks)


# -- attempts ----------------------------------------------------------------------------------------------------------


def test_an_address_that_fails_is_tried_again_where_others_are_still_visited() -> None:
    vantage = Vantage(helo="probe.test", timeout=30, attempts=3, spacing=2.0)
    made = make([errand("down.test", 1), errand("mute.test", 2)], manner(vantage=vantage), mute_test=Rules(silent=True))
    nobody = make([errand("down.test", 1)], manner(vantage=vantage), down_test=Rules(dead=True))

    assert len(made.visits["mx2.mute.test/198.18.0.2"][1].sessions) == 3
    assert len(nobody.visits["mx1.down.test/198.18.0.1"][1].sessions) == 3


def test_what_has_to_wait_long_is_put_off_when_nothing_else_is_left() -> None:
    made = make([errand("mute.test", 1)], manner(), mute_test=Rules(silent=True))

    (one,) = made.put_off
    assert one.due == pytest.approx(EPOCH + 60 + 20, abs=1)
    assert len(one.errand.sessions) == 1
    assert not made.visits

    again = make([replace(one.errand, sessions=one.errand.sessions * 2)], manner(), mute_test=Rules(silent=True))
    ((_, done),) = again.visits.values()
    assert len(done.sessions) == 3
    assert not done.throttled


@pytest.mark.parametrize(
    ("depth", "phases"),
    [
        (Depth.CONNECT, ["connect", "banner", "quit"]),
        (Depth.EHLO, ["connect", "banner", "ehlo", "quit"]),
        (Depth.TLS, ["connect", "banner", "ehlo", "quit"]),
    ],
)
def test_a_session_goes_as_far_as_the_depth(depth: Depth, phases: list[str]) -> None:
    made = make([errand("one.test", 1, asks=asking(2))], manner(depth=depth))

    ((_, one),) = made.visits.values()
    assert [turn.phase for turn in one.sessions[0].turns] == phases
    assert not any(told.turns for told in one.told)


@pytest.mark.parametrize("depth", [Depth.EHLO, Depth.TLS])
def test_starttls_is_asked_for_where_the_depth_reaches_it(depth: Depth) -> None:
    issued = issue()

    async def story() -> Made:
        made, one = Made(world=World()), errand("one.test", 1)
        made.world.network.listen(one.endpoint.address, 25, mail_host(issued.context))
        means = replace(made.world.means, tls=trusting(issued))
        async with aclosing(make_errands([one], (), manner(depth=depth), means)) as stream:
            made.given += [(0.0, given) async for given in stream]
        return made

    ((_, visited),) = play(story()).visits.values()
    (session,) = visited.sessions
    assert session.offers("STARTTLS")
    assert (session.last_turn(Phase.STARTTLS) is not None) is (session.tls is not None) is (depth is Depth.TLS)


# -- recipients --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pipelining", [True, False])
def test_three_hundred_domains_at_one_endpoint_are_asked_about_in_three_sessions(pipelining: bool) -> None:
    rules = Rules(pipelining=pipelining, refuses=frozenset({"r0@domain7.test"}))
    made = make([errand(BIG, 1, asks=asking(300))], manner(depth=Depth.RCPT, spacing=1.0), big_test=rules)

    ((_, one),) = made.visits.values()
    assert len(one.sessions) == 3
    assert rules.most == 1
    assert all(later - sooner > 0.99 for sooner, later in pairwise(rules.starts))
    assert set(rules.rcpts.values()) == {1}
    assert [told.number for told in one.told] == list(range(300))
    assert [told.session for told in one.told] == [0] * 100 + [1] * 100 + [2] * 100
    assert all([turn.phase for turn in told.turns] == ["mail", "rcpt", "rset"] for told in one.told)
    answers = [told.turns[1].reply.code for told in one.told if told.turns[1].reply is not None]
    assert answers == [550 if number == 7 else 250 for number in range(300)]
    assert all(turn.phase is not Phase.RCPT for session in one.sessions for turn in session.turns)


def test_who_was_not_asked_before_the_host_closed_is_asked_in_another_session() -> None:
    rules = Rules(pipelining=False, drops=10)
    made = make([errand(BIG, 1, asks=asking(25))], manner(depth=Depth.RCPT), big_test=rules)

    ((_, one),) = made.visits.values()
    assert [told.number for told in one.told] == list(range(25))
    assert set(rules.rcpts.values()) == {1}
    assert [told.session for told in one.told] == [0] * 11 + [1] * 11 + [2] * 3


def test_whoever_may_have_been_asked_in_one_piece_is_not_asked_again() -> None:
    rules = Rules(drops=10)
    made = make([errand(BIG, 1, asks=asking(25))], manner(depth=Depth.RCPT), big_test=rules)

    ((_, one),) = made.visits.values()
    assert len(one.sessions) == 1
    assert [bool(told.turns) for told in one.told] == [True] * 11 + [False] * 14
    failure = one.sessions[0].failure
    assert failure is not None
    assert (failure.kind, failure.detail) == (FailureKind.CLOSED, "421 4.3.2 closing")


def test_who_could_never_be_asked_is_told_so() -> None:
    rules = Rules(a_minute=0, limit=b"554 5.7.1 go away, you are on a block list\r\n")
    made = make([errand(BIG, 1, asks=asking(3))], manner(depth=Depth.RCPT), big_test=rules)

    ((_, one),) = made.visits.values()
    assert [(told.number, told.session, told.turns) for told in one.told] == [(n, 0, ()) for n in range(3)]
    assert not rules.rcpts


# -- ends --------------------------------------------------------------------------------------------------------------


def test_whoever_stops_taking_results_leaves_nothing_behind() -> None:
    async def story() -> None:
        world, wanted = World(), [*bigs(50), *others(50)]
        for one in wanted:
            world.add(one.endpoint, one.operator)
        async with aclosing(make_errands(wanted, (), manner(), world.means)) as stream:
            async for given in stream:
                assert isinstance(given, Visited)
                break
        assert asyncio.all_tasks() == {asyncio.current_task()}
        await asyncio.sleep(1)
        assert not world.network.open_ends

    play(story())


def test_a_cancelled_survey_drops_its_sessions() -> None:
    async def story() -> None:
        made = Made(world=World())
        made.world.rules["small7.test"] = Rules(silent=True)
        wanted = others(20)
        for one in wanted:
            made.world.add(one.endpoint, one.operator)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(10):
                await collect(made, wanted, manner())
        assert len(made.visits) == 19
        await asyncio.sleep(1)
        assert not made.world.network.open_ends
        assert asyncio.all_tasks() == {asyncio.current_task()}

    play(story())


def test_a_slow_taker_holds_sessions_back_instead_of_filling_memory() -> None:
    async def story() -> int:
        world, wanted, most = World(), others(500), 0
        for one in wanted:
            world.add(one.endpoint, one.operator)
        async with aclosing(make_errands(wanted, (), manner(sessions_at_once=10), world.means)) as stream:
            taken = 0
            async for _ in stream:
                taken += 1
                await asyncio.sleep(1)
                most = max(most, len(world.dialled) - taken)
        assert taken == 500
        return most

    assert play(story()) <= 10 + errands_module._HELD


def test_a_fault_of_ours_at_one_errand_stops_no_other(caplog: pytest.LogCaptureFixture) -> None:
    broken = errand("odd.test", 1, asks=(Asked(number=0, recipients=("two\nlines@odd.test",)),))
    made = make([broken, *others(10)], manner(depth=Depth.RCPT))

    assert len(made.visits) == 11
    ((session,), told) = made.visits[broken.key][1].sessions, made.visits[broken.key][1].told
    assert session.failure is not None
    assert session.failure.kind is FailureKind.LOCAL
    assert [one.turns for one in told] == [()]
    assert "could not be visited" in caplog.text


def test_nothing_to_do_is_done_at_once() -> None:
    assert make([], manner()).given == []
