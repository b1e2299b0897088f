"""Whatever operators do, the agenda comes to its end: politely, and with nobody waiting who could be visited."""

from heapq import heappop, heappush
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from mxprobe.facts.session import Endpoint, Session, Side, Turn
from mxprobe.facts.smtp import Phase, Reply
from mxprobe.facts.survey import Errand, Manner, Pace
from mxprobe.probe.agenda import PATIENCE, Agenda, Begun
from tests.support.sinks import manner

OPERATORS, ADDRESSES, MOST = 4, 5, 60


def _errand(number: int, operator: int, address: int, rank: int) -> Errand:
    endpoint = Endpoint(host=f"mx{number}.op{operator}.test", address=f"192.0.2.{address}")
    return Errand(key=endpoint.id, endpoint=endpoint, operator=f"op{operator}.test", rank=rank)


ERRANDS = st.lists(
    st.tuples(st.integers(0, OPERATORS - 1), st.integers(0, ADDRESSES - 1), st.integers(0, 2)), max_size=MOST
).map(lambda drawn: [_errand(number, *one) for number, one in enumerate(drawn)])


def _session(text: str, at: float) -> Session:
    reply = Reply(raw=b"", code=int(text[:3]), lines=(text[4:],))
    turn = Turn(phase=Phase.BANNER, started=0, ended=0, reply=reply)
    return Session(
        endpoint=Endpoint(host="x.test", address="192.0.2.1"), side=Side.CLIENT, started_at=at, turns=(turn,)
    )


FINE, LIMITED = "220 hi", "421 4.7.0 too many connections"


class _Play:
    """The agenda acted out, every session an outcome and a length drawn by Hypothesis."""

    def __init__(self, errands: list[Errand], how: Manner, draw: Any) -> None:
        self.how, self.draw, self.now = how, draw, 1000.0
        self.agenda = Agenda(errands, (), how, self.now)
        self.ends: list[tuple[float, int, Begun]] = []
        self.open: list[Begun] = []
        self.begun = 0
        self.starts: dict[str, float] = {}
        self.done: list[str] = []
        self.tries: dict[str, int] = {}

    def go(self) -> None:
        for _ in range(20 * MOST):
            self._begin_all()
            for put_off in self.agenda.give_back(self.now):
                assert put_off.due > self.now + PATIENCE
                self.done.append(put_off.errand.key)
            if not self.open and not self.agenda.left:
                return
            self._pass_time()
        raise AssertionError("it does not come to an end")

    def _begin_all(self) -> None:
        while (begun := self.agenda.begin_next(self.now)) is not None:
            operator, address = begun.errand.operator, begun.errand.endpoint.address
            same = [one for one in self.open if one.errand.operator == operator]
            assert len(same) < self.how.per_operator
            assert address not in [one.errand.endpoint.address for one in self.open]
            assert self.now - self.starts.get(operator, 0.0) >= self.how.spacing
            self.starts[operator] = self.now
            self.open.append(begun)
            length = self.draw(st.floats(0.01, 3))
            self.begun += 1
            heappush(self.ends, (self.now + length, self.begun, begun))

    def _pass_time(self) -> None:
        wakes = self.agenda.wakes_at()
        if self.open and self.ends[0][0] <= wakes:
            self.now, _, begun = heappop(self.ends)
            self.open.remove(begun)
            self._end(begun)
            return
        assert self.open or wakes <= self.now + PATIENCE
        assert wakes > self.now
        self.now = wakes

    def _end(self, begun: Begun) -> None:
        key = begun.errand.key
        self.tries[key] = self.tries.get(key, 0) + 1
        said = self.draw(st.sampled_from([FINE, FINE, LIMITED]))
        learnt = self.agenda.end(begun, _session(said, begun.began_at), self.now)
        assert learnt.limited is (said == LIMITED)
        if learnt.limited and self.tries[key] < 3:
            self.agenda.put_back(begun, begun.errand, self.now + self.draw(st.floats(0, 30)))
        else:
            self.done.append(key)


@given(ERRANDS, st.integers(1, 3), st.sampled_from([0.0, 0.1, 2.0, 8.0]), st.data())
def test_every_errand_is_done_or_given_back_and_no_limit_is_broken(
    errands: list[Errand], per_operator: int, spacing: float, data: st.DataObject
) -> None:
    play = _Play(errands, manner(per_operator=per_operator, spacing=spacing), data.draw)

    play.go()

    assert sorted(play.done) == sorted(one.key for one in errands)


def test_an_operator_that_rests_leaves_the_addresses_it_shares_to_others() -> None:
    how = manner(per_operator=1, spacing=0.0)
    slow = [_errand(0, 0, 0, 0), _errand(1, 0, 1, 0)]
    quick = _errand(2, 1, 1, 1)
    agenda = Agenda([*slow, quick], (), how, 0.0)
    first = agenda.begin_next(0.0)
    second = agenda.begin_next(0.0)
    assert first is not None
    assert second is not None
    assert second.errand is quick
    agenda.put_back(second, replace(quick, rank=2), 0.5)
    agenda.end(second, _session(FINE, 0), 0.4)

    assert agenda.end(first, _session(LIMITED, 0), 0.45).slowed is not None

    again = agenda.begin_next(0.5)
    assert again is not None
    assert again.errand.operator == quick.operator


def test_the_pace_of_a_slow_operator_says_when_its_next_session_may_start() -> None:
    """Whoever goes on with it, in another task, starts no earlier."""
    slow = Pace(operator="op0.test", at_once=1, spacing=40.0, throttled=1)
    agenda = Agenda([_errand(0, 0, 0, 0)], (slow,), manner(), 1000.0)
    begun = agenda.begin_next(1000.0)
    assert begun is not None
    agenda.end(begun, _session(FINE, 1000.0), 1001.0)

    assert [pace.rests_until for pace in agenda.paces()] == [1040.0]


def test_a_session_that_ends_twice_is_counted_once() -> None:
    agenda = Agenda([_errand(0, 0, 0, 0)], (), manner(), 0.0)
    begun = agenda.begin_next(0.0)
    assert begun is not None

    agenda.end(begun, _session(LIMITED, 0), 1.0)
    agenda.end(begun, _session(LIMITED, 0), 2.0)

    (pace,) = agenda.paces()
    assert pace.throttled == 1
