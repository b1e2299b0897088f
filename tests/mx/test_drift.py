"""Differences between two looks: of sets of records, whatever the order and the letters, and never of what failed."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from mxprobe.facts.approved import Approved
from mxprobe.facts.beside import Beside
from mxprobe.facts.dns import AnswerStatus, Question, RecordType, TextRecord, index_answers
from mxprobe.facts.migration import ApprovedMx, Migration
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.drift import Difference, compare, differ, mx_question, published_mx, zone_of
from mxprobe.mx.migration import is_approved_change, is_approved_host, is_in_window
from mxprobe.mx.tlsidentity import has_moved_network, key_digest
from tests.support.snapshots import DOMAIN, host, mx, snapshot

RECORDS = st.lists(st.tuples(st.integers(0, 65535), st.sampled_from(["a.test", "B.test", "c.test."])), max_size=5)
DAY = 86400.0


def _difference(before: Snapshot, now: Snapshot) -> Difference:
    return compare(index_answers(before.answers), index_answers(now.answers), mx_question(DOMAIN))


@given(RECORDS, RECORDS, st.randoms())
def test_order_letters_and_final_dots_are_no_difference(one: list[tuple[int, str]], other, chance) -> None:  # type: ignore[no-untyped-def]
    shuffled = [(number, name.upper().rstrip(".") + ".") for number, name in one]
    chance.shuffle(shuffled)

    assert not _difference(snapshot([mx(*one)]), snapshot([mx(*shuffled)]))
    there = _difference(snapshot([mx(*one)]), snapshot([mx(*other)]))
    back = _difference(snapshot([mx(*other)]), snapshot([mx(*one)]))
    assert (there.gone, there.new) == (back.new, back.gone)


@given(RECORDS, st.sampled_from([status for status in AnswerStatus if status.is_temporary]))
def test_what_failed_is_unknown_in_either_look(records: list[tuple[int, str]], status: AnswerStatus) -> None:
    known, failed = snapshot([mx(*records)]), snapshot([mx(status=status)])

    for difference in (_difference(known, failed), _difference(failed, known), _difference(failed, failed)):
        assert difference.unknown
        assert not difference


def test_an_absent_name_and_an_absent_type_are_alike() -> None:
    assert not _difference(snapshot([mx(status=AnswerStatus.NXDOMAIN)]), snapshot([mx()]))


def test_records_are_told_by_their_preference() -> None:
    assert differ(frozenset(), frozenset({"100 a.test", "20 b.test"})).new == ("20 b.test", "100 a.test")


def test_the_server_that_was_believed_comes_first() -> None:
    (published,) = published_mx(snapshot([replace(mx((10, "A.test.")), authoritative=True)]))

    assert published.authoritative
    assert published.records == (ApprovedMx(preference=10, host="a.test"),)
    assert published_mx(snapshot([mx(status=AnswerStatus.SERVFAIL)])) == ()


def test_the_zone_is_the_nearest_name_with_servers() -> None:
    def servers(name: str):  # type: ignore[no-untyped-def]
        answer = replace(mx((1, "x.test")), question=Question(name=name, rrtype=RecordType.NS))
        return replace(answer, records=(TextRecord(text="ns.test.", ttl=1),))

    assert zone_of(snapshot([servers("test"), servers("example.test")])) == "example.test"
    assert zone_of(snapshot([servers("test"), servers("other.test")])) == "test"
    assert zone_of(snapshot([])) is None


OLD, NEW = ApprovedMx(preference=10, host="old.test"), ApprovedMx(preference=10, host="new.test")
PLAN = Migration(old=(OLD,), new=(NEW,), cut_over=100 * DAY, old_ttl=3600)


def _beside(before: float | None, **changes: object) -> Beside:
    approved = Approved(path="e.yaml", domain=DOMAIN, migration=replace(PLAN, **changes))
    return Beside(before=None if before is None else replace(snapshot([]), started_at=before), approved=approved)


def test_a_plan_is_believed_around_its_cut_over() -> None:
    def at(now: float, beside: Beside) -> bool:
        return is_in_window(beside, replace(snapshot([]), started_at=now))

    assert [at(day * DAY, _beside(None)) for day in (92, 94, 100, 106, 108)] == [False, True, True, True, False]
    assert at(150 * DAY, _beside(90 * DAY))  # it changed at some time between
    assert not at(150 * DAY, _beside(110 * DAY))
    assert at(80 * DAY, _beside(None, ttl_lowered=79 * DAY))
    assert at(115 * DAY, _beside(None, old_ttl=20 * 86400))


def test_only_what_the_plan_names_is_approved_by_it() -> None:
    now, beside = replace(snapshot([]), started_at=100 * DAY), _beside(None)
    stranger = differ(frozenset({"10 old.test"}), frozenset({"10 new.test", "10 evil.test"}))
    planned = differ(frozenset({"10 old.test"}), frozenset({"10 new.test"}))
    swapped = differ(frozenset({"10 old.test"}), frozenset({"20 new.test"}))

    assert is_approved_change(planned, frozenset(planned.new), beside, now)
    assert not is_approved_change(stranger, frozenset(stranger.new), beside, now)
    assert not is_approved_change(swapped, frozenset(swapped.new), beside, now)
    assert not is_approved_change(planned, frozenset(planned.new), Beside(), now)


def test_an_operator_is_the_end_of_a_name_at_a_dot() -> None:
    approved = Approved(path="e.yaml", domain=DOMAIN, operators=("isp.test",))

    assert [
        is_approved_host(name, approved) for name in ("isp.test", "a.b.isp.test", "evilisp.test", "isp.test.evil")
    ] == [
        True,
        True,
        False,
        False,
    ]


def test_networks_are_told_by_blocks_and_only_where_both_looks_have_the_family() -> None:
    def moved(then: tuple[str, ...], now: tuple[str, ...]) -> bool | None:
        before, today = snapshot([host("a.test", *then)]), snapshot([host("a.test", *now)])
        return has_moved_network(index_answers(before.answers), index_answers(today.answers), "a.test")

    assert moved(("192.0.2.1", "192.0.2.2"), ("192.0.2.2", "203.0.113.1")) is False
    assert moved(("192.0.2.1",), ("192.0.99.1",)) is None
    assert moved(("192.0.2.1",), ("203.0.113.1",)) is True
    assert moved(("192.0.2.1",), ("2001:db8::1",)) is None
    assert moved((), ("203.0.113.1",)) is None
    assert moved(("no address", "fe80::1%eth0"), ("2001:db8::1",)) is True


def test_what_is_no_certificate_has_no_key() -> None:
    assert key_digest(b"") is None
    assert key_digest(b"\x30\x03\x02\x01\x05") is None
