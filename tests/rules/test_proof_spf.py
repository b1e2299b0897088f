"""Rules about SPF on the way of a proof: the primary that distrusts its backup, and the forwarder without SRS."""

import pytest
from msgspec.structs import replace

from mxprobe.facts.finding import Status
from mxprobe.facts.proof import Copy, Hop, Proof
from mxprobe.jobs.prove import judge
from tests.support.proofs import MX1, MX2, copy, passed_on, proof, route, taken, to_us

STORE, OTHER = "store.example", "mx.other.example"
PASS = f"{MX1}; spf=pass smtp.mailfrom=me@probe.test"
FAIL = f"{MX1}; spf=fail (domain of me@probe.test does not designate 192.0.2.2) smtp.mailfrom=me@probe.test"
FOREIGN = "other.example; spf=fail smtp.mailfrom=me@probe.test"
STRAIGHT, OVER = (to_us(MX1),), (to_us(MX2), passed_on(MX2, MX1))
ME = "<me@probe.test>"


def _copy(hops: tuple[Hop, ...], *notes: str, return_path: str = ME) -> Copy:
    return replace(copy(5, *hops), notes=notes, return_path=return_path)


def _proof(straight: Copy | None, over: Copy | None, **otherwise: object) -> Proof:
    ways = ((MX1, straight), (MX2, over))
    return proof(*(route(host, taken(host), copies=(one,)) for host, one in ways if one is not None), **otherwise)


def _raised(known: Proof) -> list[tuple[str, str]]:
    codes = ("MX856", "MX922")
    return [(one.code, one.subject) for said in judge(known).judgements for one in said.findings if one.code in codes]


def _status(known: Proof, code: str) -> tuple[Status, str]:
    (judgement,) = (one for one in judge(known).judgements if one.code == code)
    return judgement.status, judgement.reason or ""


RECEIVED_PASS = f"pass ({MX1}: domain of me@probe.test) client-ip=198.51.100.9; envelope-from=me@probe.test"
RECEIVED_FAIL = f"softfail ({MX1}: domain of me@probe.test) client-ip=192.0.2.2; envelope-from=me@probe.test"
NAMELESS_PASS = "Pass (mailfrom) identity=mailfrom; client-ip=198.51.100.9; envelope-from=me@probe.test"
NAMELESS_FAIL = "Fail (mailfrom) identity=mailfrom; client-ip=192.0.2.2; envelope-from=me@probe.test"


@pytest.mark.parametrize(
    ("straight", "over", "status"),
    [
        ((PASS,), (FAIL,), Status.FIRES),
        ((PASS,), (FAIL.replace("fail", "softfail"),), Status.FIRES),
        ((RECEIVED_PASS,), (RECEIVED_FAIL,), Status.FIRES),
        ((NAMELESS_PASS,), (NAMELESS_FAIL,), Status.FIRES),
        (("example.test; spf=pass",), ("example.test; spf=fail",), Status.FIRES),
        ((PASS,), (FAIL, f"{MX2}; spf=pass"), Status.FIRES),
        ((PASS,), (PASS,), Status.PASSES),
        ((PASS,), (f"{MX1}; spf=pass; dkim=fail (body hash did not verify) header.d=probe.test",), Status.PASSES),
        ((PASS,), (f"{MX1}; spf=pass; dmarc=fail (p=none) header.from=probe.test",), Status.PASSES),
        ((PASS,), (PASS, f"{MX2}; spf=softfail smtp.mailfrom=me@probe.test"), Status.PASSES),
        ((FAIL,), (FAIL,), Status.INCONCLUSIVE),
        ((), (FAIL,), Status.INCONCLUSIVE),
        ((PASS,), (), Status.INCONCLUSIVE),
        ((PASS,), (f"{MX2}; spf=softfail smtp.mailfrom=me@probe.test",), Status.INCONCLUSIVE),
        ((NAMELESS_PASS,), (NAMELESS_FAIL.replace("192.0.2.2", "192.0.2.20"),), Status.INCONCLUSIVE),
        ((PASS,), (FAIL.replace("me@probe.test", "me@list.test"),), Status.INCONCLUSIVE),
    ],
)
def test_the_primary_and_not_the_backup_judges_the_backup(
    straight: tuple[str, ...], over: tuple[str, ...], status: Status
) -> None:
    known = _proof(_copy(STRAIGHT, *straight), _copy(OVER, *over))

    assert _status(known, "MX856")[0] is status
    assert _raised(known) == ([("MX856", MX2)] if status is Status.FIRES else [])


def test_a_failed_check_alone_does_not_say_whose_fault_it_is() -> None:
    status, why = _status(_proof(None, _copy(OVER, FAIL)), "MX856")

    assert status is Status.INCONCLUSIVE
    assert why == "SPF is not said to hold on the straight way either (over mx2.example.test: fail)"


