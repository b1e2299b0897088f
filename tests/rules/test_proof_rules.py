"""Rules about proofs: what raises each, and what comes near and does not."""

import pytest
from msgspec.structs import replace

from mxprobe.facts.finding import Severity, Status
from mxprobe.facts.proof import Answer, Copy, Hop, Proof
from mxprobe.jobs.prove import judge
from mxprobe.mx.labelled import BY_HAND
from tests.support.proofs import (
    BEGAN,
    MX1,
    MX2,
    bounce,
    copy,
    handed_on,
    handover,
    passed_on,
    proof,
    route,
    silent,
    taken,
    to_us,
)

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
    ("said", "status"),
    [
        ("4.1.1 unverified address", Status.FIRES),
        ("4.2.0 unverified address: verification in progress", Status.FIRES),
        ("Could not complete recipient verify callout", Status.FIRES),
        ("4.2.0 Greylisted, come back later", Status.PASSES),
        ("4.2.2 mailbox is full", Status.INCONCLUSIVE),
        ("4.2.1 not now", Status.INCONCLUSIVE),
        ("4.3.1 Insufficient system storage", Status.INCONCLUSIVE),
        ("the user is over quota", Status.INCONCLUSIVE),
    ],
)
def test_a_backup_asks_the_primary_where_it_has_no_reason_of_its_own(said: str, status: Status) -> None:
    known = proof(route(MX2, handover(MX2, 450, said, "R2"), down=DOWN))

    assert _status(known, "MX815")[0] is status
    assert status is not Status.INCONCLUSIVE or MX2 in _status(known, "MX815")[1]


@pytest.mark.parametrize(
    ("at", "up_at", "down", "fires"),
    [(0.0, None, DOWN, True), (60.0, 30.0, DOWN, False), (20.0, 30.0, DOWN, True), (0.0, None, ("mx3.test",), False)],
)
def test_a_backup_depends_on_the_primary_in_an_outage_alone(
    at: float, up_at: float | None, down: tuple[str, ...], fires: bool
) -> None:
    message = route(MX2, handover(MX2, 450, "4.1.1 unverified address", "R2", after=at), down=down)

    assert _fires(proof(message, up_at=None if up_at is None else BEGAN + up_at), "MX815") is fires


LATE = BEGAN + 21600


@pytest.mark.parametrize("code", ["MX813", "MX817"])
@pytest.mark.parametrize(
    ("otherwise", "reason"),
    [
        ({"returns": ""}, "--returns would tell"),
        ({"mail_from": ""}, "--from and --returns would tell"),
        ({"down_at_end": (MX1,)}, "mx1.example.test took no connection when the watch ended"),
    ],
)
def test_silence_is_no_sign_where_nobody_watched_or_the_primary_was_down(
    code: str, otherwise: dict[str, object], reason: str
) -> None:
    until = BEGAN + 1800 if code == "MX813" else LATE
    known = proof(route(MX2, taken(MX2)), watched_until=until)

    assert _fires(known, code)
    status, why = _status(replace(known, **otherwise), code)
    assert status is Status.INCONCLUSIVE
    assert reason in why
    assert MX2 in why


@pytest.mark.parametrize(("code", "until"), [("MX813", BEGAN + 1800), ("MX817", LATE)])
def test_a_mark_that_nobody_typed_says_nothing(code: str, until: float) -> None:
    status, why = _status(proof(route(MX2, taken(MX2)), mailbox=BY_HAND, watched_until=until), code)

    assert status is Status.INCONCLUSIVE
    assert MX2 in why


@pytest.mark.parametrize(("code", "until"), [("MX813", BEGAN + 1800), ("MX817", LATE)])
@pytest.mark.parametrize(
    ("up", "status"), [(None, Status.INCONCLUSIVE), (-60.0, Status.INCONCLUSIVE), (-1800.0, Status.FIRES)]
)
def test_what_was_taken_in_an_outage_has_as_long_after_it(
    code: str, until: float, up: float | None, status: Status
) -> None:
    late = BEGAN + 21599 if code == "MX813" else until
    message = route(MX2, taken(MX2, after=18000.0 if up == -1800.0 else 0.0), down=DOWN)
    known = proof(message, watched_until=late, up_at=None if up is None else late + up)

    assert _status(known, code)[0] is status


