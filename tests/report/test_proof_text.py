"""What a proof looks like: to a person, to a machine, to a CI page."""

from typing import Any
from xml.etree import ElementTree as ET

import msgspec
import pytest
from msgspec.structs import replace

from mxprobe.facts.codec import masked
from mxprobe.facts.proof import Answer, Blind, Box, Copy, Hop, Proof, Route
from mxprobe.facts.run import TlsUse
from mxprobe.jobs.prove import judge
from mxprobe.mx.labelled import BY_HAND
from mxprobe.mx.proven import last_proven
from mxprobe.report.json import ProofDocument, render_document
from mxprobe.report.junit import render_proof_junit
from mxprobe.report.proof_table import say_tls
from mxprobe.report.proof_text import Closing, render_plan, render_proof, render_warning, say_proven, say_verdict
from mxprobe.report.words import WIDTH
from tests.support.proofs import (
    ADDRESSES,
    ALICE,
    BEGAN,
    MX1,
    MX2,
    bounce,
    copy,
    handed_on,
    handover,
    proof,
    route,
    taken,
)

HOPS = (Hop(by=MX2, source="probe.test", at=BEGAN + 1), handed_on(38))
DIRECT = route(MX1, taken(MX1), copies=(copy(2),))
FIRST = copy(42, *HOPS)
ARRIVED = route(MX2, taken(MX2), copies=(FIRST,))
IN_OUTAGE = replace(ARRIVED, handovers=(taken(MX2, "mx2 ESMTP Postfix"),), down=(MX1,))

NOT_SENT = replace(route(MX2), begun_at=None)
PLANNED = proof(
    replace(route(MX1), begun_at=None), replace(NOT_SENT, is_unknown=True), mailbox="a Maildir", returns="a Maildir"
)
MX3 = "mx3.example.test"


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
    text = " ".join(render_plan(PLANNED, 1800.0).split())

    assert text.startswith("Would send 2 messages (none now) and watch for 30 min:")
    assert "straight to mx2.example.test 192.0.2.2 from me@probe.test to alice@example.test (who is not there)" in text
    assert "Allowed by: TXT _mxprobe.example.test until 2099-12-31" in text


def test_the_plan_warns_where_a_word_is_all_that_allows_it_and_nothing_can_come_back() -> None:
    known = replace(PLANNED, allowed_by="--i-own-this", mail_from="", unusable=((MX3, "no address"),))
    lines = render_plan(known, 1800.0).splitlines()

    assert "Allowed by: --i-own-this, your word alone: no TXT record was asked for" in lines
    assert any(line.startswith("Bounces: nothing can come back to the null sender <>") for line in lines)
    assert "   -  nothing to mx3.example.test: no address" in lines
    assert max(map(len, lines)) <= WIDTH
    warning = " ".join(render_warning(known).split())
    assert warning.startswith("warning: --i-own-this is your word alone that example.test is yours: no TXT record was")
    assert "warning: nothing can come back to the null sender <>" in warning
    assert render_warning(PLANNED) == ""
    assert render_warning(proof(DIRECT, allowed_by="--i-own-this", mail_from="")) == ""  # it sends nothing


def test_who_types_marks_is_told_what_to_type() -> None:
    assert render_warning(replace(PLANNED, mailbox=BY_HAND)) == (
        "Arrival: you: type or paste the mark of each message that came, here, one a line; it stands in the\n"
        "         subject."
    )


def _hop(source: str, by: str, after: float | None, tls: str = "") -> Hop:
    return Hop(by=by, source=source, at=None if after is None else BEGAN + after, tls=tls)


def _rows(known: Proof, step: str) -> list[str]:
    return [line[13:] for line in _text(known).splitlines() if line[13:].startswith(step)]


def test_every_hop_behind_the_host_has_a_row_with_its_latency_and_tls() -> None:
    store = _hop(MX1, "store.example.test", 45, "using TLSv1.3 with cipher X")
    inside = (_hop("localhost", MX2, 3), _hop("localhost", MX1, 39))
    hops = (HOPS[0], inside[0], HOPS[1], inside[1], store, _hop("store.example.test", "imap.example.test", None))
    known = proof(DIRECT, replace(ARRIVED, copies=(copy(50, *hops),)))

    assert _rows(known, "handed on") == [
        "handed on   + 38 s     Received: from mx2.example.test by mx1.example.test",
        "handed on   + 45 s     Received: from mx1 by store.example.test      7 s later  TLS 1.3",
        "handed on              Received: from store by imap.example.test",
    ]
    assert max(map(len, _text(known).splitlines())) <= WIDTH


