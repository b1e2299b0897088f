"""Rules about a planned migration, before its cut-over and behind it: what raises each, and what comes near."""

import pytest
from msgspec.structs import replace

from mxprobe.facts.finding import Finding, Severity, Status
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.migration import is_in_window
from mxprobe.rules import judge_snapshot
from tests.support.examples import beside_of, judged, snapshot_of

OURS = ("MX406", "MX407", "MX408", "MX409", "MX411", "MX520", "MX521")
PLAN = """\
approved migration:
approved   old: [10 mx.old.test]
approved   new: [10 mx.new.test]
approved   cut-over: 2026-03-01T08:00Z
approved   old-ttl: 1d
"""
HOSTS = """\
mx.old.test A 192.0.2.9
mx.new.test A 192.0.2.1
192.0.2.9 "220 mx.old.test ESMTP" "250 mx.old.test"
192.0.2.1 "220 mx.new.test ESMTP" "250 mx.new.test"
192.0.2.9 good "250 2.1.5 ok"
192.0.2.1 good "250 2.1.5 ok"
_mta-sts.example.test NXDOMAIN
"""
GIVEN = "authority ns1.example.test example.test MX 10 mx.old.test\n"
EARLY = "looked 2026-02-20T08:00Z\nexample.test MX 10 mx.old.test\nexample.test MX ttl 300\n" + PLAN + HOSTS
LATE = "looked 2026-03-01T12:00Z\nexample.test MX 10 mx.new.test\n" + PLAN + HOSTS
LONG_PAST = LATE.replace("looked 2026-03-01", "looked 2026-03-10")
LOWERED = "approved   ttl-lowered: 2026-02-20T00:00Z\n"


def _found(block: str) -> list[Finding]:
    return [one for judgement in judged(block) for one in judgement.findings if one.code in OURS]


def _fired(block: str) -> dict[str, Severity]:
    return {one.code: one.severity for one in _found(block)}


def _reason(block: str, code: str) -> str:
    """Why a rule could not be judged; empty where it was."""
    (judgement,) = (one for one in judged(block) if one.code == code)
    return (judgement.reason or "no reason") if judgement.status is Status.INCONCLUSIVE else ""


def _with_plan(block: str, line: str) -> str:
    return block.replace(PLAN, PLAN + line)


def test_a_migration_that_goes_as_it_should_raises_nothing() -> None:
    for block in (_with_plan(EARLY, LOWERED), LATE, LONG_PAST):
        assert _fired(block) == {}
        assert [code for code in OURS[:5] if _reason(block, code)] == []


def test_without_a_plan_nothing_is_judged() -> None:
    block = EARLY.replace(PLAN, "")

    assert {_reason(block, code) for code in OURS[:5]} == {"nobody said what is planned: --migration FILE"}


# -- old hosts ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("preference", [5, 10, 90])
def test_an_old_host_that_is_still_published_is_told_whatever_its_preference(preference: int) -> None:
    (found,) = _found(LONG_PAST + f"example.test MX {preference} mx.old.test\n")

    assert (found.code, found.subject, found.severity) == ("MX406", "mx.old.test", Severity.WARNING)
    assert found.seen[0] == f"MX {preference} mx.old.test, by 192.0.2.53:53"


def test_a_cache_may_give_the_old_records_until_their_ttl_is_over_and_no_authoritative_server() -> None:
    cached = LATE + "example.test MX 20 mx.old.test\n"

    assert _fired(cached) == {}
    assert "may come from a cache until 2026-03-02 10:00 UTC" in _reason(cached, "MX406")
    assert _fired(LATE + GIVEN) == {"MX406": Severity.WARNING}


def test_an_old_host_may_be_kept_until_a_day() -> None:
    old = LONG_PAST + "example.test MX 20 mx.old.test\n"

    assert _fired(_with_plan(old, "approved   keep-old-until: 2026-03-11\n")) == {}
    assert _fired(_with_plan(old, "approved   keep-old-until: 2026-03-09\n")) == {"MX406": Severity.WARNING}


def test_a_host_of_both_sets_is_neither_old_nor_new() -> None:
    both = LONG_PAST.replace("new: [10 mx.new.test]", "new: [10 mx.new.test, 20 mx.old.test]")

    assert _fired(both + "example.test MX 20 mx.old.test\n") == {}