@pytest.mark.parametrize("code", ["MX813", "MX817"])
def test_one_of_two_primaries_that_is_up_is_enough(code: str) -> None:
    chain = ((10, MX1), (10, "mxb.example.test"), (20, MX2))
    until = BEGAN + 1800 if code == "MX813" else LATE
    known = proof(route(MX2, taken(MX2), down=DOWN), chain=chain, down_at_end=DOWN, watched_until=until)

    assert _fires(known, code)


@pytest.mark.parametrize("cell", ["Z5", "Z6", None])
def test_what_nobody_said_to_have_taken_is_not_lost(cell: str | None) -> None:
    attempts = () if cell is None else (silent(MX2, cell, Answer.UNKNOWN),)
    known = proof(route(MX1, taken(MX1), copies=(copy(2),)), route(MX2, *attempts), watched_until=LATE)

    status, why = _status(known, "MX817")
    assert status is Status.INCONCLUSIVE
    assert "nobody knows whether mx2.example.test took the message" in why


@pytest.mark.parametrize(
    ("otherwise", "status"),
    [
        ({}, Status.FIRES),
        ({"down": DOWN}, Status.INCONCLUSIVE),
        ({"down": ("mx3.example.test",)}, Status.FIRES),
    ],
)
def test_a_backup_sends_to_the_primary_that_is_up(otherwise: dict[str, object], status: Status) -> None:
    said = handover(MX2, 450, "4.3.2 the primary server is up, deliver directly", "R2")

    assert _status(proof(route(MX2, said, **otherwise)), "MX315")[0] is status


@pytest.mark.parametrize(
    ("hops", "otherwise", "status"),
    [
        ((to_us(MX1), passed_on(MX1, MX2)), {}, Status.FIRES),
        ((to_us(MX1), passed_on(MX1, MX2)), {"down_at_end": (MX1,)}, Status.INCONCLUSIVE),
        ((to_us(MX1), passed_on(MX1, "store.example.test")), {}, Status.PASSES),
        ((to_us(MX1), passed_on(MX1, f"not-{MX2}")), {}, Status.PASSES),
        ((), {"routes": (route(MX1, taken(MX1)),)}, Status.INCONCLUSIVE),
    ],
)
def test_mail_to_the_primary_by_way_of_the_backup(
    hops: tuple[Hop, ...], otherwise: dict[str, object], status: Status
) -> None:
    known = proof(route(MX1, taken(MX1), copies=(copy(3, *hops),)), route(MX2, taken(MX2), copies=(copy(5),)))

    assert _status(replace(known, **otherwise), "MX816")[0] is status


def _by_word(after: float, *hops: Hop) -> Copy:
    return replace(copy(after, *hops), at_known=False)


@pytest.mark.parametrize(
    ("copies", "status"),
    [
        ((copy(400),), Status.FIRES),
        ((copy(200),), Status.PASSES),
        ((_by_word(9000),), Status.INCONCLUSIVE),
        ((_by_word(9000, replace(handed_on(5), at=None)),), Status.INCONCLUSIVE),
        ((_by_word(9000, handed_on(5)),), Status.PASSES),
        ((_by_word(9000, handed_on(400)),), Status.FIRES),
        ((_by_word(10), copy(400)), Status.FIRES),
    ],
)
def test_how_long_it_took_is_not_told_by_when_somebody_said_so(copies: tuple[Copy, ...], status: Status) -> None:
    assert _status(proof(route(MX2, taken(MX2), copies=copies)), "MX819")[0] is status


def test_what_somebody_says_is_no_second_copy() -> None:
    both = route(MX2, taken(MX2), copies=(copy(5), _by_word(900)))

    assert not _fires(proof(both), "MX818")
    assert _fires(proof(replace(both, copies=(copy(5), copy(9)))), "MX818")


def test_a_drain_is_not_timed_by_when_somebody_said_so() -> None:
    message = route(MX2, taken(MX2, POSTFIX), copies=(_by_word(90000),), down=DOWN)
    status, why = _status(proof(message, up_at=BEGAN + 600, watched_until=BEGAN + 90000), "MX958")

    assert status is Status.INCONCLUSIVE
    assert why == "nobody knows when the message over mx2.example.test came"


