"""What follows from a fact is worked out once for it, and never told of another."""

from mxprobe.facts.snapshot import Snapshot, Vantage
from mxprobe.mx.once import known_chain, once


def _look(domain: str) -> Snapshot:
    vantage = Vantage(helo="probe.test")
    return Snapshot(domain=domain, asked=domain, version="1", started_at=0.0, elapsed=0.0, vantage=vantage)


def test_a_value_is_worked_out_once_for_a_fact() -> None:
    asked = []

    @once
    def domain_of(snapshot: Snapshot) -> str:
        asked.append(snapshot)
        return snapshot.domain

    look = _look("a.test")
    assert [domain_of(look) for _ in range(3)] == ["a.test"] * 3
    assert len(asked) == 1


def test_an_equal_fact_that_is_another_object_is_worked_out_anew_and_many_do_not_mix_up() -> None:
    @once
    def domain_of(snapshot: Snapshot) -> str:
        return snapshot.domain

    looks = [_look(f"d{number}.test") for number in range(20)]
    for _ in range(2):
        assert [domain_of(look) for look in looks] == [look.domain for look in looks]


def test_facts_that_come_and_go_at_one_place_in_memory_are_told_apart() -> None:
    for number in range(200):
        assert known_chain(_look(f"d{number}.test")).domain == f"d{number}.test"


def test_a_fact_that_is_asked_about_again_behind_others_has_its_own_value() -> None:
    asked = []

    @once
    def domain_of(snapshot: Snapshot) -> str:
        asked.append(snapshot)
        return snapshot.domain

    first, second = _look("a.test"), _look("b.test")
    assert [domain_of(look) for look in (first, first, second, first, second)] == ["a.test"] * 2 + [
        "b.test",
        "a.test",
        "b.test",
    ]
    assert asked == [first, second]