@pytest.mark.parametrize(
    "behind",
    [(passed_on(MX1, STORE),), (passed_on(MX1, "relay.example"), passed_on("relay.example", STORE))],
    ids=["store", "relay"],
)
def test_a_store_behind_the_primary_is_no_forwarding(behind: tuple[Hop, ...]) -> None:
    known = _proof(_copy((*STRAIGHT, *behind), PASS), _copy((*OVER, *behind), FAIL))

    assert _raised(known) == [("MX856", MX2)]


def test_a_primary_with_a_name_of_its_own_is_the_primary() -> None:
    inner, note = "mail1.isp.example", "mail1.isp.example; spf={} smtp.mailfrom=me@probe.test"
    straight, over = (to_us(inner),), (to_us(MX2), passed_on(MX2, inner))
    known = _proof(_copy(straight, note.format("pass")), _copy(over, note.format("fail")))

    assert _raised(known) == [("MX856", MX2)]


OUT = (*STRAIGHT, passed_on(MX1, OTHER))
OUT_OVER = (*OVER, passed_on(MX1, OTHER))


@pytest.mark.parametrize(
    ("hops", "notes", "return_path", "status"),
    [
        (OUT, (FOREIGN, PASS), ME, Status.FIRES),
        (OUT, (FOREIGN,), ME, Status.FIRES),
        (OUT, (FOREIGN.replace("fail", "softfail"),), ME, Status.FIRES),
        (OUT, (FOREIGN.replace("fail", "fail (192.0.2.1 is not allowed)"),), ME, Status.FIRES),
        ((*OUT, passed_on(OTHER, "inner.other.example")), (FOREIGN,), ME, Status.FIRES),
        (OUT, (FOREIGN,), "<SRS0=x=probe.test=me@example.test>", Status.PASSES),
        (OUT, (FOREIGN.replace("fail", "pass"),), ME, Status.PASSES),
        (OUT, (f"{FOREIGN}; dkim=pass header.d=probe.test",), ME, Status.PASSES),
        (OUT, (f"{FOREIGN}; arc=pass",), ME, Status.PASSES),
        (STRAIGHT, (FAIL,), ME, Status.PASSES),
        ((*STRAIGHT, passed_on(MX1, "store.example.test")), (FAIL,), ME, Status.PASSES),
        ((*OUT, passed_on(OTHER, MX1)), (FOREIGN,), ME, Status.PASSES),
        (OUT, (f"{FOREIGN}; dkim=pass header.d=list.test",), ME, Status.FIRES),
        (OUT, (FOREIGN.replace("fail", "fail (198.51.100.9 is not allowed)"),), ME, Status.INCONCLUSIVE),
        (OUT, (FOREIGN, FAIL), ME, Status.INCONCLUSIVE),
        (OUT, (), ME, Status.INCONCLUSIVE),
        (OUT, (FOREIGN,), "", Status.INCONCLUSIVE),
    ],
)
def test_who_forwards_under_the_sender_of_another(
    hops: tuple[Hop, ...], notes: tuple[str, ...], return_path: str, status: Status
) -> None:
    known = _proof(_copy(hops, *notes, return_path=return_path), None)

    assert _status(known, "MX922")[0] is status
    assert _raised(known) == ([("MX922", MX1)] if status is Status.FIRES else [])


def test_forwarding_by_the_primary_is_told_once() -> None:
    known = _proof(_copy(OUT, FOREIGN, PASS), _copy(OUT_OVER, FOREIGN, PASS))

    assert _raised(known) == [("MX922", MX1)]


def test_a_primary_that_distrusts_and_forwards_does_both() -> None:
    known = _proof(_copy(OUT, FOREIGN, PASS), _copy(OUT_OVER, FOREIGN, FAIL))

    assert _raised(known) == [("MX856", MX2), ("MX922", MX1)]


def test_a_backup_that_forwards_elsewhere_is_told_by_its_own_name() -> None:
    away = (to_us(MX2), passed_on(MX2, OTHER))

    assert _raised(_proof(_copy(STRAIGHT, PASS), _copy(away, FOREIGN))) == [("MX922", MX2)]
    status, why = _status(_proof(None, _copy(away, FOREIGN)), "MX922")
    assert status is Status.INCONCLUSIVE
    assert "no straight copy" in why


def test_nothing_is_said_of_forwarding_before_a_copy_has_come() -> None:
    known = proof(route(MX1, taken(MX1)))

    assert _status(known, "MX922") == (Status.INCONCLUSIVE, "no copy has come")
    assert _status(replace(known, mailbox=""), "MX922")[0] is Status.INCONCLUSIVE
