"""What is said of each step of a migration, by what was seen: done, allowed, to wait, too late, wrong, or not known."""

import pytest
from msgspec.structs import replace

from mxprobe.facts.advice import Advice, MigrationStep, StepState
from mxprobe.mx.advice import advise
from mxprobe.report.look_advice import render_advice
from mxprobe.rules.moments import say_moment
from tests.support.examples import beside_of, judged, snapshot_of

DONE, NOW, WAIT = StepState.DONE, StepState.NOW, StepState.WAIT
OVERDUE, WRONG, UNKNOWN = StepState.OVERDUE, StepState.WRONG, StepState.UNKNOWN
PLAN = """\
approved migration:
approved   old: [10 mx.old.test]
approved   new: [10 mx.new.test]
approved   cut-over: 2026-03-01T08:00Z
approved   old-ttl: 1d
"""
LOWERED = "approved   ttl-lowered: 2026-02-20T00:00Z\n"
OLD_GIVEN = "authority ns1.example.test example.test MX 10 mx.old.test\n"
NEW_GIVEN = "authority ns1.example.test example.test MX 10 mx.new.test\n"
LOW = "authority ns1.example.test example.test MX ttl 300\n"
HOSTS = """\
mx.old.test A 192.0.2.9
mx.new.test A 192.0.2.1
192.0.2.9 "220 mx.old.test ESMTP" "250 mx.old.test"
192.0.2.1 "220 mx.new.test ESMTP" "250 mx.new.test"
192.0.2.9 good "250 2.1.5 ok"
192.0.2.1 good "250 2.1.5 ok"
_mta-sts.example.test NXDOMAIN
"""
OLD_MX = "example.test MX 10 mx.old.test\nexample.test MX ttl 300\n"
NEW_MX = "example.test MX 10 mx.new.test\nexample.test MX ttl 300\n"
BEFORE = "looked 2026-02-27T08:00Z\n" + OLD_MX + OLD_GIVEN + LOW + PLAN + LOWERED + HOSTS
AFTER = "looked 2026-03-01T12:00Z\n" + NEW_MX + NEW_GIVEN + LOW + PLAN + LOWERED + HOSTS
STS = ("_mta-sts.example.test NXDOMAIN\n", "_mta-sts.example.test TXT v=STSv1; id=1\n")
POLICY = 'policy "version: STSv1" "mode: enforce" {} "max_age: 604800"\n'
OLD_ALONE = POLICY.format('"mx: mx.old.test"')
BOTH = POLICY.format('"mx: mx.old.test" "mx: mx.new.test"')
NEW_ALONE = POLICY.format('"mx: mx.new.test"')


def _advise(block: str) -> Advice:
    beside = beside_of(block)
    assert beside.migration is not None
    return advise(beside.migration, snapshot_of(block), beside.before)


def _at(moment: str, block: str) -> str:
    first, rest = block.split("\n", 1)
    assert first.startswith("looked ")
    return f"looked {moment}\n{rest}"


def _with_policy(block: str, policy: str, published: str = "") -> str:
    block = block.replace(*STS) + policy
    return block.replace(LOWERED, f"{LOWERED}approved   sts-published: {published}\n") if published else block


def _step(block: str, name: str) -> MigrationStep:
    return next(step for step in _advise(block).steps if step.name == name)


def _states(block: str) -> dict[str, StepState]:
    return {step.name: step.state for step in _advise(block).steps}


def test_a_plain_move_has_its_steps_in_order_and_no_step_about_what_the_domain_does_not_have() -> None:
    assert _states(BEFORE) == {
        "lower-ttl": DONE,
        "prepare-host": DONE,
        "publish-new": WAIT,
        "remove-old": WAIT,
        "switch-off": WAIT,
        "raise-ttl": WAIT,
    }
    assert _states(AFTER) == {
        "lower-ttl": DONE,
        "prepare-host": DONE,
        "publish-new": DONE,
        "remove-old": DONE,
        "switch-off": WAIT,
        "raise-ttl": WAIT,
    }


