"""A zone file with a plan beside it: what it has is to be published, and is never taken for what is."""

from datetime import UTC, datetime

import pytest

from mxprobe.facts.advice import Advice, MigrationStep, StepState
from mxprobe.facts.beside import Beside
from mxprobe.facts.migration import Migration
from mxprobe.facts.snapshot import Snapshot
from mxprobe.jobs.look import judge
from mxprobe.jobs.look_at_zone import snapshot_of
from mxprobe.mx.advice import advise
from mxprobe.report.look_advice import render_advice
from mxprobe.scenario.load_migration import load_migration
from mxprobe.scenario.zonefile import read_zone_file

DOMAIN = "shop.test"
NOW = datetime(2026, 2, 27, 8, tzinfo=UTC).timestamp()
HEAD = "$TTL {ttl}\n@ IN SOA ns1 hostmaster 1 7200 900 1209600 300\n@ IN NS ns1\nns1 A 192.0.2.53\n"
OLD = HEAD + "@ MX 10 mx1\nmx1 A 192.0.2.1\nmx2 A 192.0.2.2\n"
NEW = HEAD + "@ MX 10 mx2\nmx1 A 192.0.2.1\nmx2 A 192.0.2.2\n"
PLAN = "domain: shop.test\nold: [10 mx1]\nnew: [10 mx2]\ncut-over: 2026-03-01T08:00Z\nold-ttl: 1d\n"
LOWERED = "ttl-lowered: 2026-02-26T08:00Z\n"


def _zone(text: str, ttl: int = 3600) -> Snapshot:
    return snapshot_of(read_zone_file(text.format(ttl=ttl), DOMAIN, "db.shop"), DOMAIN, NOW)


def _plan(text: str) -> Migration:
    return load_migration(text.encode(), "plan.yaml")


def _steps(advice: Advice) -> dict[str, MigrationStep]:
    return {step.name: step for step in advice.steps}


@pytest.mark.parametrize("plan", [PLAN, PLAN + LOWERED])
def test_the_new_records_in_a_file_are_not_published(plan: str) -> None:
    advice = advise(_plan(plan), _zone(NEW))
    steps = _steps(advice)

    assert advice.file == "db.shop"
    assert steps["publish-new"].state is StepState.UNKNOWN
    assert steps["publish-new"].what == "publish the new MX records, by db.shop"
    assert steps["publish-new"].until == _plan(plan).cut_over
    assert steps["remove-old"].state is StepState.WAIT
    assert steps["switch-off"].state is StepState.WAIT
    assert steps["raise-ttl"].state is StepState.WAIT
    assert not [step for step in advice.steps if "published" in step.reason and step.state is StepState.DONE]


def test_that_the_ttl_was_lowered_is_told_by_the_plan_and_not_by_the_new_records() -> None:
    assert _steps(advise(_plan(PLAN), _zone(NEW, 300)))["lower-ttl"].state is StepState.UNKNOWN
    assert _steps(advise(_plan(PLAN + LOWERED), _zone(NEW, 3600)))["lower-ttl"].state is StepState.DONE


def test_a_file_with_the_old_records_lowers_the_ttl_when_it_is_published() -> None:
    low, high = (_steps(advise(_plan(PLAN), _zone(OLD, ttl)))["lower-ttl"] for ttl in (300, 3600))

    assert (low.state, low.reason) == (StepState.NOW, "publish db.shop: it has 300 s")
    assert (high.state, high.reason) == (StepState.NOW, "db.shop has 3600 s, and caches keep the old records so long")
    assert low.by == high.by == _plan(PLAN).cut_over - 86400


def test_what_has_to_wait_is_not_said_to_be_allowed_until_then() -> None:
    lines = "\n".join(render_advice(advise(_plan(PLAN), _zone(NEW))))

    assert "db.shop was read, and nobody was asked what is published." in lines
    assert "publish the new MX records, by db.shop  not before 2026-03-01 08:00 UTC" in lines


@pytest.mark.parametrize(
    ("text", "ttl", "codes"),
    [(OLD, 259200, {"MX401", "MX409"}), (NEW, 259200, {"MX401"}), (OLD, 7200, {"MX401"}), (NEW, 7200, set())],
)
def test_the_ttl_of_the_new_records_is_that_of_any_day(text: str, ttl: int, codes: set[str]) -> None:
    plan = _plan(PLAN.replace("old-ttl: 1d", "old-ttl: 3d"))
    found = judge(_zone(text, ttl), beside=Beside(plan=plan), wanted=("MX401", "MX409"))

    told = [one for judgement in found.judgements for one in judgement.findings]
    also = {line.partition(" ")[0] for one in told for line in one.also}
    assert {one.code for one in told} | also == codes
    assert not any("server" in line for one in told for line in one.seen)
    assert any("cut-over" in one.says for one in told) is (text == OLD)
