"""Rules about looks that were kept: what came and went, and what lasts; what comes near raises nothing."""

import pytest

from mxprobe.facts.finding import Finding, Judgement, Status
from tests.support.examples import judged

NOW = """\
looked 2026-03-10T12:00Z
example.test MX 10 mx1.example.test
mx1.example.test A 192.0.2.1
authority ns1.example.test example.test MX 10 mx1.example.test
"""
MINE = "example.test MX 10 mx1.example.test"
ZONE = "authority ns1.example.test example.test MX 10"
LOW = NOW + "authority ns1.example.test example.test MX ttl 30\n"


def _of(code: str, block: str) -> Judgement:
    return next(one for one in judged(block) if one.code == code)


def _found(code: str, block: str) -> tuple[Finding, ...]:
    return _of(code, block).findings


def _stays(*moments: tuple[str, str]) -> str:
    """Looks of these moments, at which the zone named these hosts."""
    return NOW + "".join(
        f"history {moment} example.test MX 10 {host}\nhistory {moment} {ZONE} {host}\n" for moment, host in moments
    )


ONE, NINE, THREE = "mx1.example.test", "mx9.other.test", "mx3.example.test"


def test_a_host_that_came_and_went_within_a_day_is_told_with_its_moments() -> None:
    (found,) = _found(
        "MX527", _stays(("2026-03-09T08:00Z", ONE), ("2026-03-09T08:05Z", NINE), ("2026-03-09T08:30Z", ONE))
    )

    assert found.says == "the MX records of example.test named mx9.other.test for less than 30 min"
    assert found.seen == (
        "2026-03-09 08:00 UTC: MX 10 mx1.example.test",
        "2026-03-09 08:05 UTC: MX 10 mx9.other.test",
        "2026-03-09 08:30 UTC: MX 10 mx1.example.test",
    )
    assert found.subject == NINE


@pytest.mark.parametrize(
    ("block", "why"),
    [
        (_stays(("2026-03-09T08:00Z", ONE), ("2026-03-10T10:00Z", ONE)), "nothing changed"),
        (_stays(("2026-03-09T08:00Z", NINE), ("2026-03-09T08:30Z", ONE)), "nobody knows how long it was there before"),
        (
            _stays(("2026-03-07T08:00Z", ONE), ("2026-03-07T09:00Z", NINE), ("2026-03-08T20:00Z", NINE)),
            "it stayed longer",
        ),
        (_stays(("2026-03-07T08:00Z", ONE), ("2026-03-09T08:00Z", NINE)), "too few looks to say how long"),
        (
            _stays(("2026-03-01T08:00Z", ONE), ("2026-03-01T08:05Z", NINE), ("2026-03-01T09:00Z", ONE)),
            "more than a week ago",
        ),
        (
            _stays(("2026-03-09T08:00Z", ONE), ("2026-03-09T08:05Z", NINE), ("2026-03-09T09:00Z", ONE))
            + "approved operators: [example.test, other.test]\n",
            "approved",
        ),
        (
            _stays(("2026-03-09T08:00Z", ONE), ("2026-03-09T08:05Z", "aspmx.l.google.com"), ("2026-03-09T09:00Z", ONE))
            + "approved providers: [Google]\n",
            "an approved provider's",
        ),
        (
            _stays(("2026-03-09T08:00Z", ONE), ("2026-03-09T08:05Z", NINE), ("2026-03-09T09:00Z", ONE))
            + "approved backups: [mx9.other.test]\n",
            "an approved backup",
        ),
        (
            _stays(("2026-03-09T08:00Z", ONE), ("2026-03-09T08:05Z", NINE), ("2026-03-09T09:00Z", ONE))
            + "approved migration: {old: [10 mx1], new: [10 mx9.other.test], cut-over: 2026-03-11, old-ttl: 1h}\n",
            "on the plan",
        ),
        (
            _stays(("2026-03-09T08:00Z", ONE), ("2026-03-09T09:00Z", "mx2.example.test"), ("2026-03-09T10:00Z", ONE))
            .replace(
                "history 2026-03-09T08:00Z",
                "history 2026-03-09T08:00Z example.test MX 20 mx2.example.test\nhistory 2026-03-09T08:00Z",
            )
            .replace(MINE + "\nmx1", MINE + "\nexample.test MX 20 mx2.example.test\nmx1"),
            "mx1 was away for an hour",
        ),
    ],
    ids=lambda value: value if len(value) < 60 else "",
)
def test_what_comes_near_to_a_host_that_came_and_went_is_none(block: str, why: str) -> None:
    assert _of("MX527", block).status is Status.PASSES, why