STOPPED = {
    "refuses": ('192.0.2.9 "220 mx.old.test ESMTP" "250 mx.old.test"', "192.0.2.9 refuses connections"),
    "silent": ('192.0.2.9 "220 mx.old.test ESMTP" "250 mx.old.test"', "192.0.2.9 does not answer"),
    "greets with 5yz": ('192.0.2.9 "220 mx.old.test ESMTP" "250 mx.old.test"', '192.0.2.9 "554 gone"'),
    "not served": ('192.0.2.9 good "250 2.1.5 ok"', '192.0.2.9 good "550 5.7.1 Relay access denied"'),
    "no such user": ('192.0.2.9 good "250 2.1.5 ok"', '192.0.2.9 good "550 5.1.1 no such user"'),
    "no address": ("mx.old.test A 192.0.2.9", "mx.old.test A NXDOMAIN\nmx.old.test AAAA NXDOMAIN"),
}


@pytest.mark.parametrize("change", STOPPED.values(), ids=STOPPED)
def test_an_old_host_that_stopped_is_an_error_until_the_old_ttl_is_over(change: tuple[str, str]) -> None:
    (found,) = _found(LATE.replace(*change))

    assert (found.code, found.subject, found.severity) == ("MX407", "mx.old.test", Severity.ERROR)
    assert "senders know it for another 22 h" in found.says
    assert found.seen[-1] == "the cut-over was 2026-03-01 08:00 UTC, the TTL before it 1 d"
    assert "until 2026-03-02 10:00 UTC" in found.do
    assert _fired(LONG_PAST.replace(*change)) == {}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (('192.0.2.9 good "250 2.1.5 ok"', '192.0.2.9 good "450 4.2.0 greylisted"'), ""),
        (('192.0.2.9 "220 mx.old.test ESMTP" "250 mx.old.test"', '192.0.2.9 "421 4.3.2 moved"'), ""),
        (('192.0.2.9 "220 mx.old.test ESMTP" "250 mx.old.test"', "192.0.2.9 no way for its family"), "no IPv4 here"),
        (("mx.old.test A 192.0.2.9", "mx.old.test A SERVFAIL"), "mx.old.test was not dialled"),
        (("mx.old.test A 192.0.2.9", "mx.old.test A NXDOMAIN"), "mx.old.test was not dialled"),
        (
            (
                '192.0.2.9 "220 mx.old.test ESMTP" "250 mx.old.test"',
                '192.0.2.9 "554 5.7.1 your IP is listed by a DNSBL"',
            ),
            "refuses this probe",
        ),
    ],
    ids=["4yz", "421", "no family", "lookup failed", "half a lookup", "refuses us"],
)
def test_an_old_host_that_says_later_or_of_which_nothing_is_known_is_accused_of_nothing(
    change: tuple[str, str], reason: str
) -> None:
    assert _fired(LATE.replace(*change)) == {}
    assert reason in _reason(LATE.replace(*change), "MX407")


def test_one_address_that_answers_is_enough() -> None:
    two = LATE + "mx.old.test AAAA 2001:db8::9\n2001:db8::9 refuses connections\n"

    assert _fired(two) == {}


def test_a_recipient_has_to_be_named_to_know_whether_an_old_host_still_takes_mail() -> None:
    nobody = "".join(f"{line}\n" for line in LATE.splitlines() if " good " not in line)

    assert _fired(nobody) == {}
    assert "--to you@example.test" in _reason(nobody, "MX407")


# -- new hosts ---------------------------------------------------------------------------------------------------------


def _of_new(text: str) -> str:
    return text.replace("192.0.2.9", "192.0.2.1").replace("mx.old", "mx.new")


NOT_READY = {name: (_of_new(was), _of_new(now)) for name, (was, now) in STOPPED.items()}


@pytest.mark.parametrize("change", NOT_READY.values(), ids=NOT_READY)
def test_a_new_host_that_takes_no_mail_is_an_error_before_the_cut_over(change: tuple[str, str]) -> None:
    (found,) = _found(_with_plan(EARLY, LOWERED).replace(*change))

    assert (found.code, found.subject, found.severity) == ("MX408", "mx.new.test", Severity.ERROR)
    assert found.says.endswith(", 9 d before the cut-over")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (('192.0.2.1 good "250 2.1.5 ok"', '192.0.2.1 good "450 4.2.0 greylisted"'), "later (greylisting)"),
        (
            (
                '192.0.2.1 good "250 2.1.5 ok"',
                '192.0.2.1 good "450 4.2.0 greylisted"\n192.0.2.1 again good "250 2.1.5 ok"',
            ),
            "",
        ),
        (('192.0.2.1 "220 mx.new.test ESMTP" "250 mx.new.test"', '192.0.2.1 "421 4.3.2 soon"'), "unknown"),
        (("mx.new.test A 192.0.2.1", "mx.new.test A TIMEOUT"), "mx.new.test was not dialled"),
    ],
    ids=["greylisting", "greylisting that ends", "421", "lookup failed"],
)
def test_a_new_host_that_says_later_is_left_open_until_it_accepts(change: tuple[str, str], reason: str) -> None:
    block = _with_plan(EARLY, LOWERED).replace(*change)

    assert _fired(block) == {}
    assert reason in _reason(block, "MX408")
    assert bool(reason) is bool(_reason(block, "MX408"))