# -- the TTL -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("block", "state"),
    [
        (BEFORE.replace(LOW, ""), NOW),
        (_at("2026-02-28T07:59Z", BEFORE.replace(LOW, "").replace("old-ttl: 1d", "old-ttl: 1h")), NOW),
        (_at("2026-02-28T09:00Z", BEFORE.replace(LOW, "")), OVERDUE),
        (BEFORE.replace(OLD_GIVEN + LOW, ""), UNKNOWN),
        (BEFORE.replace(LOW, LOW.replace("300", "301")), NOW),
    ],
    ids=["long before", "in time", "too late", "nobody heard", "a second more"],
)
def test_a_ttl_is_to_be_lowered_until_it_is_too_late(block: str, state: StepState) -> None:
    assert _step(block, "lower-ttl").state is state


def test_a_ttl_that_was_low_always_is_no_step() -> None:
    block = BEFORE.replace("old-ttl: 1d", "old-ttl: 5m").replace(LOWERED, "")

    assert "lower-ttl" not in _states(block)
    assert _step(_at("2026-03-01T08:00Z", block), "publish-new").state is NOW


def test_what_a_server_gives_counts_for_more_than_what_the_plan_says() -> None:
    block = _at("2026-02-28T20:00Z", BEFORE.replace(LOW, ""))
    publish = _step(block, "publish-new")

    assert publish.state is WAIT
    assert say_moment(publish.until or 0.0) == "2026-03-01 20:00 UTC"
    assert "the planned moment is too early" in publish.reason


def test_since_when_a_ttl_is_low_is_told_by_the_plan_or_an_earlier_look_or_not_at_all() -> None:
    late = _at("2026-03-01T08:00Z", BEFORE.replace(LOWERED, ""))
    early = _at("2026-02-27T08:00Z", BEFORE.replace(LOWERED, ""))
    seen = "before looked 2026-02-27T08:00Z\n"

    assert _step(late, "publish-new").state is UNKNOWN
    assert "`ttl-lowered` of the plan would tell" in _step(late, "publish-new").reason
    assert _step(late + seen, "publish-new").state is NOW
    assert _step(early, "publish-new").state is WAIT  # a whole TTL is left, whenever it was lowered
    assert _advise(late).earliest == snapshot_of(late).started_at + 86400


# -- hosts -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "before", "after"),
    [
        (('192.0.2.1 good "250 2.1.5 ok"', '192.0.2.1 good "550 5.7.1 Relay access denied"'), NOW, WRONG),
        (('192.0.2.1 "220 mx.new.test ESMTP" "250 mx.new.test"', "192.0.2.1 refuses connections"), NOW, WRONG),
        (("mx.new.test A 192.0.2.1", "mx.new.test A NXDOMAIN\nmx.new.test AAAA NXDOMAIN for 3600"), NOW, WRONG),
        (('192.0.2.1 good "250 2.1.5 ok"', '192.0.2.1 good "450 4.2.0 greylisted"'), UNKNOWN, UNKNOWN),
        (("mx.new.test A 192.0.2.1", "mx.new.test A SERVFAIL"), UNKNOWN, UNKNOWN),
        (('192.0.2.1 "220 mx.new.test ESMTP" "250 mx.new.test"', "192.0.2.1 no way for its family"), UNKNOWN, UNKNOWN),
    ],
    ids=["refuses", "is down", "is not there", "later", "lookup failed", "no way"],
)
def test_a_new_host_that_takes_no_mail_closes_the_way(
    change: tuple[str, str], before: StepState, after: StepState
) -> None:
    early, late = BEFORE.replace(*change), AFTER.replace(*change)
    cut_over = _step(_at("2026-03-01T08:00Z", early), "publish-new")

    assert (_step(early, "prepare-host").state, _step(late, "prepare-host").state) == (before, after)
    assert cut_over.state is (WAIT if before is NOW else UNKNOWN)
    assert cut_over.until is None
    assert _step(late, "publish-new").state is (WRONG if after is WRONG else DONE)


