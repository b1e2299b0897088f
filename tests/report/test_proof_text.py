"""What a proof looks like: to a person, to a machine, to a CI page."""

from xml.etree import ElementTree as ET

import msgspec
import pytest
from msgspec.structs import replace

from mxprobe.facts.dsn import Bounce
from mxprobe.facts.proof import Answer, Copy, Handover, Hop, Proof, Route
from mxprobe.facts.run import TlsUse
from mxprobe.facts.session import Endpoint, Turn
from mxprobe.facts.smtp import Phase, Reply
from mxprobe.jobs.prove import judge
from mxprobe.mx.proving import Grade, State, grade_of, state_of
from mxprobe.report.json import ProofDocument, render_document
from mxprobe.report.junit import render_proof_junit
from mxprobe.report.proof_text import render_plan, render_proof, say_verdict

BEGAN = 1_795_000_000.0
ALICE = "alice@example.test"


def _handover(host: str, code: int, said: str, cell: str, answer: Answer) -> Handover:
    reply = Reply(raw=f"{code} {said}\r\n".encode(), code=code, lines=(said,))
    turn = Turn(phase=Phase.DOT if cell[0] == "Z" else Phase.RCPT, started=0.0, ended=1.0, reply=reply)
    endpoint = Endpoint(host=host, address="192.0.2.1" if host == "mx1.example.test" else "192.0.2.2")
    return Handover(endpoint=endpoint, at=BEGAN, answer=answer, cell=cell, turns=(turn,), tls=TlsUse.UNVERIFIED)


def _route(host: str, handover: Handover, **otherwise: object) -> Route:
    preference = 10 if host == "mx1.example.test" else 20
    route = Route(token=f"t{preference}", via=host, preference=preference, recipient=ALICE, begun_at=BEGAN)
    return replace(route, handovers=(handover,), **otherwise)


def _proof(*routes: Route) -> Proof:
    return Proof(
        version="1",
        domain="example.test",
        recipient=ALICE,
        mail_from="me@probe.test",
        helo="probe.test",
        allowed_by="TXT _mxprobe.example.test until 2099-12-31",
        began_at=BEGAN,
        watched_until=BEGAN + 1800,
        deadline=BEGAN + 21600,
        chain=((10, "mx1.example.test"), (20, "mx2.example.test")),
        addresses=(("mx1.example.test", ("192.0.2.1",)), ("mx2.example.test", ("192.0.2.2",))),
        routes=routes,
        mailbox="a Maildir",
        returns="a Maildir",
    )


TAKEN = _handover("mx2.example.test", 250, "2.0.0 Ok: queued as 7F2A1", "Z1", Answer.ACCEPTED)
HOPS = (
    Hop(by="mx2.example.test", source="probe.test", at=BEGAN + 1),
    Hop(by="mx1.example.test", source="mx2.example.test", client="mx2.example.test [192.0.2.2]", at=BEGAN + 38),
)
COPY = Copy(place="INBOX", at=BEGAN + 42, hops=HOPS)
DIRECT = _route(
    "mx1.example.test",
    _handover("mx1.example.test", 250, "2.0.0 Ok", "Z1", Answer.ACCEPTED),
    copies=(Copy(place="INBOX", at=BEGAN + 2),),
)
ARRIVED = _route("mx2.example.test", TAKEN, copies=(COPY,))


def _text(proof: Proof) -> str:
    return render_proof(proof, judge(proof).judgements, 0, "proof.json")