def test_a_new_host_that_is_published_already_is_told_once() -> None:
    early = _with_plan(EARLY, LOWERED).replace(*NOT_READY["refuses"]) + "example.test MX 20 mx.new.test\n"
    found = [one for judgement in judged(early) for one in judgement.findings if one.severity is Severity.ERROR]

    assert [one.code for one in found] == ["MX408"]
    assert set(found[0].also) == {"MX306 backup-unreachable", "MX601 connect-refused"}


# -- TTL ---------------------------------------------------------------------------------------------------------------

LATE_DAY = EARLY.replace("looked 2026-02-20", "looked 2026-02-28").replace("T08:00Z\nexample", "T20:00Z\nexample")


@pytest.mark.parametrize(
    ("block", "safe"),
    [
        (_with_plan(LATE_DAY, "approved   ttl-lowered: 2026-02-28T12:00Z\n"), "2026-03-01 12:00 UTC"),
        (LATE_DAY + GIVEN, None),
        (_with_plan(EARLY, "approved   ttl-lowered: 2026-02-28T12:00Z\n") + GIVEN, "2026-03-01 12:00 UTC"),
        (LATE_DAY.replace("ttl 300", "ttl 50000"), "2026-03-01 09:53 UTC"),
        (EARLY + GIVEN, None),
        (_with_plan(EARLY, "approved   ttl-lowered: 2026-02-28T08:00Z\n"), None),
        (_with_plan(LATE_DAY, LOWERED), None),
        (LATE_DAY.replace("old-ttl: 1d", "old-ttl: 5m"), None),
    ],
    ids=[
        "lowered too late",
        "still time",
        "planned too late",
        "in a cache",
        "authoritative in time",
        "exactly",
        "in time",
        "was low",
    ],
)
def test_a_ttl_has_to_be_lowered_one_old_ttl_before_the_cut_over(block: str, safe: str | None) -> None:
    found = _found(block)

    assert [one.code for one in found] == (["MX409"] if safe else [])
    assert safe is None or f"Put the cut-over off to {safe}" in found[0].do


def test_a_ttl_that_was_not_lowered_yet_is_counted_from_now() -> None:
    block = LATE_DAY.replace("T20:00Z\nexample", "T07:10Z\nexample") + GIVEN
    minutes_later = LATE_DAY.replace("looked 2026-02-28T20:00Z", "looked 2026-03-01T07:10Z") + GIVEN

    assert _fired(block) == {}
    assert _fired(minutes_later) == {"MX409": Severity.WARNING}


@pytest.mark.parametrize(
    ("before", "was", "cut_over", "status"),
    [
        (None, 0, "2026-03-02T08:00Z", Status.PASSES),  # a whole TTL after the probe
        (None, 0, "2026-03-01T08:00Z", Status.INCONCLUSIVE),
        ("2026-02-28T10:00Z", 86400, "2026-03-01T08:00Z", Status.FIRES),  # lowered after a probe too near to it
        ("2026-02-28T06:00Z", 86400, "2026-03-01T08:00Z", Status.INCONCLUSIVE),
        ("2026-02-28T06:00Z", 86400, "2026-03-02T08:00Z", Status.PASSES),
        ("2026-02-28T06:00Z", 60, "2026-03-01T08:00Z", Status.PASSES),  # low a whole TTL before it
        ("2026-02-28T10:00Z", 60, "2026-03-01T08:00Z", Status.INCONCLUSIVE),
    ],
)
def test_two_probes_bound_the_time_at_which_it_was_lowered(
    before: str | None, was: int, cut_over: str, status: Status
) -> None:
    block = LATE_DAY.replace("cut-over: 2026-03-01T08:00Z", f"cut-over: {cut_over}")
    if before is not None:
        block += f"before looked {before}\n"
    snapshot, beside = _authoritative(snapshot_of(block), 300), beside_of(block)
    if beside.before is not None:
        beside = replace(beside, before=_authoritative(beside.before, was))

    (judgement,) = judge_snapshot(snapshot, wanted=("MX409",), beside=beside)

    assert judgement.status is status