def test_nobody_asked_about_a_recipient_leaves_it_open_with_what_would_tell() -> None:
    block = "".join(f"{line}\n" for line in BEFORE.splitlines() if " good " not in line)

    assert _step(block, "prepare-host").state is UNKNOWN
    assert "--to you@example.test" in _step(block, "prepare-host").reason


def test_absence_that_caches_keep_brings_the_last_moment_forward() -> None:
    gone = "mx.new.test A NXDOMAIN\nmx.new.test AAAA NXDOMAIN for 86400"
    step = _step(BEFORE.replace("mx.new.test A 192.0.2.1", gone), "prepare-host")

    assert say_moment(step.by or 0.0) == "2026-02-28 08:00 UTC"
    assert "caches keep that for up to 86400 s" in step.reason


# -- the policy --------------------------------------------------------------------------------------------------------


def test_the_policy_comes_before_its_id_and_both_a_day_before_the_records() -> None:
    early = _with_policy(BEFORE, OLD_ALONE)
    late = _with_policy(_at("2026-02-28T20:00Z", BEFORE), OLD_ALONE)

    assert (_step(early, "extend-policy").state, _step(early, "change-policy-id").state) == (NOW, WAIT)
    assert say_moment(_step(early, "extend-policy").by or 0.0) == "2026-02-28 08:00 UTC"
    assert _step(late, "extend-policy").state is OVERDUE
    assert say_moment(_step(late, "publish-new").until or 0.0) == "2026-03-01 20:00 UTC"


def test_an_id_that_did_not_change_with_the_policy_is_changed_now() -> None:
    block = _with_policy(BEFORE, BOTH) + "before looked 2026-02-26T08:00Z\nbefore " + OLD_ALONE
    changed = block + "before _mta-sts.example.test TXT v=STSv1; id=0\n"

    assert _step(block, "change-policy-id").state is NOW
    assert "nobody fetches the new one" in _step(block, "change-policy-id").reason
    assert _step(changed, "change-policy-id").state is DONE


def test_whether_an_id_is_new_nobody_knows_without_plan_or_earlier_look() -> None:
    block = _with_policy(BEFORE, BOTH)
    told = _with_policy(BEFORE, BOTH, "2026-02-26T08:00Z")

    assert _step(block, "change-policy-id").state is UNKNOWN
    assert _step(told, "change-policy-id").state is DONE
    assert _step(_at("2026-03-01T08:00Z", told), "publish-new").state is NOW
    assert _step(_at("2026-03-01T08:00Z", block), "publish-new").state is UNKNOWN


def test_a_policy_of_half_a_day_has_the_records_wait() -> None:
    block = _with_policy(_at("2026-03-01T08:00Z", BEFORE), BOTH, "2026-02-28T20:00Z")

    assert say_moment(_step(block, "publish-new").until or 0.0) == "2026-03-01 20:00 UTC"
    assert _step(_with_policy(AFTER, BOTH, "2026-02-28T20:00Z"), "publish-new").state is WRONG


def test_records_that_came_before_the_policy_are_wrong() -> None:
    states = _states(_with_policy(AFTER, OLD_ALONE))

    assert (states["extend-policy"], states["publish-new"]) == (WRONG, WRONG)


