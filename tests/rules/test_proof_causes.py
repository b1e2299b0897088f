"""What is not proven of a host has a cause: a finding about it, or a rule that says what it could not tell of it."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from mxprobe.facts.finding import Severity, Status
from mxprobe.facts.proof import Answer, Handover, Proof, Route
from mxprobe.jobs.prove import judge
from mxprobe.mx.labelled import BY_HAND
from mxprobe.mx.proving import Grade, grade_of
from tests.support.proofs import BEGAN, MX1, MX2, bounce, copy, handed_on, handover, proof, route, silent, taken

_SAID = (
    ("R3", 550, "5.1.1 no such user"),
    ("R3", 550, "5.7.1 your IP is listed at dnsbl"),
    ("R3", 554, "5.7.1 Relay access denied"),
    ("R2", 450, "4.1.1 unverified address"),
    ("R2", 450, "4.2.2 mailbox is full"),
    ("R2", 451, "4.7.1 Greylisted"),
    ("R2", 450, "4.3.2 the primary server is up, deliver directly"),
    ("R2", 450, "4.7.1 too many connections, rate limit"),
    ("M3", 550, "5.7.1 sender refused"),
    ("M2", 451, "4.3.0 not now"),
    ("B2", 421, "4.3.2 busy"),
    ("B3", 554, "go away"),
    ("H3", 550, "5.5.0 no"),
    ("X3", 554, "5.7.1 no"),
    ("X2", 451, "4.3.0 later"),
    ("Z3", 554, "5.7.1 Rejected by policy"),
    ("Z2", 452, "4.3.1 later"),
)
_SILENT = ("C1", "C2", "B5", "B6", "R4", "T0", "T4")
_BOUNCES = (
    ("5.1.1", "550 5.1.1 no such user", MX1),
    ("5.7.1", "550 5.7.1 no", MX1),
    ("5.7.1", "content", MX2),
    ("4.4.7", "delivery time expired", ""),
    ("5.4.6", "too many hops", ""),
    ("5.2.2", "mailbox full", MX1),
)


@st.composite
def _routes(draw: st.DrawFn, host: str) -> Route:
    handovers: list[Handover] = []
    kind = draw(st.sampled_from(("said", "silent", "taken", "unknown", "begun")))
    if kind == "said":
        cell, code, said = draw(st.sampled_from(_SAID))
        handovers.append(handover(host, code, said, cell))
    elif kind == "silent":
        handovers.append(silent(host, draw(st.sampled_from(_SILENT))))
    elif kind == "taken":
        handovers.append(taken(host))
    elif kind == "unknown":
        handovers.append(silent(host, draw(st.sampled_from(("Z5", "Z6"))), Answer.UNKNOWN))
    trying_at = BEGAN + 9 if kind == "said" and draw(st.booleans()) else None
    one = route(host, *handovers, trying_at=trying_at, down=(MX1,) if host == MX2 and draw(st.booleans()) else ())
    fate = draw(st.sampled_from(("copy", "bounce", "none"))) if kind == "taken" else "none"
    if fate == "copy":
        hops = (handed_on(8),) if host == MX2 else ()
        return replace(one, copies=(replace(copy(9, *hops), is_junk=draw(st.booleans())),))
    return replace(one, bounces=(bounce(*draw(st.sampled_from(_BOUNCES))),)) if fate == "bounce" else one


@st.composite
def _proofs(draw: st.DrawFn) -> Proof:
    return proof(
        draw(_routes(MX1)),
        draw(_routes(MX2)),
        watched_until=BEGAN + draw(st.sampled_from((60, 1800, 21600))),
        mailbox=draw(st.sampled_from(("", BY_HAND, "a Maildir"))),
        returns=draw(st.sampled_from(("", "a Maildir"))),
        mail_from=draw(st.sampled_from(("", "me@probe.test"))),
        up_at=draw(st.sampled_from((None, BEGAN + 30))),
        down_at_end=draw(st.sampled_from(((), (MX1,)))),
    )


@given(_proofs())
def test_what_is_not_proven_has_a_cause(known: Proof) -> None:
    judgements = judge(known).judgements
    for one in known.routes:
        if grade_of(one, known) is not Grade.NOT:
            continue
        found = {
            finding.code
            for said in judgements
            for finding in said.findings
            if finding.subject == one.via and (finding.severity is not Severity.INFO or said.code == "MX315")
        }
        unsure = {
            said.code for said in judgements if said.status is not Status.PASSES and one.via in (said.reason or "")
        }
        assert found or unsure, one


@given(st.sampled_from(_BOUNCES), st.sampled_from((MX1, MX2)))
def test_a_bounce_is_given_to_one_rule(told: tuple[str, str, str], host: str) -> None:
    other = MX1 if host == MX2 else MX2
    arrived = route(other, taken(other), copies=(copy(3),))
    known = proof(route(host, taken(host), bounces=(bounce(*told),)), arrived)

    assert len([one for said in judge(known).judgements for one in said.findings]) == 1