def _authoritative(snapshot: Snapshot, ttl: int) -> Snapshot:
    """The same from a server of the zone, with another TTL."""
    answers = tuple(
        replace(answer, authoritative=True, records=tuple(replace(record, ttl=ttl) for record in answer.records))
        for answer in snapshot.answers
    )
    return replace(snapshot, answers=answers)


# -- the policy --------------------------------------------------------------------------------------------------------

POLICY = 'policy "version: STSv1" "mode: {}" "mx: {}" "max_age: {}"\n'
STS = _with_plan(EARLY, LOWERED).replace("_mta-sts.example.test NXDOMAIN", "_mta-sts.example.test TXT v=STSv1; id=1")


@pytest.mark.parametrize(
    ("policy", "fires"),
    [
        (POLICY.format("enforce", "mx.old.test", 2_000_000), True),
        (POLICY.format("enforce", "*.old.test", 2_000_000), True),
        (POLICY.format("testing", "mx.old.test", 2_000_000), False),
        (POLICY.format("enforce", "mx.old.test", 86400), False),
        (POLICY.format("enforce", 'mx.old.test" "mx: mx.new.test', 2_000_000), False),
        (POLICY.format("enforce", '*.old.test" "mx: *.new.test', 2_000_000), False),
    ],
    ids=["old alone", "old pattern", "testing", "forgotten by then", "both", "both patterns"],
)
def test_a_policy_that_lasts_beyond_the_cut_over_has_to_name_the_new_hosts(policy: str, fires: bool) -> None:
    assert _fired(STS + policy) == ({"MX411": Severity.ERROR} if fires else {})


def test_a_policy_that_was_not_seen_blocks_nothing_that_is_known() -> None:
    assert "was not fetched" in _reason(STS, "MX411")
    assert _fired(STS) == {}


def test_a_new_host_that_is_published_and_not_in_the_policy_is_told_once() -> None:
    policy = POLICY.format("enforce", "mx.old.test", 2_000_000)
    found = [
        one for judgement in judged(STS + policy + "example.test MX 20 mx.new.test\n") for one in judgement.findings
    ]

    assert [one.also for one in found if one.code == "MX411"] == [("MX775 sts-mx-not-covered",)]


# -- what a plan makes of TTLs -----------------------------------------------------------------------------------------


def _one(block: str, code: str) -> tuple[Status, list[Finding], str]:
    (judgement,) = (one for one in judged(block) if one.code == code)
    return judgement.status, list(judgement.findings), judgement.reason or ""


def test_in_the_week_before_a_cut_over_a_ttl_is_too_high_sooner_and_the_lines_are_there_to_be_pasted() -> None:
    week = _with_plan(EARLY, LOWERED).replace("looked 2026-02-20", "looked 2026-02-26").replace("ttl 300", "ttl 3600")
    _, (found,), _ = _one(week, "MX401")

    assert found.severity is Severity.INFO
    assert found.says.endswith("have a TTL of 3600 s, 3 d before the cut-over")
    assert found.paste == (
        "; all MX records of example.test, with this mended",
        "example.test. 300 IN MX 10 mx.old.test.",
    )
    assert _one(week.replace("looked 2026-02-26", "looked 2026-02-20"), "MX401")[1] == []
    assert _one(week.replace("looked 2026-02-26", "looked 2026-03-01"), "MX401")[1] == []


def test_a_cache_that_has_little_left_of_a_ttl_says_nothing_before_a_cut_over() -> None:
    week = _with_plan(EARLY, LOWERED).replace("looked 2026-02-20", "looked 2026-02-26")

    assert _one(week, "MX401")[0] is Status.INCONCLUSIVE
    assert _one(week + GIVEN + "authority ns1.example.test example.test MX ttl 300\n", "MX401")[0] is Status.PASSES
    assert _one(week.replace("ttl 300", "ttl 4000") + GIVEN, "MX401")[1][0].severity is Severity.INFO


RENUMBER = """\
looked 2026-02-27T08:00Z
approved migration:
approved   old: [10 mx1]
approved   new: [10 mx1]
approved   cut-over: 2026-03-01T08:00Z
approved   old-ttl: 5m
approved   addresses: {mx1: [192.0.2.77]}
example.test MX 10 mx1.example.test
example.test MX ttl 300
mx1.example.test A 192.0.2.1
mx1.example.test A ttl 86400
"""