ARRIVED = route(MX1, taken(MX1), copies=(copy(2, to_us(MX1)),))


def _raised(known: Proof) -> list[tuple[str, str]]:
    return [(one.code, one.subject) for judgement in judge(known).judgements for one in judgement.findings]


@pytest.mark.parametrize(
    ("status", "said", "remote", "code"),
    [
        ("5.4.6", "too many hops", "", "MX967"),
        ("5.0.0", 'Too many "Received" headers - suspected mail loop', "", "MX967"),
        ("5.3.5", "mail for example.test loops back to myself", "", "MX967"),
        ("5.7.1", "550 5.7.1 refused, write to loops@policy", MX1, "MX856"),
        ("5.7.1", "550 5.7.1 refused, write to mail-loop@policy", MX1, "MX856"),
        ("4.7.1", "450 4.7.1 rate limit", MX1, "MX856"),
        ("5.7.1", "550 5.7.1 no", "mx1.example.test [192.0.2.1]", "MX856"),
        ("5.7.1", "host a.test[192.0.2.10] said: 550 5.7.1 no", "", "MX812"),
        ("5.7.1", "550 5.7.1 content rejected", MX2, "MX812"),
        ("5.1.1", "550 5.1.1 no such user", MX1, "MX802"),
        ("5.7.1", "550 5.7.1 <alice>: User unknown", MX1, "MX802"),
        ("5.4.1", "550 5.4.1 Recipient address rejected: Access denied", MX1, "MX802"),
        ("4.4.7", "delivery time expired", "", "MX813"),
        ("5.4.7", "delivery time expired", "", "MX813"),
        ("4.4.1", "connect to mx1.example.test: Connection refused", "", "MX813"),
        ("5.0.0", "retry timeout exceeded", "", "MX813"),
        ("5.4.4", "Host or domain name not found", "", "MX813"),
        ("5.2.2", "552 5.2.2 mailbox full", MX1, "MX812"),
        ("5.3.4", "552 5.3.4 message too big", MX1, "MX812"),
        (None, "", "", "MX812"),
    ],
)
def test_a_message_that_came_back_has_one_cause(status: str | None, said: str, remote: str, code: str) -> None:
    known = proof(ARRIVED, route(MX2, taken(MX2), bounces=(replace(bounce("", said, remote), status=status),)))

    assert _raised(known) == [(code, MX2)]


def test_a_primary_that_gives_back_what_it_took_is_no_backup() -> None:
    known = proof(route(MX1, taken(MX1), bounces=(bounce("4.4.7", "delivery time expired"),)))

    assert _raised(known) == [("MX812", MX1)]


def test_nobody_is_accused_of_a_recipient_who_is_nowhere() -> None:
    refused = route(MX1, handover(MX1, 550, "5.1.1 no such user", "R3"))
    known = proof(refused, route(MX2, taken(MX2), bounces=(bounce("5.1.1", "550 5.1.1 no such user", MX1),)))

    status, why = _status(known, "MX802")
    assert _raised(known) == []
    assert status is Status.INCONCLUSIVE
    assert MX1 in why
    assert MX2 in why


def test_a_primary_that_refuses_the_message_itself_does_not_distrust_its_backup() -> None:
    refused = route(MX1, handover(MX1, 550, "5.7.1 content rejected", "Z3"))
    known = proof(refused, route(MX2, taken(MX2), bounces=(bounce("5.7.1", "550 5.7.1 content rejected", MX1),)))

    assert _raised(known) == [("MX812", MX1)]
    assert MX2 in _status(known, "MX856")[1]


def test_a_message_that_went_round_is_no_late_bounce() -> None:
    loop = (bounce("5.4.6", "too many hops"),)
    known = proof(ARRIVED, *(route(MX2, taken(MX2), bounces=loop, is_unknown=one) for one in (False, True)))

    assert _raised(known) == [("MX967", MX2)]


def test_whom_nobody_could_tell_of_a_bounce_saw_none() -> None:
    stranger = route(MX2, taken(MX2), is_unknown=True)

    assert _status(proof(stranger), "MX805")[0] is Status.PASSES
    assert _status(proof(stranger, returns=""), "MX805")[0] is Status.INCONCLUSIVE


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
