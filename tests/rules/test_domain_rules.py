"""Rules about domains: each fires on its cause, passes without it, and cannot be judged without its facts."""

import pytest

from mxprobe.facts.dns import AnswerStatus
from mxprobe.facts.finding import Finding, Severity, Status
from mxprobe.facts.session import FailureKind
from mxprobe.facts.snapshot import Snapshot
from mxprobe.rules import judge_snapshot
from mxprobe.rules.all import ALL_RULES
from tests.support.snapshots import HEALTHY, PLAIN, host, mx, snapshot, visit

PAIR = (mx((10, "mx1.example.test"), (20, "mx2.example.test")),)
ADDRESSES = (host("mx1.example.test", "192.0.2.1"), host("mx2.example.test", "192.0.2.2"))
REFUSED = FailureKind.REFUSED


def _found(seen: Snapshot) -> dict[str, Finding]:
    return {finding.code: finding for judgement in judge_snapshot(seen) for finding in judgement.findings}


def _status(seen: Snapshot, code: str) -> Status:
    return next(judgement.status for judgement in judge_snapshot(seen) if judgement.code == code)


def _pair(first: object, second: object, times: int = 3) -> Snapshot:
    return snapshot(
        (*PAIR, *ADDRESSES),
        (
            visit(10, "mx1.example.test", "192.0.2.1", first, times),  # type: ignore[arg-type]
            visit(20, "mx2.example.test", "192.0.2.2", second, times),  # type: ignore[arg-type]
        ),
    )


def test_a_healthy_pair_has_no_warning_and_no_error() -> None:
    worst = {finding.severity for finding in _found(_pair(HEALTHY, HEALTHY)).values()}

    assert worst <= {Severity.INFO, Severity.OK}


@pytest.mark.parametrize(
    ("seen", "code"),
    [
        (snapshot([mx(status=AnswerStatus.NXDOMAIN)]), "MX101"),
        (snapshot([mx(status=AnswerStatus.SERVFAIL)]), "MX102"),
        (snapshot([mx(), host("example.test", "192.0.2.1")]), "MX103"),
        (snapshot([mx((10, "m.example.test")), host("m.example.test", "192.0.2.1", alias="r.example.test")]), "MX104"),
        (snapshot([mx((0, "."))]), "MX106"),
        (snapshot([mx((0, "."), (10, "m.example.test")), host("m.example.test", "192.0.2.1")]), "MX107"),
        (
            snapshot(
                [
                    mx((10, "m.example.test"), (20, "n.example.test")),
                    host("m.example.test", status=AnswerStatus.NXDOMAIN),
                    host("n.example.test", "192.0.2.2"),
                ]
            ),
            "MX201",
        ),
        (
            snapshot(
                [
                    mx((10, "m.example.test"), (20, "n.example.test")),
                    host("m.example.test"),
                    host("n.example.test", "192.0.2.2"),
                ]
            ),
            "MX202",
        ),
        (snapshot([mx((10, "m.example.test")), host("m.example.test")]), "MX204"),
        (snapshot([mx((10, "m.example.test")), host("m.example.test", "10.0.0.5")]), "MX205"),
        (snapshot([mx((10, "m.example.test")), host("m.example.test", "127.0.0.1")]), "MX206"),
        (_pair(HEALTHY, REFUSED), "MX306"),
        (_pair(REFUSED, HEALTHY), "MX308"),
        (_pair(REFUSED, REFUSED), "MX309"),
        (_pair(PLAIN, PLAIN), "MX701"),
        (_pair(HEALTHY, PLAIN), "MX715"),
        (_pair(("554 5.7.1 203.0.113.9 is on dnsbl.example",), HEALTHY), "MX003"),
        (_pair(FailureKind.NO_FAMILY, HEALTHY), "MX007"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_rule_fires_on_its_cause_and_not_on_a_healthy_pair(seen: Snapshot, code: str) -> None:
    assert code in _found(seen)
    if code != "MX007":
        assert code not in _found(_pair(HEALTHY, HEALTHY))


def test_one_attempt_is_a_warning_and_three_are_an_error_that_names_them() -> None:
    once, thrice = _found(_pair(REFUSED, HEALTHY, times=1))["MX308"], _found(_pair(REFUSED, HEALTHY))["MX308"]

    assert once.severity is Severity.WARNING
    assert thrice.severity is Severity.ERROR
    assert "3 attempts in 40 s" in thrice.seen[0]


def test_what_was_not_dialled_is_inconclusive_and_never_a_pass() -> None:
    seen = snapshot((*PAIR, *ADDRESSES))

    for code in ("MX001", "MX003", "MX005", "MX306", "MX308", "MX309", "MX701", "MX707"):
        assert _status(seen, code) is Status.INCONCLUSIVE, code


def test_a_failed_lookup_is_inconclusive_for_what_needs_the_records() -> None:
    seen = snapshot([mx(status=AnswerStatus.SERVFAIL)])

    for code in ("MX101", "MX103", "MX104", "MX106", "MX107", "MX201", "MX205"):
        assert _status(seen, code) is Status.INCONCLUSIVE, code


def test_a_backup_that_refuses_only_the_probe_is_not_called_down() -> None:
    seen = _pair(HEALTHY, ("554 5.7.1 203.0.113.9 is on dnsbl.example",))

    assert "MX306" not in _found(seen)


def test_one_cause_is_one_finding() -> None:
    gap = _found(_pair(HEALTHY, PLAIN))

    assert "MX701" not in gap
    assert gap["MX715"].also == ("MX701 starttls-not-offered",)


def test_codes_and_names_are_unique() -> None:
    codes = [module.RULE.code for module in ALL_RULES]
    names = [module.RULE.name for module in ALL_RULES]

    assert len(set(codes)) == len(codes)
    assert len(set(names)) == len(names)
