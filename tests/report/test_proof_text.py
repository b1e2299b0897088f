"""What a proof looks like: to a person, to a machine, to a CI page."""

from xml.etree import ElementTree as ET

import msgspec
import pytest
from msgspec.structs import replace

from mxprobe.facts.proof import Hop, Proof, Route
from mxprobe.jobs.prove import judge
from mxprobe.mx.proven import LastProven
from mxprobe.report.json import ProofDocument, render_document
from mxprobe.report.junit import render_proof_junit
from mxprobe.report.proof_text import render_plan, render_proof, say_proven, say_verdict
from mxprobe.report.proven_text import render_proven, say_outage
from tests.support.proofs import ALICE, BEGAN, MX1, MX2, bounce, copy, handed_on, handover, proof, route, taken

HOPS = (Hop(by=MX2, source="probe.test", at=BEGAN + 1), handed_on(38))
DIRECT = route(MX1, taken(MX1), copies=(copy(2),))
ARRIVED = route(MX2, taken(MX2), copies=(copy(42, *HOPS),))
IN_OUTAGE = replace(ARRIVED, handovers=(taken(MX2, "mx2 ESMTP Postfix"),), down=(MX1,))


def _text(known: Proof) -> str:
    return render_proof(known, judge(known).judgements)


def test_a_manager_reads_the_verdict_first_and_what_it_does_not_prove_last() -> None:
    known = proof(DIRECT, ARRIVED)
    text = _text(known)
    lines = text.splitlines()

    assert lines[0] == "mx1.example.test: PROVEN. Mail for alice: accepted, arrived in 2 s."
    assert " ".join(lines[1:3]) == (
        "mx2.example.test: PROVEN while mx1.example.test is up. Mail for alice: accepted, handed to mx1.example.test, "
        "arrived in 42 s."
    )
    assert any("handed on" in line and "Received: from mx2.example.test by mx1.example.test" in line for line in lines)
    assert "NOT PROVEN   what mx2.example.test does while mx1.example.test is down" in " ".join(text.split("\n"))
    assert f"mxprobe prove {ALICE} --when-down mx1.example.test" in text
    assert say_proven(known) == "mx1.example.test, mx2.example.test proven on 2026-11-18 while the primary was up."
    assert " bounces     none                   watched until 11:36:40" in text
    assert max(map(len, lines)) <= 100


@pytest.mark.parametrize(
    ("message", "says"),
    [
        (route(MX2, taken(MX2)), "not there within 30 min; it may still arrive"),
        (IN_OUTAGE, "PROVEN in an outage of mx1.example.test"),
        (route(MX2, handover(MX2, 550, "5.7.1 no relay", "R4")), 'refused: "550 5.7.1 no relay"'),
        (route(MX2), "it is not sent again"),
        (route(MX2, taken(MX2), bounces=(bounce("5.7.1", "no"),)), f"accepted, and given back by {MX2}: 5.7.1 no"),
    ],
)
def test_each_verdict_has_its_words(message: Route, says: str) -> None:
    assert says in say_verdict(proof(DIRECT, message), message)


def test_the_delay_of_an_outage_is_explained() -> None:
    known = proof(IN_OUTAGE, up_at=BEGAN + 30)

    assert say_verdict(known, IN_OUTAGE).endswith(
        "arrived in 42 s, 8 s after mx1.example.test was seen up again (Postfix tries again within 5 min)."
    )
    assert " up again    +30 s      mx1.example.test takes connections" in _text(known)


def test_what_has_not_come_is_said_with_until_when_it_was_looked_for() -> None:
    text = _text(proof(DIRECT, route(MX2, taken(MX2)), could_not_look="IMAP: no answer"))

    assert "no copy and no bounce until 11:36:40; it may still arrive" in text
    assert "then not any more: IMAP: no answer" in text


def test_lost_is_said_only_after_the_deadline() -> None:
    late = proof(DIRECT, route(MX2, taken(MX2)), watched_until=BEGAN + 21600)
    codes = {found.code for judgement in judge(late).judgements for found in judgement.findings}

    assert "MX817" in codes
    assert "MX813" not in codes


def test_dates_of_proofs_stand_in_a_table() -> None:
    first = LastProven(domain="example.test", host=MX1, preference=10, is_primary=True, while_up=BEGAN)
    second = LastProven(domain="example.test", host=MX2, preference=20, is_primary=False, failed=BEGAN)
    lines = render_proven((first, second), (second,)).splitlines()

    assert [line.split() for line in lines[2:4]] == [
        ["10", MX1, "2026-11-18", "-", "-"],
        ["!", "20", MX2, "never", "never", "2026-11-18"],
    ]
    assert say_outage((first, second)) == "Last proven in an outage: never."
    assert say_outage((first,)) == ""


def test_the_plan_says_whom_what_and_by_whose_leave() -> None:
    text = " ".join(render_plan(proof(DIRECT, replace(ARRIVED, is_unknown=True)), 1800.0).split())

    assert text.startswith("Would send 2 messages (none now) and watch for 30 min:")
    assert "straight to mx2.example.test 192.0.2.2 from me@probe.test to alice@example.test (who is not there)" in text
    assert "Allowed by: TXT _mxprobe.example.test until 2099-12-31" in text


def test_machines_get_the_same() -> None:
    known = proof(DIRECT, route(MX2, taken(MX2)))
    document = ProofDocument(proof=known, judgements=judge(known).judgements, exit_status=1)

    read = msgspec.json.decode(render_document(document))
    assert read["kind"] == "proof"
    assert read["proof"]["routes"][0]["via"] == "mx1.example.test"
    suite = ET.fromstring(render_proof_junit(document))  # noqa: S314  our own words
    failed = [case.get("name") for case in suite.findall("testcase") if case.find("failure") is not None]
    assert "mx2.example.test" in failed
    assert "mx1.example.test" not in failed
    assert suite.get("failures") == str(len(failed))