def test_the_ttl_of_an_address_that_changes_counts_until_it_has_changed() -> None:
    _, (found,), _ = _one(RENUMBER, "MX403")

    assert (found.subject, found.severity) == ("mx1.example.test", Severity.WARNING)
    assert found.paste == ("mx1.example.test. 300 IN A 192.0.2.1",)
    for change in (
        ("A 192.0.2.1", "A 192.0.2.77"),
        ("looked 2026-02-27", "looked 2026-03-02"),
        ("approved   addresses: {mx1: [192.0.2.77]}\n", "approved   ttl-lowered: 2026-02-20\n"),
    ):
        block = RENUMBER.replace(*change).replace("new: [10 mx1]", "new: [5 mx1]")
        assert _one(block, "MX403")[0] is Status.PASSES, change


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (("A ttl 86400", "A ttl 200"), "a cache shows what is left of the TTL of mx1.example.test"),
        (("mx1.example.test A 192.0.2.1\nmx1.example.test A ttl 86400", "mx1.example.test SERVFAIL"), "lookup of mx1"),
    ],
    ids=["little left", "lookup failed"],
)
def test_a_ttl_that_is_not_known_is_no_low_one(change: tuple[str, str], reason: str) -> None:
    status, _, why = _one(RENUMBER.replace(*change), "MX403")

    assert status is Status.INCONCLUSIVE
    assert reason in why


ABSENT = ("mx.new.test A 192.0.2.1", "mx.new.test A NXDOMAIN for 86400\nmx.new.test AAAA NXDOMAIN for 86400")


def test_absence_that_is_kept_for_long_is_told_while_it_is_kept() -> None:
    block = _with_plan(EARLY, LOWERED)
    _, (found,), _ = _one(block.replace(*ABSENT), "MX404")
    before = "before mx.new.test A NXDOMAIN for 86400\nbefore mx.new.test AAAA NXDOMAIN for 86400\n"
    late = "before looked 2026-02-19T07:59Z\n"

    assert (found.subject, found.severity) == ("mx.new.test", Severity.INFO)
    assert "before 2026-02-21 08:00 UTC" in found.means
    assert _one(block.replace(*ABSENT).replace("for 86400", "for 10800"), "MX404")[0] is Status.PASSES
    assert len(_one(block + before + "before looked 2026-02-20T06:00Z\n", "MX404")[1]) == 1
    assert _one(block + before + late, "MX404")[0] is Status.PASSES
    assert _one(block + "example.test MX ttl 300\n", "MX404")[0] is Status.PASSES


@pytest.mark.parametrize(
    ("moment", "ttl", "status"),
    [
        ("2026-03-08T08:00Z", 300, Status.PASSES),  # a week, and no more
        ("2026-03-08T08:01Z", 300, Status.FIRES),
        ("2026-03-08T08:01Z", 3599, Status.FIRES),
        ("2026-03-08T08:01Z", 3600, Status.PASSES),
        ("2026-03-08T08:01Z", None, Status.INCONCLUSIVE),  # a cache alone
    ],
)
def test_a_ttl_is_to_be_raised_a_week_after_the_cut_over(moment: str, ttl: int | None, status: Status) -> None:
    block = LATE.replace("looked 2026-03-01T12:00Z", f"looked {moment}")
    if ttl is not None:
        block += "authority ns1.example.test example.test MX 10 mx.new.test\n"
        block += f"authority ns1.example.test example.test MX ttl {ttl}\n"

    assert _one(block, "MX410")[0] is status


# -- copies of the zone ------------------------------------------------------------------------------------------------

TWO_COPIES = """\
looked 2026-03-02T08:00Z
example.test MX 10 mx1.example.test
mx1.example.test A 192.0.2.1
ns1.example.test A 192.0.2.53
ns2.example.test A 192.0.2.54
authority ns1.example.test example.test MX 10 mx1.example.test
authority ns1.example.test example.test SOA ns1.example.test. root.example.test. 8 3600 900 604800 300
authority ns2.example.test example.test MX 10 mx9.example.test
authority ns2.example.test example.test SOA ns1.example.test. root.example.test. 7 3600 900 604800 300
"""
SAME_YESTERDAY = "before looked 2026-03-01T08:00Z\n"