def test_a_first_hop_whose_clock_differs_has_its_latency_too() -> None:
    hops = (_hop("probe.test", MX2, 100), _hop(MX2, MX1, 90))

    [row] = _rows(proof(DIRECT, replace(ARRIVED, copies=(copy(50, *hops),))), "handed on")
    assert row.startswith("handed on   + 1 min    Received: from mx2.example.test by mx1")
    assert row.endswith("  10 s earlier")


def test_hops_behind_a_primary_and_behind_a_host_of_another_name_are_shown() -> None:
    behind = replace(DIRECT, copies=(copy(9, _hop("probe.test", MX1, 1), _hop(MX1, "store.test", 8)),))
    renamed = replace(ARRIVED, copies=(copy(9, _hop("probe.test", "relay3.test", 1), _hop("relay3.test", MX1, 8)),))

    assert [row[23:].split("  ")[0] for row in _rows(proof(behind, renamed), "handed on")] == [
        "Received: from mx1.example.test by store.test",
        "Received: from relay3.test by mx1.example.test",
    ]


def test_a_loop_is_shown_up_to_a_bound_and_hostile_words_are_not_obeyed() -> None:
    hops = [HOPS[0]]
    for number in range(5):
        hops += [_hop(MX2, MX1, 10 + number), _hop(MX1, MX2, 11 + number)]
    hops[3] = _hop("\x1b[31m" + "x" * 300, "\u202e" + "y" * 300, 12, "TLSv1.2\x1b")
    text = _text(proof(DIRECT, replace(ARRIVED, copies=(copy(50, *hops),))))

    assert text.count("Received: from") == 6
    assert " " * 36 + "... 4 more" in text.splitlines()
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert max(map(len, text.splitlines())) <= WIDTH


def test_a_host_that_cannot_be_written_to_has_a_verdict_and_a_row() -> None:
    chain = ((10, MX1), (20, MX2), (30, MX3))
    known = proof(DIRECT, ARRIVED, chain=chain, unusable=((MX3, "no address"),))
    text = _text(known)

    assert text.splitlines()[3] == (
        "mx3.example.test: NOT PROVEN. No message can be handed to it from here: no address."
    )
    assert " via mx3     not written to         no address" in text.splitlines()
    suite = ET.fromstring(render_proof_junit(ProofDocument(proof=known, judgements=(), exit_status=1)))  # noqa: S314
    assert suite.get("tests") == "3"
    assert suite.get("failures") == "1"


def test_nobody_calls_a_primary_up_that_cannot_be_written_to() -> None:
    known = proof(ARRIVED, addresses=((MX2, (ADDRESSES[MX2],)),))

    assert say_verdict(known, ARRIVED).startswith(
        "mx2.example.test: PROVEN (whether mx1.example.test was up is not known)."
    )
    assert say_proven(known) == "mx2.example.test proven on 2026-11-18 and not in an outage of every primary."


def test_an_outage_of_some_primaries_is_none() -> None:
    chain = ((10, "mx1a.test"), (10, "mx1b.test"), (20, MX2))
    addresses = (("mx1a.test", ("192.0.2.1",)), ("mx1b.test", ("192.0.2.3",)), (MX2, ("192.0.2.2",)))
    some = replace(ARRIVED, down=("mx1a.test",))
    every = replace(ARRIVED, down=("mx1a.test", "mx1b.test"))

    assert say_verdict(proof(some, chain=chain, addresses=addresses), some).startswith(
        "mx2.example.test: PROVEN while mx1b.test is up (mx1a.test did not answer). Mail"
    )
    assert say_verdict(proof(every, chain=chain, addresses=addresses), every).startswith(
        "mx2.example.test: PROVEN in an outage of mx1a.test, mx1b.test. Mail"
    )
    over = proof(every, chain=chain, addresses=addresses, up_at=BEGAN - 1)
    assert say_verdict(over, every).startswith("mx2.example.test: PROVEN while mx1a.test, mx1b.test is up. Mail")
    assert "--when-down mx1a.test --when-down mx1b.test" in _text(proof(some, chain=chain, addresses=addresses))


def test_what_was_not_sent_is_to_be_proven_again() -> None:
    known = proof(DIRECT, NOT_SENT)

    assert say_verdict(known, NOT_SENT) == "mx2.example.test: NOT PROVEN. Mail for alice: not sent; prove again."
    assert " via mx2     not sent               prove again" in _text(known).splitlines()


def test_an_attempt_that_was_begun_has_a_row() -> None:
    later = route(MX2, handover(MX2, 450, "4.7.1 later", "R2"), trying_at=BEGAN + 330)

    assert "             unknown     11:12:10   begun; nobody knows how far it came" in _text(proof(DIRECT, later))


SAID = Copy(place="seen by whoever says so", at=BEGAN + 12, at_known=False)