def test_a_host_that_is_there_today_is_for_the_other_rules() -> None:
    today = NOW.replace(ONE, THREE) + f"history 2026-03-10T08:00Z {MINE}\nhistory 2026-03-10T08:00Z {ZONE} {ONE}\n"

    assert not _found("MX527", today)


LIED = "looked 2026-03-10T12:00Z\nexample.test MX 10 mx9.other.test\nmx9.other.test A 203.0.113.9\n" + f"{ZONE} {ONE}\n"


def test_a_host_that_one_resolver_alone_has_ever_named_is_told_and_covers_the_old_copy() -> None:
    kept = f"history 2026-03-08T12:00Z {MINE}\n"
    (found,) = _found("MX527", LIED + kept)

    assert found.says == "a resolver names mx9.other.test as an MX host of example.test, and the zone never did"
    assert "MX405 propagation-incomplete" in found.also
    assert not _found("MX405", LIED + kept)


@pytest.mark.parametrize(
    "kept",
    [
        f"history 2026-03-10T08:00Z {MINE}\n",  # a copy can be older than that
        "history 2026-03-08T12:00Z same\n",  # it was seen before
        f"history 2026-03-08T12:00Z {ZONE} mx9.other.test\n",
    ],
    ids=["short", "seen", "was authoritative"],
)
def test_an_old_copy_in_a_resolver_is_no_lie(kept: str) -> None:
    assert not _found("MX527", LIED + kept)
    assert _found("MX405", LIED + kept)


def test_without_looks_that_were_kept_nothing_can_be_said() -> None:
    assert _of("MX527", NOW).reason == "no looks of the days before were kept: --history DIR"
    assert _of("MX402", LOW).reason == "no looks of the days before were kept: --history DIR"


WEEK = "history 2026-03-01T12:00Z same\nhistory 2026-03-05T12:00Z same\n"


def test_a_low_ttl_is_told_when_it_lasts_a_week() -> None:
    (found,) = _found("MX402", LOW + WEEK)

    assert "less than 60 s since 2026-03-01 12:00 UTC" in found.says
    assert found.seen[0] == "2026-03-01 12:00 UTC: MX TTL 30"


@pytest.mark.parametrize(
    "block",
    [
        LOW.replace("ttl 30", "ttl 60") + WEEK,
        LOW + "history 2026-03-01T12:00Z same\n",
        LOW + "history 2026-03-04T12:00Z same\nhistory 2026-03-06T12:00Z same\n",
        LOW + WEEK + "history 2026-03-08T12:00Z authority ns1.example.test example.test MX ttl 3600\n",
        LOW + WEEK + "approved migration: {old: [10 mx1], new: [10 mx3], cut-over: 2026-03-12, old-ttl: 1h}\n",
    ],
    ids=["a minute", "two looks", "six days", "high in between", "planned"],
)
def test_what_comes_near_to_a_low_ttl_is_none(block: str) -> None:
    assert _of("MX402", block).status is Status.PASSES


def test_the_ttl_of_a_cache_proves_nothing() -> None:
    cached = LOW.replace("authority ns1.example.test example.test MX 10 mx1.example.test\n", "") + WEEK

    assert _of("MX402", cached).status is Status.INCONCLUSIVE