def test_copies_of_one_source_are_no_split_and_copies_of_two_are() -> None:
    other = TWO_COPIES.replace("SOA ns1.example.test. root.example.test. 7", "SOA ns9.example.net. root.example.net. 7")
    _, (found,), _ = _one(other, "MX412")

    assert _one(TWO_COPIES, "MX412")[0] is Status.PASSES
    assert found.severity is Severity.ERROR
    assert found.also == ("MX117 mx-inconsistent-between-authorities",)
    assert _one(other.replace("mx9", "mx1"), "MX412")[0] is Status.PASSES
    assert _one(other.replace("SOA ns1.example.test. root", "SOA NS9.example.net. root"), "MX412")[0] is Status.PASSES


def test_a_copy_whose_soa_is_not_known_leaves_it_open() -> None:
    block = "".join(f"{line}\n" for line in TWO_COPIES.splitlines() if " 7 3600" not in line)

    assert _one(block, "MX412")[0] is Status.INCONCLUSIVE
    assert "ns2.example.test did not tell its SOA" in _one(block, "MX412")[2]


@pytest.mark.parametrize(
    ("block", "status"),
    [
        (TWO_COPIES + SAME_YESTERDAY, Status.FIRES),
        (TWO_COPIES, Status.INCONCLUSIVE),
        (TWO_COPIES + "before looked 2026-03-02T06:45Z\n", Status.PASSES),  # refresh and retry, to the second
        (TWO_COPIES + "before looked 2026-03-02T06:44Z\n", Status.FIRES),
        (TWO_COPIES.replace("mx9", "mx1") + SAME_YESTERDAY, Status.PASSES),
        (TWO_COPIES.replace(" 7 3600", " 8 3600") + SAME_YESTERDAY, Status.PASSES),
        (
            TWO_COPIES.replace(" 7 3600", " 4294967290 3600").replace(" 8 3600", " 3 3600") + SAME_YESTERDAY,
            Status.FIRES,
        ),
        (
            TWO_COPIES.replace(" 7 3600", " 3 3600").replace(" 8 3600", " 4294967290 3600") + SAME_YESTERDAY,
            Status.FIRES,  # then it is the other one that is behind
        ),
        (
            TWO_COPIES.replace("SOA ns1.example.test. root.example.test. 7", "SOA ns9.example.net. r.x. 7"),
            Status.PASSES,
        ),
    ],
    ids=[
        "behind",
        "no baseline",
        "a moment",
        "a little longer",
        "alike",
        "one serial",
        "wraps",
        "wraps back",
        "two sources",
    ],
)
def test_a_server_is_stale_when_it_had_the_same_old_serial_for_longer_than_its_refresh(
    block: str, status: Status
) -> None:
    assert _one(block, "MX413")[0] is status


def test_a_server_that_has_moved_on_or_was_not_behind_then_is_not_accused() -> None:
    moved = (
        TWO_COPIES
        + SAME_YESTERDAY
        + "".join(
            f"before {line}\n" for line in TWO_COPIES.replace(" 7 3600", " 6 3600").splitlines() if "authority" in line
        )
    )
    level = (
        TWO_COPIES
        + SAME_YESTERDAY
        + "".join(
            f"before {line}\n" for line in TWO_COPIES.replace(" 8 3600", " 7 3600").splitlines() if "authority" in line
        )
    )

    assert _one(moved, "MX413")[0] is Status.PASSES
    assert _one(level, "MX413")[0] is Status.PASSES


# -- a plan in a file of its own ---------------------------------------------------------------------------------------


def test_a_change_that_a_plan_of_its_own_file_wants_is_no_drift() -> None:
    alone = beside_of(LATE.replace(PLAN, "") + "before example.test MX 10 mx.old.test\n")
    found = {
        plan: {one.code for judgement in judge_snapshot(snapshot_of(LATE), beside=beside) for one in judgement.findings}
        for plan, beside in ((False, alone), (True, replace(alone, plan=beside_of(LATE).migration)))
    }

    assert "MX520" in found[False]
    assert "MX520" not in found[True]


def test_a_plan_is_believed_until_a_week_after_the_day_until_which_it_keeps_the_old_hosts() -> None:
    kept = _with_plan(LATE, "approved   keep-old-until: 2026-04-01\n")

    for block, moment, is_in in (
        (LATE, "2026-03-08T07:00Z", True),
        (LATE, "2026-03-08T09:00Z", False),
        (kept, "2026-04-07T23:00Z", True),
        (kept, "2026-04-08T01:00Z", False),
    ):
        snapshot = snapshot_of(block.replace("2026-03-01T12:00Z", moment))
        assert is_in_window(beside_of(block), snapshot) is is_in, moment
