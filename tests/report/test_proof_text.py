"""What a proof looks like: to a person, to a machine, to a CI page."""

from xml.etree import ElementTree as ET

import msgspec
import pytest
from msgspec.structs import replace

from mxprobe.facts.proof import Blind, Box, Copy, Hop, Proof, Route
from mxprobe.facts.run import TlsUse
from mxprobe.jobs.prove import judge
from mxprobe.mx.proven import last_proven
from mxprobe.report.json import ProofDocument, render_document
from mxprobe.report.junit import render_proof_junit
from mxprobe.report.proof_table import say_tls
from mxprobe.report.proof_text import Closing, render_plan, render_proof, say_proven, say_verdict
from mxprobe.report.words import WIDTH
from tests.support.proofs import ALICE, BEGAN, MX1, MX2, bounce, copy, handed_on, handover, proof, route, taken

HOPS = (Hop(by=MX2, source="probe.test", at=BEGAN + 1), handed_on(38))
DIRECT = route(MX1, taken(MX1), copies=(copy(2),))
FIRST = copy(42, *HOPS)
ARRIVED = route(MX2, taken(MX2), copies=(FIRST,))
IN_OUTAGE = replace(ARRIVED, handovers=(taken(MX2, "mx2 ESMTP Postfix"),), down=(MX1,))


def _text(known: Proof) -> str:
    (proven,) = last_proven([known])
    return render_proof(known, judge(known).judgements, 0, Closing(saved="proof.json", proven=proven))


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
    assert lines[3] == "NOT PROVEN for an outage of mx1.example.test: see the end."
    assert say_proven(known) == "mx1.example.test, mx2.example.test proven on 2026-11-18 while the primary was up."
    assert lines[-2] == say_proven(known)
    assert lines[-1] == "Saved: proof.json.  Last proven in an outage: never.  Exit 0."
    assert " bounces     none                   watched until 11:36:40" in text
    assert max(map(len, lines)) <= WIDTH


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
    assert " up again    + 30 s     mx1.example.test takes connections" in _text(known)


def test_the_table_has_a_row_for_each_step_and_tls_at_the_right_edge() -> None:
    handover = replace(taken(MX2), tls=TlsUse.VERIFIED, tls_version="TLSv1.3")
    hops = (HOPS[0], replace(HOPS[1], tls="using TLSv1.2 with cipher ECDHE-RSA-AES256-GCM-SHA384 (256/256 bits)"))
    copies = (replace(FIRST, hops=hops, notes=("spf=softfail smtp.mailfrom=probe.test",)), Copy(place="Junk", at=BEGAN))
    lines = _text(proof(DIRECT, route(MX2, handover, copies=copies))).splitlines()

    first = next(number for number, line in enumerate(lines) if line.startswith(" path"))
    assert lines[first : first + 8] == [
        " path        step        when       evidence",
        ' via mx1     accepted    11:06:40   mx1 192.0.2.1 "250 2.0.0 Ok: queued as 7F2A1"' + " " * 16 + "TLS",
        "             arrived     + 2 s      INBOX, 1 copy",
        ' via mx2     accepted    11:06:40   mx2 192.0.2.2 "250 2.0.0 Ok: queued as 7F2A1"'
        + " " * 2
        + "TLS 1.3, verified",
        "             handed on   + 38 s     Received: from mx2.example.test by mx1.example.test      TLS 1.2",
        "             arrived     + 42 s     INBOX, copy 1 of 2; spf=softfail smtp.mailfrom=probe.test",
        "             arrived     + 0 s      Junk, copy 2 of 2",
        " bounces     none                   watched until 11:36:40",
    ]


def test_what_was_not_handed_on_says_by_which_name_to_look_for_it() -> None:
    lines = _text(proof(DIRECT, route(MX2, taken(MX2)))).splitlines()

    row = next(number for number, line in enumerate(lines) if "handed on" in line)
    assert lines[row].split(maxsplit=2)[1:] == ["on", "-          no copy, no bounce, until 11:36:40"]
    assert lines[row + 1].strip() == "Look for 7F2A1 in the queue and the log of mx2.example.test."


def test_what_nobody_could_look_for_says_since_when() -> None:
    away = Blind(box=Box.MAILBOX, since=BEGAN + 30, until=BEGAN + 60, reason="no answer within 30 s")
    shut = replace(away, since=BEGAN + 90, until=None, reason="refused")
    text = _text(replace(proof(DIRECT, route(MX2, taken(MX2))), blind=(away, shut)))

    assert "the mailbox could not be looked at from 11:08:10 on." in " ".join(text.split())
    assert " mailbox     not looked  11:07:10   until 11:07:40: no answer within 30 s\n" in text
    assert " mailbox     not looked  11:08:10   to the end: refused\n" in text
    assert "             handed on   ?          no copy, no bounce, until 11:08:10\n" in text
    assert " bounces     none                   watched until 11:36:40\n" in text


def test_what_was_begun_and_never_ended_has_a_row() -> None:
    begun = replace(route(MX2, taken(MX2)), handovers=())

    assert " via mx2     unknown     11:06:40   begun; nobody knows how far it came" in _text(proof(begun))


def test_nobody_who_looks_for_bounces_is_said_to() -> None:
    assert " bounces     ?                      nobody looked" in _text(replace(proof(DIRECT), returns=""))


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("", ""),
        ("TLSv1.3", "TLS 1.3"),
        ("using TLSv1.2 with cipher X", "TLS 1.2"),
        ("TLS1.3:TLS_AES_256_GCM_SHA384:256", "TLS 1.3"),
        ("version=TLSv1_3 cipher=X", "TLS"),
        ("TLS with cipher X", "TLS"),
    ],
)
def test_tls_is_told_in_one_form(said: str, told: str) -> None:
    assert say_tls(said) == told


def test_what_was_removed_is_told_with_what_may_still_come() -> None:
    known = proof(DIRECT, route(MX2, taken(MX2)))
    closing = Closing(removed=2, troubles=("IMAP imap.example.test: no answer within 30 s",))
    lines = render_proof(known, (), 1, closing).splitlines()

    assert "CLEANED  2 messages of ours removed from the mailboxes; 1 message may still come: --resume FILE" in lines
    assert "         IMAP imap.example.test: no answer within 30 s" in lines
    assert "CLEANED" not in render_proof(known, (), 1, Closing())


def test_an_outage_of_old_is_told_where_it_was_proven() -> None:
    outage = replace(proof(replace(ARRIVED, down=("mx1.example.test",))), began_at=BEGAN - 86400 * 10)
    (proven,) = last_proven([proof(DIRECT, ARRIVED), outage])
    text = render_proof(proof(DIRECT, ARRIVED), (), 0, Closing(proven=proven))

    assert text.endswith("\nLast proven in an outage: 2026-11-08.  Exit 0.")


def test_lost_is_said_only_after_the_deadline() -> None:
    late = proof(DIRECT, route(MX2, taken(MX2)), watched_until=BEGAN + 21600)
    codes = {found.code for judgement in judge(late).judgements for found in judgement.findings}

    assert "MX817" in codes
    assert "MX813" not in codes


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