def test_a_manager_reads_the_verdict_first_and_what_it_does_not_prove_last() -> None:
    text = _text(_proof(DIRECT, ARRIVED))
    lines = text.splitlines()

    assert lines[0] == "mx1.example.test: PROVEN. Mail for alice: accepted, arrived in 2 s."
    assert " ".join(lines[1:3]) == (
        "mx2.example.test: PROVEN while mx1.example.test is up. Mail for alice: accepted, handed to mx1.example.test, "
        "arrived in 42 s."
    )
    assert any("handed on" in line and "Received: from mx2.example.test by mx1.example.test" in line for line in lines)
    assert "NOT PROVEN   what mx2.example.test does while mx1.example.test is down" in " ".join(text.split("\n"))
    assert f"mxprobe prove {ALICE} --when-down mx1.example.test" in text
    assert lines[-1].startswith("Saved: proof.json.  mx1.example.test, mx2.example.test proven on 2026-11-")
    assert max(map(len, lines)) <= 140


@pytest.mark.parametrize(
    ("route", "state", "grade", "says"),
    [
        (_route("mx2.example.test", TAKEN), State.WAITING, Grade.OPEN, "not there within 30 min; it may still arrive"),
        (
            _route("mx2.example.test", TAKEN, copies=(COPY,), down=("mx1.example.test",)),
            State.ARRIVED,
            Grade.IN_OUTAGE,
            "PROVEN in an outage of mx1.example.test",
        ),
        (
            _route("mx2.example.test", _handover("mx2.example.test", 550, "5.7.1 no relay", "R4", Answer.REFUSED)),
            State.REFUSED,
            Grade.NOT,
            'refused: "550 5.7.1 no relay"',
        ),
        (
            _route("mx2.example.test", _handover("mx2.example.test", 250, "", "Z5", Answer.UNKNOWN)),
            State.UNKNOWN,
            Grade.OPEN,
            "it is not sent again",
        ),
        (
            _route(
                "mx2.example.test",
                TAKEN,
                bounces=(
                    Bounce(
                        recipient=ALICE, action="failed", status="5.7.1", reporter="mx2", token="t20", diagnostic="no"
                    ),
                ),
            ),
            State.BOUNCED,
            Grade.NOT,
            "accepted, and given back by mx2: 5.7.1 no",
        ),
    ],
)
def test_what_is_known_and_what_is_not_stay_apart(route: Route, state: State, grade: Grade, says: str) -> None:
    proof = _proof(DIRECT, route)

    assert (state_of(route, proof), grade_of(route, proof)) == (state, grade)
    assert says in say_verdict(proof, route)


def test_nothing_is_lost_before_its_deadline() -> None:
    route = _route("mx2.example.test", TAKEN)
    begun = replace(route, handovers=())
    late = replace(_proof(DIRECT, route), watched_until=BEGAN + 21600)

    assert [state_of(one, _proof(one)) for one in (route, begun)] == [State.WAITING, State.UNKNOWN]
    assert [state_of(one, late) for one in (route, begun)] == [State.LOST, State.LOST]
    codes = {found.code for judgement in judge(late).judgements for found in judgement.findings}
    assert "MX817" in codes
    assert "MX813" not in codes


def test_the_plan_says_whom_what_and_by_whose_leave() -> None:
    text = " ".join(render_plan(_proof(DIRECT, replace(ARRIVED, is_unknown=True)), 1800.0).split())

    assert text.startswith("Would send 2 messages (none now) and watch for 30 min:")
    assert "straight to mx2.example.test 192.0.2.2 from me@probe.test to alice@example.test (who is not there)" in text
    assert "Allowed by: TXT _mxprobe.example.test until 2099-12-31" in text


def test_machines_get_the_same() -> None:
    proof = _proof(DIRECT, _route("mx2.example.test", TAKEN))
    document = ProofDocument(proof=proof, judgements=judge(proof).judgements, exit_status=1)

    read = msgspec.json.decode(render_document(document))
    assert read["kind"] == "proof"
    assert read["proof"]["routes"][0]["via"] == "mx1.example.test"
    suite = ET.fromstring(render_proof_junit(document))  # noqa: S314  our own words
    failed = [case.get("name") for case in suite.findall("testcase") if case.find("failure") is not None]
    assert "mx2.example.test" in failed
    assert "mx1.example.test" not in failed
    assert suite.get("failures") == str(len(failed))