@pytest.mark.parametrize(
    ("block", "state"),
    [
        (_with_policy(AFTER, BOTH, "2026-02-26"), WAIT),
        (_with_policy(AFTER, NEW_ALONE, "2026-02-26"), WRONG),
        (_with_policy(_at("2026-03-02T10:00Z", AFTER), BOTH, "2026-02-26"), NOW),
        (_with_policy(_at("2026-03-02T10:00Z", AFTER), NEW_ALONE, "2026-02-26"), DONE),
        (_with_policy(_at("2026-03-02T10:00Z", AFTER), POLICY.format('"mx: *.test"'), "2026-02-26"), DONE),
    ],
    ids=["early", "taken out early", "in time", "taken out", "nothing to take out"],
)
def test_old_hosts_stay_in_the_policy_as_long_as_anybody_goes_there(block: str, state: StepState) -> None:
    block = block.replace('"mx: *.test"', '"mx: mx.new.test"') if state is WRONG else block

    assert _step(block, "prune-policy").state is state


def test_a_policy_that_only_tests_or_is_not_known_closes_nothing_that_is_known() -> None:
    testing = _with_policy(_at("2026-03-01T08:00Z", BEFORE), OLD_ALONE.replace("enforce", "testing"))
    unknown = _with_policy(_at("2026-03-01T08:00Z", BEFORE), "policy timeout slow\n")

    assert _step(testing, "publish-new").state is NOW
    assert "extend-policy" not in _states(testing)
    assert (_step(unknown, "extend-policy").state, _step(unknown, "publish-new").state) == (UNKNOWN, UNKNOWN)


# -- the cut-over, and after it ----------------------------------------------------------------------------------------


def test_a_server_that_does_not_have_the_new_records_yet_is_named() -> None:
    half = AFTER + "authority ns2.example.test example.test MX 10 mx.old.test\n"
    step = _step(half, "publish-new")

    assert (step.state, _step(half, "switch-off").state) == (NOW, WAIT)
    assert "ns2.example.test" in step.reason


@pytest.mark.parametrize(
    ("block", "state"),
    [
        (AFTER, WAIT),
        (_at("2026-03-02T09:59Z", AFTER), WAIT),
        (_at("2026-03-02T10:00Z", AFTER), NOW),
        (_at("2026-03-10T10:00Z", AFTER), NOW),
        (AFTER.replace('192.0.2.9 "220 mx.old.test ESMTP" "250 mx.old.test"', "192.0.2.9 refuses connections"), WRONG),
        (AFTER.replace('192.0.2.9 good "250 2.1.5 ok"', '192.0.2.9 good "550 5.7.1 Relay access denied"'), WRONG),
        (AFTER.replace('192.0.2.9 good "250 2.1.5 ok"', '192.0.2.9 good "450 4.3.2 moved"'), WAIT),
        (
            _at("2026-03-02T10:00Z", AFTER).replace(
                '192.0.2.9 "220 mx.old.test ESMTP" "250 mx.old.test"', "192.0.2.9 refuses connections"
            ),
            DONE,
        ),
        (AFTER.replace(NEW_GIVEN + LOW, ""), UNKNOWN),
    ],
    ids=["early", "a minute before", "in time", "late", "down", "refuses", "later", "off", "nobody heard"],
)
def test_the_old_host_stays_for_its_ttl_and_two_hours(block: str, state: StepState) -> None:
    assert _step(block, "switch-off").state is state
    if state is WAIT:
        assert say_moment(_step(block, "switch-off").until or 0.0) == "2026-03-02 10:00 UTC"


def test_an_old_record_that_is_still_given_or_kept_for_a_while_keeps_the_old_host_on() -> None:
    late = _at("2026-03-05T08:00Z", AFTER)
    given = late.replace(NEW_GIVEN, NEW_GIVEN + OLD_GIVEN.replace("10 mx", "20 mx"))
    kept = given.replace(LOWERED, LOWERED + "approved   keep-old-until: 2026-03-10\n")
    cached = late.replace(NEW_MX, "example.test MX 10 mx.old.test\nexample.test MX ttl 7200\n")

    assert (_step(given, "remove-old").state, _step(given, "switch-off").state) == (OVERDUE, WAIT)
    assert (_step(kept, "remove-old").state, _step(kept, "switch-off").state) == (WAIT, WAIT)
    assert say_moment(_step(kept, "remove-old").until or 0.0) == "2026-03-10 00:00 UTC"
    assert say_moment(_step(cached, "switch-off").until or 0.0) == "2026-03-05 10:00 UTC"


