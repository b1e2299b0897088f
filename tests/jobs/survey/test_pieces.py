"""Pieces of a survey's work: how errands are parted among workers."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxprobe.facts.session import Endpoint
from mxprobe.facts.survey import Asked, Errand
from mxprobe.jobs.survey import pieces
from mxprobe.jobs.survey.pieces import parted


def errand(number: int, asks: int = 0, operator: str = "", address: str = "") -> Errand:
    """An errand of an operator and at an address of its own, where none is given."""
    return Errand(
        key=f"{number}",
        endpoint=Endpoint(host=f"mx{number}.test", address=address or f"192.0.2.{number}"),
        operator=operator or f"op{number}.test",
        asks=tuple(Asked(number=one, recipients=(f"r@d{one}.test",)) for one in range(asks)),
    )


def names_of(one: Errand) -> Iterable[str]:
    """What one worker has to itself."""
    return (one.operator, one.endpoint.address)


def keys_of(errands: list[Errand]) -> list[list[str]]:
    """The parts, by the keys of errands."""
    return [[one.key for one in part] for part in parted(errands, names_of)]


@pytest.fixture(autouse=True, scope="module")
def few() -> Iterable[None]:
    """Ten entries are many here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pieces, "MOST_ASKED", 10)
        yield


def test_errands_that_ask_about_nobody_are_in_one_part() -> None:
    assert keys_of([errand(number) for number in range(100)]) == [[str(number) for number in range(100)]]


def test_large_hosts_are_in_different_parts() -> None:
    assert keys_of([errand(1, 8), errand(2, 2), errand(3, 8), errand(4, 30), errand(5)]) == [
        ["1", "2"],
        ["3"],
        ["4"],
        ["5"],
    ]


def test_what_has_an_operator_or_an_address_in_common_is_in_one_part() -> None:
    shared = [errand(1, 9, "a.test"), errand(2, 9), errand(3, 9, "a.test", "192.0.2.4"), errand(4, 9), errand(5, 9)]

    assert sorted(map(sorted, keys_of(shared))) == [["1", "3", "4"], ["2"], ["5"]]


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 5), st.integers(0, 5)), max_size=20))
def test_parts_are_all_of_it_and_share_no_name(drawn: list[tuple[int, int, int]]) -> None:
    errands = [
        errand(number, asks, f"op{operator}.test", f"198.51.100.{address}")
        for number, (asks, operator, address) in enumerate(drawn)
    ]
    parts = list(parted(errands, names_of))

    assert sorted(one.key for part in parts for one in part) == sorted(one.key for one in errands)
    named = [{name for one in part for name in names_of(one)} for part in parts]
    assert sum(map(len, named)) == len(set().union(*named))
    for part in parts:
        asked = sum(len(one.asks) for one in part)
        assert part
        assert asked <= 10 or len(keys_of(part)) == 1
