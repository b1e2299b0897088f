"""When alarms keep quiet: windows as people write them, and every mistake with its line."""

import contextlib
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxprobe.errors import InputError
from mxprobe.facts.alarm import Window
from mxprobe.scenario.load_windows import AlarmConfig, load_windows
from mxprobe.scenario.small_file import MOST_OCTETS


def _load(text: str) -> AlarmConfig:
    return load_windows(text.encode(), "quiet.yaml", "example.test")


def _one(text: str) -> Window:
    (window,) = _load(f"maintenance:\n  - {text}\n").windows
    return window


def _at(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        (
            "{from: 2026-03-01T02:00Z, until: 2026-03-01T04:00Z, because: x}",
            ("2026-03-01T02:00Z", "2026-03-01T03:59Z"),
            ("2026-03-01T01:59Z", "2026-03-01T04:00Z", "2026-03-08T03:00Z"),
        ),
        ("{from: 2026-03-01, for: 1d, because: x}", ("2026-03-01T23:59Z",), ("2026-02-28T23:59Z", "2026-03-02T00:00Z")),
        (
            "{every: sunday 02:00, for: 2h, because: x}",
            ("2026-03-01T02:00Z", "2026-03-08T03:59Z", "2037-03-01T03:00Z"),
            ("2026-03-02T03:00Z", "2026-03-01T04:00Z", "2026-03-01T01:59Z"),
        ),
        (
            "{every: saturday 23:00, for: 2h, because: x}",  # over midnight
            ("2026-02-28T23:30Z", "2026-03-01T00:59Z"),
            ("2026-02-28T00:30Z", "2026-03-01T01:00Z"),
        ),
        ("{every: day 03:15, for: 20m, because: x}", ("2026-03-04T03:20Z",), ("2026-03-04T03:35Z",)),
    ],
)
def test_a_window_is_open_when_its_words_say_so(text: str, inside: tuple[str, ...], outside: tuple[str, ...]) -> None:
    window = _one(text)

    assert [moment for moment in inside if not window.is_open(_at(moment))] == []
    assert [moment for moment in outside if window.is_open(_at(moment))] == []


def test_hosts_belong_to_the_domain_and_changes_are_said() -> None:
    window = _one("{every: day 03:15, for: 20m, because: x, host: [mx1, mx.isp.example], changes: true}")

    assert (window.hosts, window.changes) == (("mx1.example.test", "mx.isp.example"), True)
    assert _load("cannot-look: 4h\n").cannot_look == 14400.0


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "quiet.yaml: the file is empty"),
        ("{}", "quiet.yaml:1:1: the file says nothing"),
        ("maintenence: []", "no key of the times of alarms is called `maintenence`"),
        ("maintenance: sunday", "`maintenance` has to be a list"),
        ("maintenance: [{from: 2026-03-01, for: 1h}]", "the window has no `because`"),
        ("maintenance: [{from: 2026-03-01, for: 1h, because: ''}]", "`because` is empty"),
        ("maintenance: [{for: 1h, because: x}]", "the window has no `from`"),
        ("maintenance: [{from: 2026-03-01, because: x}]", "the window has no `until`"),
        ("maintenance: [{from: 2026-03-02, until: 2026-03-01, because: x}]", "`until` is not after `from`"),
        (
            "maintenance: [{from: 2026-03-01, until: 2026-03-02, for: 1h, because: x}]",
            "an `until` or a `for`, not both",
        ),
        ("maintenance: [{from: 2026-02-30, for: 1h, because: x}]", "there is no such moment as `2026-02-30`"),
        ("maintenance: [{from: tomorrow, for: 1h, because: x}]", "`tomorrow` is no moment"),
        ("maintenance: [{every: sonntag 02:00, for: 1h, because: x}]", "`sonntag 02:00` is no time that comes again"),
        ("maintenance: [{every: sunday 25:00, for: 1h, because: x}]", "is no time that comes again"),
        ("maintenance: [{every: sunday 02:00, until: 2026-03-01, because: x}]", "and no `until`"),
        ("maintenance: [{every: day 02:00, for: 24h, because: x}]", "never closes"),
        ("maintenance: [{every: day 02:00, for: 0m, because: x}]", "no time at all"),
        ("maintenance: [{every: day 02:00, for: 1h, because: x, host: []}]", "an empty list is about none"),
        ("maintenance: [{every: day 02:00, for: 1h, because: x, changes: yes}]", "`yes` is neither true nor false"),
        ("cannot-look: 4", "`4` has no unit"),
        ("a: \x07", "a control character stands here"),
        ("[" * 5000, "too many brackets in brackets"),
        ("#" * (MOST_OCTETS + 1), "more than 65536 octets"),
    ],
)
def test_a_mistake_is_named_with_its_place(text: str, says: str) -> None:
    with pytest.raises(InputError) as raised:
        _load(text)

    assert str(raised.value).startswith("quiet.yaml")
    assert says in str(raised.value)


WORDS = st.text(alphabet="maintenance: [{every day 02:00, for 1h}]\n", max_size=200).map(str.encode)


@given(st.binary(max_size=200) | WORDS)
def test_whatever_is_read_is_read_or_refused(data: bytes) -> None:
    with contextlib.suppress(InputError):
        load_windows(data, "quiet.yaml", "example.test")
