"""MTA-STS without a network: records, policy files, host names, and what a sender remembers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxprobe.facts.dns import Answer, AnswerStatus, TextRecord
from mxprobe.mx.cells import CELLS
from mxprobe.mx.mtasts import (
    LONGEST_AGE,
    Memory,
    Mode,
    NextStep,
    Policy,
    PolicyRecord,
    RecordStatus,
    UnusablePolicy,
    cell_after_failure,
    learn,
    match_host,
    next_step,
    read_policy,
    read_record,
    record_question,
    write_policy,
)

GOOD = b"version: STSv1\r\nmode: enforce\r\nmx: mx1.example.test\r\nmx: *.backup.example\r\nmax_age: 604800\r\n"
DAY = 86400.0


def answered(*texts: str, status: AnswerStatus = AnswerStatus.FOUND) -> Answer:
    records = tuple(TextRecord(text=text, ttl=300) for text in texts)
    return Answer(question=record_question("example.test"), status=status, records=records)


# -- the record --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        '"v=STSv1; id=20260101T000000;"',
        '"v=STSv1; id=20260101T000000"',
        '"v=STSv1;id=20260101T000000;"',
        '"v=STSv1;" " id=2026" "0101T000000;"',
        '"v=STSv1; extra=a.b/c; id=20260101T000000; id=second"',
        '"v=STSv1;\\032id=20260101T000000\\;"',
    ],
)
def test_a_record_has_an_id_in_whatever_pieces_it_comes(text: str) -> None:
    assert read_record(answered(text)) == PolicyRecord(status=RecordStatus.FOUND, id="20260101T000000")


def test_records_of_others_do_not_count() -> None:
    record = read_record(answered('"v=spf1 -all"', '"v=STSv1; id=7"', '"v=STSv2; id=8"', '"V=STSv1; id=9"'))

    assert (record.status, record.id) == (RecordStatus.FOUND, "7")


@pytest.mark.parametrize("texts", [(), ('"v=spf1 -all"',), ('"v=STSv1"',), ('" v=STSv1; id=1"',)])
def test_no_record_is_absence(texts: tuple[str, ...]) -> None:
    assert read_record(answered(*texts)).status is RecordStatus.ABSENT


@pytest.mark.parametrize(
    ("texts", "reason"),
    [
        (('"v=STSv1; id=1"', '"v=STSv1; id=1"'), "2 TXT records"),
        (('"v=STSv1;"',), "no id"),
        (('"v=STSv1; ID=1"',), "no id"),
        (('"v=STSv1; id=2026-01-01"',), "letters and digits"),
        ((f'"v=STSv1; id={"1" * 33}"',), "letters and digits"),
        (('"v=STSv1; id="',), "key=value"),
        (('"v=STSv1; id"',), "key=value"),
        (('"v=STSv1;; id=1"',), "key=value"),
        (('"v=STSv1; id=1; e=\\226\\128\\174"',), "key=value"),
    ],
)
def test_a_record_that_is_wrong_says_why(texts: tuple[str, ...], reason: str) -> None:
    record = read_record(answered(*texts))

    assert (record.status, record.id) == (RecordStatus.INVALID, None)
    assert reason in record.reason
    assert record.reason.isprintable()


@pytest.mark.parametrize("status", AnswerStatus)
def test_only_name_servers_that_said_so_make_a_record_absent(status: AnswerStatus) -> None:
    expected = RecordStatus.FAILED if status.is_temporary else RecordStatus.ABSENT

    assert read_record(answered(status=status)).status is expected


@given(st.lists(st.text() | st.text('v=STSv1; id"\\ 0123'), max_size=3))
def test_no_record_is_too_strange_to_read(texts: list[str]) -> None:
    record = read_record(answered(*texts))

    assert (record.id is not None) == (record.status is RecordStatus.FOUND)
    assert bool(record.reason) == (record.status is not RecordStatus.FOUND)


# -- the policy --------------------------------------------------------------------------------------------------------


def test_a_policy_is_read() -> None:
    assert read_policy(GOOD) == Policy(mode=Mode.ENFORCE, mx=("mx1.example.test", "*.backup.example"), max_age=604800)


@pytest.mark.parametrize(
    "body",
    [
        GOOD.replace(b"\r\n", b"\n"),
        GOOD.removesuffix(b"\r\n"),
        GOOD + b"\r\n\n",
        GOOD.replace(b": ", b":"),
        GOOD.replace(b": ", b": \t ").replace(b"\r\n", b" \t\r\n"),
        GOOD.replace(b"mx1.example", b"MX1.Example"),
        b"contact: post\xc3\xa9@example.test\r\n" + GOOD + b"note: key: value\n",
        GOOD + b"mode: none\r\nmax_age: 1\r\nversion: STSv2\r\n",
        b"\n".join(reversed(GOOD.replace(b"mx: mx1.example.test\r\n", b"").splitlines())).replace(
            b"mx: *", b"mx: mx1.example.test\nmx: *"
        ),
    ],
)
def test_what_makes_no_difference(body: bytes) -> None:
    assert read_policy(body) == read_policy(GOOD)


@pytest.mark.parametrize(
    ("body", "reason", "line"),
    [
        (b"", "version", None),
        (GOOD.replace(b"version: STSv1\r\n", b""), "version", None),
        (GOOD.replace(b"version", b"Version"), "version", None),
        (GOOD.replace(b"STSv1", b"STSv2"), "STSv1", 1),
        (GOOD.replace(b"enforce", b"Enforce"), "mode", 2),
        (GOOD.replace(b"mode: enforce\r\n", b""), "mode", None),
        (GOOD.replace(b"max_age: 604800\r\n", b""), "max_age", None),
        (GOOD.replace(b"604800", b"31557601"), "max_age", 5),
        (GOOD.replace(b"604800", b"-1"), "max_age", 5),
        (GOOD.replace(b"604800", b"7d"), "max_age", 5),
        (GOOD.replace(b"604800", b"0" * 11), "max_age", 5),
        (GOOD.replace(b"604800", "٣".encode()), "max_age", 5),
        (b"max_age: x\n" + GOOD, "max_age", 1),
        (b"version: STSv1\nmode: enforce\nmax_age: 1\n", "mx", None),
        (GOOD.replace(b"mx1.", b"mx1.*."), "host name", 3),
        (GOOD.replace(b"mx1.", b"mx*."), "host name", 3),
        (GOOD.replace(b"mx1.", b"*.*."), "host name", 3),
        (GOOD.replace(b"mx1.example.test", b"*"), "host name", 3),
        (GOOD.replace(b"mx1.example.test", b"mx1.example.test."), "host name", 3),
        (GOOD.replace(b"mx1.example.test", "mx.müller.test".encode()), "host name", 3),
        (GOOD.replace(b"mx: mx1", b"mx:\r\nmx: mx1"), "key: value", 3),
        (GOOD.replace(b"\r\n", b"\r"), "key: value", 1),
        (GOOD.replace(b"mode:", b"mode"), "key: value", 2),
        (GOOD.replace(b"mode:", b" mode:"), "key: value", 2),
        (b"<!DOCTYPE html>\n" + GOOD, "key: value", 1),
        (GOOD + b"note: \x1b[2J\n", "key: value", 6),
        (GOOD + b"note: \xff\n", "UTF-8", 6),
    ],
)
def test_a_policy_that_senders_ignore_says_why_and_where(body: bytes, reason: str, line: int | None) -> None:
    read = read_policy(body)

    assert isinstance(read, UnusablePolicy)
    assert reason in read.reason
    assert read.line == line


@pytest.mark.parametrize("age", [0, 1, LONGEST_AGE])
def test_every_age_up_to_a_year_is_right(age: int) -> None:
    read = read_policy(GOOD.replace(b"604800", str(age).encode()))

    assert isinstance(read, Policy)
    assert read.max_age == age


def test_a_policy_that_asks_for_nothing_needs_no_host() -> None:
    assert read_policy(b"version: STSv1\nmode: none\nmax_age: 60\n") == Policy(mode=Mode.NONE, mx=(), max_age=60)


pieces = st.sampled_from([*GOOD.splitlines(keepends=True), b"\n", b"\r", b"mx:", b"mode: ", b"\xff", b"*."])


@given(st.binary() | st.lists(pieces | st.binary(max_size=5), max_size=12).map(b"".join))
def test_no_file_is_too_strange_to_read(body: bytes) -> None:
    read = read_policy(body)

    if isinstance(read, Policy):
        assert read_policy(write_policy(read)) == read
    else:
        assert read.reason.isprintable()


labels = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,5}[a-z0-9])?", fullmatch=True)
names = st.lists(labels, min_size=1, max_size=4).map(".".join)


@given(
    st.builds(
        Policy,
        mode=st.sampled_from(Mode),
        mx=st.lists(names, min_size=1).map(tuple),
        max_age=st.integers(0, LONGEST_AGE),
    )
)
def test_a_policy_that_is_written_reads_the_same(policy: Policy) -> None:
    assert read_policy(write_policy(policy)) == policy


# -- names -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "host", "matches"),
    [
        ("mx1.example.test", "mx1.example.test", True),
        ("mx1.example.test", "MX1.example.test.", True),
        ("mx1.example.test", "mx2.example.test", False),
        ("example.test", "mx1.example.test", False),
        ("*.example.test", "mx1.example.test", True),
        ("*.example.test", "Mx1.EXAMPLE.test", True),
        ("*.example.test", "example.test", False),
        ("*.example.test", "a.mx1.example.test", False),
        ("*.example.test", "mx1.notexample.test", False),
        ("*.example.test", ".example.test", False),
        ("*.test", "example.test", True),
        ("*.test", "test", False),
        ("*.test", "", False),
        ("mx1.example.test", "", False),
    ],
)
def test_a_wildcard_is_one_whole_label(pattern: str, host: str, matches: bool) -> None:
    assert match_host(pattern, host) is matches


@given(names, names)
def test_a_wildcard_matches_what_has_one_label_more(label: str, parent: str) -> None:
    assert match_host(f"*.{parent}", f"{label}.{parent}") is ("." not in label)


def test_any_of_the_patterns_will_do() -> None:
    policy = read_policy(GOOD)

    assert isinstance(policy, Policy)
    assert policy.allows("mx1.example.test")
    assert policy.allows("mx9.backup.example")
    assert not policy.allows("mx2.example.test")


# -- memory ------------------------------------------------------------------------------------------------------------

POLICY = Policy(mode=Mode.ENFORCE, mx=("mx1.example.test",), max_age=int(DAY))
FOUND = PolicyRecord(status=RecordStatus.FOUND, id="1")
NEWER = PolicyRecord(status=RecordStatus.FOUND, id="2")
NOT_FOUND = [PolicyRecord(status=status) for status in RecordStatus if status is not RecordStatus.FOUND]
KEEPS = learn(Memory(), FOUND, POLICY, 100.0)


def test_a_first_record_has_its_policy_fetched() -> None:
    assert next_step(Memory(), FOUND, 0.0) is NextStep.FETCH


@pytest.mark.parametrize("record", NOT_FOUND, ids=lambda record: record.status)
def test_without_a_record_nothing_is_fetched_and_a_fresh_policy_counts_on(record: PolicyRecord) -> None:
    assert next_step(Memory(), record, 0.0) is NextStep.NONE
    assert next_step(KEEPS, record, 100.0 + DAY - 1) is NextStep.USE_KEPT
    assert next_step(KEEPS, record, 100.0 + DAY) is NextStep.NONE


def test_a_kept_policy_is_fetched_again_for_a_new_id_or_when_it_is_stale() -> None:
    assert next_step(KEEPS, FOUND, 100.0) is NextStep.USE_KEPT
    assert next_step(KEEPS, FOUND, 100.0 + DAY) is NextStep.FETCH
    assert next_step(KEEPS, NEWER, 200.0) is NextStep.FETCH


def test_a_policy_of_no_age_counts_for_no_later_message() -> None:
    memory = learn(Memory(), FOUND, Policy(mode=Mode.NONE, mx=(), max_age=0), 5.0)

    assert memory.policy_at(5.0) is None
    assert next_step(memory, FOUND, 5.0) is NextStep.FETCH


def test_a_failed_fetch_leaves_a_fresh_policy_in_force_and_is_not_repeated_at_once() -> None:
    memory = learn(KEEPS, NEWER, None, 200.0)

    assert memory.policy_at(200.0) == POLICY
    assert cell_after_failure(memory, 200.0) == "T13"
    assert next_step(memory, NEWER, 499.0) is NextStep.USE_KEPT
    assert next_step(memory, NEWER, 500.0) is NextStep.FETCH
    assert next_step(memory, PolicyRecord(status=RecordStatus.FOUND, id="3"), 201.0) is NextStep.FETCH


def test_a_failed_fetch_without_a_kept_policy_is_as_no_policy() -> None:
    memory = learn(Memory(), FOUND, None, 0.0)

    assert memory.policy_at(0.0) is None
    assert cell_after_failure(memory, 0.0) == "T12"
    assert next_step(memory, FOUND, 1.0) is NextStep.NONE
    assert {cell_after_failure(memory, 0.0), cell_after_failure(KEEPS, 100.0)} <= set(CELLS)


def test_a_fetch_that_works_takes_the_place_of_all_before() -> None:
    memory = learn(learn(KEEPS, NEWER, None, 200.0), NEWER, POLICY, 600.0)

    assert memory == learn(Memory(), NEWER, POLICY, 600.0)
    assert next_step(memory, NEWER, 601.0) is NextStep.USE_KEPT
    assert next_step(memory, FOUND, 601.0) is NextStep.FETCH