def test_records_that_came_before_the_old_ttl_was_over_are_wrong_until_it_is() -> None:
    block = AFTER.replace("ttl-lowered: 2026-02-20T00:00Z", "ttl-lowered: 2026-03-01T07:00Z")
    step = _step(block, "publish-new")

    assert (step.state, _step(block, "switch-off").state) == (WRONG, WAIT)
    assert "keep the old hosts taking mail" in step.reason
    assert _step(_at("2026-03-02T10:00Z", block), "publish-new").state is DONE


def test_old_records_that_go_before_the_new_ones_come_are_wrong() -> None:
    other = AFTER.replace("mx.new.test\nexample.test MX ttl", "mx.third.test\nexample.test MX ttl").replace(
        NEW_GIVEN, NEW_GIVEN.replace("mx.new", "mx.third")
    )

    assert _step(other, "remove-old").state is WRONG


@pytest.mark.parametrize(
    ("moment", "ttl", "state"),
    [
        ("2026-03-01T12:00Z", 300, WAIT),
        ("2026-03-01T12:00Z", 86400, DONE),
        ("2026-03-03T12:00Z", 300, NOW),
        ("2026-03-08T08:01Z", 300, OVERDUE),
        ("2026-03-08T08:01Z", 3600, DONE),
    ],
)
def test_the_ttl_is_raised_when_nobody_wants_to_go_back(moment: str, ttl: int, state: StepState) -> None:
    assert (
        _step(_at(moment, AFTER.replace("MX ttl 300\napproved", f"MX ttl {ttl}\napproved")), "raise-ttl").state is state
    )


# -- addresses ---------------------------------------------------------------------------------------------------------

RENUMBER = BEFORE.replace("new: [10 mx.new.test]", "new: [10 mx.old.test]").replace(
    LOWERED, LOWERED + "approved   addresses: {mx.old.test: [192.0.2.77]}\n"
)


def test_a_host_that_changes_its_address_alone_moves_by_its_address() -> None:
    assert _step(RENUMBER + "mx.old.test A ttl 86400\n", "lower-address-ttl").state is NOW
    assert _step(_at("2026-03-01T07:00Z", RENUMBER) + "mx.old.test A ttl 86400\n", "lower-address-ttl").state is OVERDUE
    assert _step(RENUMBER + "mx.old.test A ttl 300\n", "lower-address-ttl").state is UNKNOWN
    assert _step(RENUMBER, "publish-new").what == "publish the new addresses"
    assert _step(RENUMBER, "publish-new").state is WAIT
    moved = _at("2026-03-01T09:00Z", RENUMBER.replace("mx.old.test A 192.0.2.9", "mx.old.test A 192.0.2.77"))
    assert (_step(moved, "publish-new").state, _step(moved, "lower-address-ttl").state) == (DONE, DONE)
    assert "switch-off" not in _states(moved)


# -- TLSA --------------------------------------------------------------------------------------------------------------

PROMISED = (
    BEFORE
    + "secure example.test MX\nsecure mx.old.test A\nsecure mx.old.test AAAA\nsecure mx.new.test A\n"
    + "secure mx.new.test AAAA\n192.0.2.9 certificate valid\n192.0.2.1 certificate valid\n"
    + "_25._tcp.mx.old.test TLSA 3 1 1 of 192.0.2.9\nsecure _25._tcp.mx.old.test TLSA\n"
    + "secure _25._tcp.mx.new.test TLSA\n"
)
FITS = "_25._tcp.mx.new.test TLSA 3 1 1 of 192.0.2.1\n"
FAILS = f"_25._tcp.mx.new.test TLSA 3 1 1 {'5a' * 32}\n"