def test_a_copy_that_somebody_says_has_come_has_no_latency() -> None:
    said = route(MX2, taken(MX2), copies=(SAID,))
    known = proof(DIRECT, said)

    assert say_verdict(known, said).endswith("accepted, arrived, seen by whoever says so.")
    assert "             arrived                seen by whoever says so" in _text(known).splitlines()


def test_a_copy_that_was_said_and_then_found_is_one() -> None:
    said = replace(ARRIVED, copies=(SAID, FIRST))

    assert say_verdict(proof(DIRECT, said), said).endswith("handed to mx1.example.test, arrived in 42 s.")
    assert "INBOX, 1 copy" in _text(proof(DIRECT, said))


def test_no_delay_is_made_of_when_somebody_said_so() -> None:
    said = replace(IN_OUTAGE, copies=(SAID,))

    assert say_verdict(proof(said, up_at=BEGAN + 5), said).endswith("accepted, arrived, seen by whoever says so.")


UNANSWERED = replace(taken(MX2), answer=Answer.UNKNOWN, cell="Z5")


def test_nothing_is_called_accepted_that_nobody_accepted() -> None:
    lost = route(MX2, UNANSWERED)
    begun = route(MX2)
    arrived = replace(lost, copies=(FIRST,))
    returned = replace(lost, bounces=(bounce("5.7.1", "no"),))

    for message in (lost, begun, arrived, returned):
        assert "accepted" not in say_verdict(proof(DIRECT, message, watched_until=BEGAN + 21600), message)


@pytest.mark.parametrize(
    ("otherwise", "says"),
    [
        ({"mailbox": ""}, "accepted; nobody looked whether it arrived."),
        ({"mailbox": BY_HAND}, "accepted, nobody said that it arrived within 30 min; it may still arrive."),
        ({"down_at_end": (MX1,)}, f"not there within 30 min, and {MX1} took no connection at the end; it may still"),
        ({"watched_until": BEGAN + 21600}, "accepted, neither there nor given back by the deadline."),
        ({"watched_until": BEGAN + 21600, "returns": ""}, "not there by the deadline, and nobody could see a bounce."),
        ({"watched_until": BEGAN + 21600, "mail_from": ""}, "not there by the deadline, and nobody could see a bounce"),
    ],
)
def test_no_verdict_says_more_than_was_seen(otherwise: dict[str, Any], says: str) -> None:
    message = route(MX2, taken(MX2))

    assert says in say_verdict(proof(DIRECT, message, **otherwise), message)


def test_an_open_verdict_ends_with_how_to_go_on() -> None:
    waiting = route(MX2, taken(MX2))
    looked, nobody = _text(proof(DIRECT, waiting)), _text(proof(DIRECT, waiting, mailbox=""))

    assert "\nLater: mxprobe prove --resume proof.json\n\n" in looked
    assert "--arrived" not in looked
    assert (
        "\nLater: mxprobe prove --resume proof.json\nor, of each message that has come:\n"
        "       mxprobe prove --resume proof.json --arrived t20   over mx2.example.test\n"
    ) in nobody
    assert "--arrived t20" in _text(proof(DIRECT, waiting, mailbox=BY_HAND))
    assert "Later:" not in _text(proof(DIRECT, ARRIVED, replace(waiting, is_unknown=True)))
    odd = render_proof(proof(waiting), (), 1, Closing(saved="my proof\x1b.json"))
    assert "Later: mxprobe prove --resume 'my proof\\x1b.json'" in odd


def test_an_interrupted_proof_says_so() -> None:
    told = "This proof was interrupted: nothing that came after 11:36:40 is in it."

    assert told in _text(proof(DIRECT, ARRIVED, complete=False)).splitlines()
    assert told not in _text(proof(DIRECT, ARRIVED))


def test_no_bounce_comes_back_to_nobody() -> None:
    text = _text(proof(DIRECT, route(MX2, taken(MX2)), mail_from=""))

    assert " bounces     ?                      no bounce can come back to <>: --from" in text.splitlines()
    assert "no copy, until" in text


def test_what_is_typed_is_not_looked_for() -> None:
    text = _text(proof(DIRECT, route(MX2, taken(MX2)), mailbox=BY_HAND))

    assert "handed on   -          its mark was not typed, no bounce, until 11:36:40" in text


def test_a_masked_proof_names_nobody() -> None:
    hops = (replace(HOPS[0], raw="from probe.test by mx2.example.test for <alice@example.test>"), HOPS[1])
    copies = (replace(FIRST, hops=hops, return_path="<alice@example.test>"),)
    known = proof(DIRECT, replace(ARRIVED, copies=copies), mailbox="IMAP imap.example.test:993 as alice")

    for text in (_text(masked(known)), render_plan(masked(replace(PLANNED, mailbox=known.mailbox)), 1800.0)):
        assert "alice" not in text
        assert "al***" in text


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
