"""Rules about proofs: what raises each, and what comes near and does not."""

import pytest
from msgspec.structs import replace

from mxprobe.facts.finding import Severity, Status
from mxprobe.facts.proof import Proof
from mxprobe.jobs.prove import judge
from tests.support.proofs import BEGAN, MX1, MX2, bounce, copy, handed_on, handover, proof, route, taken

DOWN = (MX1,)
POSTFIX = "mx2.example.test ESMTP Postfix"


def _status(known: Proof, code: str) -> tuple[Status, str]:
    (judgement,) = (one for one in judge(known).judgements if one.code == code)
    return judgement.status, judgement.reason or ""


def _fires(known: Proof, code: str) -> bool:
    return _status(known, code)[0] is Status.FIRES


def _drained(greets: str, after: float) -> Proof:
    message = route(MX2, taken(MX2, greets), copies=(copy(after + 1, handed_on(after)),), down=DOWN)
    return proof(message, up_at=BEGAN + 600, watched_until=BEGAN + after + 60)


@pytest.mark.parametrize(("after", "fires"), [(700, False), (1500, False), (1600, True)])
def test_a_delay_that_the_schedule_explains_is_none(after: float, fires: bool) -> None:
    assert _fires(_drained(POSTFIX, after), "MX958") is fires


def test_a_delay_of_a_mailer_that_is_not_known_is_not_judged() -> None:
    assert _status(_drained("mx2 ESMTP", 9000), "MX958") == (
        Status.INCONCLUSIVE,
        "mx2.example.test does not say what it runs",
    )


@pytest.mark.parametrize(
    ("status", "said", "remote", "fires"),
    [
        ("5.7.23", "550 5.7.23 SPF validation failed", MX1, True),
        ("5.7.1", "host mx1.example.test[192.0.2.1] said: 550 5.7.1 no", "", True),
        ("5.7.1", "550 5.7.1 content rejected", MX2, False),
        ("5.1.1", "550 5.1.1 no such user", MX1, False),
    ],
)
def test_who_refused_by_policy_matters(status: str, said: str, remote: str, fires: bool) -> None:
    known = proof(route(MX2, taken(MX2), bounces=(bounce(status, said, remote),)))

    assert _fires(known, "MX856") is fires


@pytest.mark.parametrize(
    ("said", "fires"), [("4.1.1 unverified address", True), ("4.2.0 Greylisted, come back later", False)]
)
def test_a_backup_that_greylists_in_an_outage_is_not_said_to_ask_the_primary(said: str, fires: bool) -> None:
    known = proof(route(MX2, handover(MX2, 450, said, "R2"), down=DOWN))

    assert _fires(known, "MX815") is fires


@pytest.mark.parametrize(("overdue", "status"), [(600.0, Status.FIRES), (3600.0, Status.INCONCLUSIVE)])
def test_a_backup_is_late_when_the_person_says_so(overdue: float, status: Status) -> None:
    assert _status(proof(route(MX2, taken(MX2)), overdue=overdue), "MX813")[0] is status


@pytest.mark.parametrize("code", ["MX775", "MX777"])
def test_a_policy_that_could_not_be_had_is_no_policy_that_holds(code: str) -> None:
    known = proof(route(MX2, taken(MX2), copies=(copy(5),)), policy_missing="the policy could not be had: refused")

    assert _status(known, code) == (Status.INCONCLUSIVE, "the policy could not be had: refused")


def test_a_policy_refusal_is_an_error_and_a_note_of_the_filter_a_warning() -> None:
    refused = proof(route(MX2, taken(MX2), bounces=(bounce("5.7.1", "no", MX1),)))
    (judgement,) = (one for one in judge(refused).judgements if one.code == "MX856")

    assert [one.severity for one in judgement.findings] == [Severity.ERROR]


PASS = "mx1.example.test; dkim=pass header.d=probe.test"
FAIL = "mx1.example.test; dkim=fail (body hash did not verify) header.d=probe.test"


@pytest.mark.parametrize(
    ("straight", "over", "signed", "status"),
    [
        ((PASS,), (FAIL,), "probe.test", Status.FIRES),
        ((PASS,), ("mx1.example.test; dkim=none",), "probe.test", Status.FIRES),
        ((PASS,), (PASS,), "probe.test", Status.PASSES),
        ((PASS,), ("mx1.example.test; dkim=temperror header.d=probe.test",), "probe.test", Status.PASSES),
        ((PASS,), (f"{FAIL}; arc=pass",), "probe.test", Status.PASSES),
        ((PASS,), (FAIL.replace("probe.test", "list.test"),), "probe.test", Status.INCONCLUSIVE),
        ((FAIL,), (FAIL,), "probe.test", Status.INCONCLUSIVE),
        ((), (), "probe.test", Status.INCONCLUSIVE),
        ((PASS,), (FAIL,), "", Status.INCONCLUSIVE),
    ],
)
def test_a_signature_that_breaks_on_the_way(
    straight: tuple[str, ...], over: tuple[str, ...], signed: str, status: Status
) -> None:
    known = proof(
        route(MX1, taken(MX1), copies=(replace(copy(2), notes=straight),)),
        route(MX2, taken(MX2), copies=(replace(copy(9, handed_on(8)), notes=over),)),
        signed=signed,
    )

    assert _status(known, "MX859")[0] is status