@pytest.mark.parametrize(
    ("records", "state"),
    [(FITS, DONE), (FAILS, NOW), ("_25._tcp.mx.new.test TLSA NXDOMAIN\n", NOW)],
    ids=["fit", "are of another certificate", "are not there"],
)
def test_senders_that_do_dane_have_to_be_able_to_go_on(records: str, state: StepState) -> None:
    block = PROMISED + records

    assert _step(block, "publish-tlsa").state is state
    assert _step(_at("2026-03-01T08:00Z", block), "publish-new").state is (NOW if state is DONE else WAIT)


# -- the report --------------------------------------------------------------------------------------------------------


def test_the_report_has_a_line_for_each_step_with_its_moment_and_the_reason_below() -> None:
    lines = render_advice(_advise(_with_policy(_at("2026-02-27T08:00Z", BEFORE), OLD_ALONE)))

    assert lines[1:3] == [
        "MIGRATION   what may be done now, and what must wait",
        " cut-over planned for 2026-03-01 08:00 UTC (in 2 d)",
    ]
    assert " done     lower the TTL of the MX records to 300 s (it is 300 s)" in lines
    assert any(
        line.startswith(" NOW      serve an MTA-STS policy that allows old and new hosts  by ") for line in lines
    )
    assert " wait     publish the new MX records  not before 2026-03-01 08:00 UTC (in 2 d)" in lines
    assert "            as planned" in lines
    assert all(len(line) <= 100 for line in lines)


def test_the_report_says_in_its_first_line_when_it_would_be_safe() -> None:
    late = render_advice(_advise(_at("2026-03-01T07:00Z", BEFORE.replace(LOW, ""))))

    assert late[2] == (
        " cut-over planned for 2026-03-01 08:00 UTC (in 1 h); not safe before 2026-03-02 07:00 UTC (in 1 d)"
    )


def test_a_name_that_holds_control_characters_does_not_reach_the_terminal() -> None:
    step = MigrationStep(name="x", what="do\x1b[2J this", state=NOW, reason="\x1b]0;x\x07")
    told = "\n".join(render_advice(replace(_advise(BEFORE), steps=(step,))))

    assert "\x1b" not in told


ADDRESSES = """\
looked 2026-03-01T07:50Z
example.test MX 10 mx1.example.test
example.test MX ttl 3600
authority ns1.example.test example.test MX 10 mx1.example.test
authority ns1.example.test example.test MX ttl 3600
mx1.example.test A 192.0.2.1
mx1.example.test A ttl {ttl}
approved migration:
approved   old: [10 mx1]
approved   new: [10 mx1]
approved   cut-over: 2026-03-01T08:00Z
approved   old-ttl: 1d
approved   addresses: {{mx1: [192.0.2.77]}}
"""


@pytest.mark.parametrize(
    ("ttl", "more", "told"),
    [
        (300, "", {"lower-address-ttl": (UNKNOWN, ""), "publish-new": (WAIT, "2026-03-01 08:00 UTC")}),
        (7200, "", {"lower-address-ttl": (OVERDUE, ""), "publish-new": (WAIT, "2026-03-01 09:50 UTC")}),
        (
            300,
            "approved   ttl-lowered: 2026-03-01T00:00Z\n",
            {"lower-address-ttl": (UNKNOWN, ""), "publish-new": (WAIT, "2026-03-02 00:00 UTC")},
        ),
    ],
)
def test_where_addresses_alone_change_their_ttl_counts_and_not_that_of_the_mx_records(
    ttl: int, more: str, told: dict[str, tuple[StepState, str]]
) -> None:
    block = ADDRESSES.format(ttl=ttl) + more
    steps = _advise(block).steps

    assert {step.name: (step.state, say_moment(step.until) if step.until is not None else "") for step in steps} == told
    assert not {one.code for one in judged(block) if one.findings} & {"MX401", "MX409"}
