"""The forecast: where mail goes with a host down, for each mailer, without exploding."""

import time

import pytest

from mxprobe.mx.forecast import FateKind, forecast_mailer
from mxprobe.mx.senders import PROFILES, find_profile
from tests.support.chains import chain, outcomes_of

PAIR = chain([(10, ["mx1"]), (20, ["mx2"])])


def _fate(sender: str, cells: dict[str, str]) -> tuple[FateKind, str | None, float]:
    prospects = forecast_mailer(find_profile(sender), PAIR, outcomes_of(PAIR, cells)).prospects
    assert len(prospects) == 1
    return prospects[0].kind, prospects[0].host, prospects[0].soonest


def test_with_nothing_down_mail_goes_to_the_primary_at_once() -> None:
    for profile in PROFILES:
        assert _fate(profile.name, {}) == (FateKind.ACCEPTED, "mx1", 0.0)


@pytest.mark.parametrize(("sender", "seconds"), [("postfix", 30.0), ("exim", 300.0), ("haraka", 30.0)])
def test_a_black_hole_costs_each_mailer_its_own_timeout(sender: str, seconds: float) -> None:
    assert _fate(sender, {"mx1": "C2"}) == (FateKind.ACCEPTED, "mx2", seconds)


def test_a_554_greeting_parts_the_mailers() -> None:
    assert _fate("postfix", {"mx1": "B3"})[:2] == (FateKind.ACCEPTED, "mx2")
    assert _fate("haraka", {"mx1": "B3"})[:2] == (FateKind.BOUNCES, None)


def test_a_host_that_nobody_knows_is_no_promise() -> None:
    outcomes = outcomes_of(PAIR, {"mx1": "C1"})
    outcomes = {endpoint: None if endpoint.host == "mx2" else cell for endpoint, cell in outcomes.items()}

    prospects = forecast_mailer(find_profile("postfix"), PAIR, outcomes).prospects

    assert [(prospect.kind, prospect.host) for prospect in prospects] == [(FateKind.UNKNOWN, "mx2")]


def test_equals_leave_both_ends_open() -> None:
    plan = chain([(10, ["a", "b"])])

    prospects = forecast_mailer(find_profile("postfix"), plan, outcomes_of(plan, {})).prospects

    assert {prospect.host for prospect in prospects} == {"a", "b"}


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
def test_sixteen_equal_dead_hosts_take_under_fifty_milliseconds(profile) -> None:  # type: ignore[no-untyped-def]
    plan = chain([(10, [f"mx{number}" for number in range(16)])])
    outcomes = outcomes_of(plan, {f"mx{number}": "C2" for number in range(16)})
    spent = []
    for _ in range(3):
        began = time.process_time()
        prospects = forecast_mailer(profile, plan, outcomes).prospects
        spent.append(time.process_time() - began)

    gives_up = profile.schedule.rounds == 1
    assert [prospect.kind for prospect in prospects] == [FateKind.BOUNCES if gives_up else FateKind.WAITS]
    assert min(spent) < 0.05
