"""What differs between vantage points, and what does not."""

from msgspec.structs import replace

from mxprobe.facts.session import FailureKind, Session, Turn
from mxprobe.facts.smtp import Phase, Reply
from mxprobe.facts.snapshot import Visit
from mxprobe.facts.tls import Certificate, StrictVerdict, TlsFacts
from mxprobe.facts.vantages import Showing
from mxprobe.mx.vantages import compare_places, silent_places
from mxprobe.report.vantage_text import say_differs, say_silent_place
from tests.support.snapshots import HEALTHY, PLAIN, visit

HOST, ADDRESS = "mx.example.test", "192.0.2.1"
WELL = visit(10, HOST, ADDRESS, HEALTHY)


def tls(fingerprint: str, *, valid: bool = True) -> TlsFacts:
    """A handshake with a certificate."""
    leaf = Certificate(
        der=b"",
        subject="",
        issuer="",
        names=(HOST,),
        not_before=0.0,
        not_after=1.0,
        key="RSA 2048",
        signature="sha256",
        fingerprint=fingerprint,
    )
    verdict = StrictVerdict(trusted=valid, dates_valid=True, name_matches=True)
    return TlsFacts(
        version="TLSv1.3", cipher="", group=None, server_name=HOST, chain=(leaf,), verdict=verdict, elapsed=0.0
    )


def last(seen: Visit, **changes: object) -> Visit:
    """The visit, with another last session."""
    session: Session = replace(seen.sessions[-1], **changes)
    return replace(seen, sessions=(*seen.sessions[:-1], session))


def answered(code: int) -> Visit:
    """A visit at which one recipient was asked about."""
    reply = Reply(raw=b"", code=code, lines=("x",))
    asked = Turn(phase=Phase.RCPT, started=0.0, ended=0.0, subject="a@example.test", reply=reply)
    return last(WELL, turns=(*WELL.sessions[-1].turns, asked))


def told(eu: Visit, us: Visit) -> list[str]:
    """The differences in words."""
    return [say_differs(differs) for differs in compare_places({"eu": (eu,), "us": (us,)})]


def test_places_that_see_the_same_do_not_differ() -> None:
    assert told(WELL, WELL) == []


def test_another_wording_of_the_same_greeting_is_no_difference() -> None:
    other = visit(10, HOST, ADDRESS, ("220 node7.example.test hello there", "250-node7\n250-SIZE 1000\n250 STARTTLS"))

    assert told(WELL, other) == []


def test_a_host_that_one_place_does_not_reach_is_told_once() -> None:
    assert told(WELL, visit(10, HOST, ADDRESS, FailureKind.TIMEOUT)) == [
        "mx.example.test/192.0.2.1: from eu answers; from us does not answer"
    ]


def test_in_which_way_nobody_reaches_a_host_is_no_difference() -> None:
    refused, silent = (visit(10, HOST, ADDRESS, kind) for kind in (FailureKind.REFUSED, FailureKind.TIMEOUT))

    assert told(refused, silent) == []


def test_another_code_in_the_greeting_is_a_difference() -> None:
    assert told(WELL, visit(10, HOST, ADDRESS, ("554 no service",))) == [
        "mx.example.test/192.0.2.1: from eu answers; from us greets with 5yz: 554"
    ]
    assert told(visit(10, HOST, ADDRESS, ("521 no",)), visit(10, HOST, ADDRESS, ("554 no",))) == [
        "mx.example.test/192.0.2.1: from eu greeting 521; from us greeting 554"
    ]


def test_a_refusal_of_one_place_is_about_that_place() -> None:
    listed = visit(10, HOST, ADDRESS, ("554 5.7.1 192.0.2.99 is on dnsbl.test",))
    limited = visit(10, HOST, ADDRESS, ("421 too many connections from your IP",))

    assert told(WELL, listed) == [
        "mx.example.test/192.0.2.1: from eu answers; from us refuses this probe: 554 (about the place, not the host)"
    ]
    assert told(limited, WELL) == [
        "mx.example.test/192.0.2.1: from eu limits this probe: 421; from us answers (about the place, not the host)"
    ]


def test_starttls_that_one_place_is_not_offered_is_a_difference() -> None:
    assert told(WELL, visit(10, HOST, ADDRESS, PLAIN)) == [
        "mx.example.test/192.0.2.1: from eu STARTTLS offered; from us STARTTLS not offered"
    ]


def test_another_certificate_is_a_difference() -> None:
    eu, us = last(WELL, tls=tls("aa" * 32)), last(WELL, tls=tls("bb" * 32, valid=False))

    assert told(eu, eu) == []
    assert told(eu, us) == [
        "mx.example.test/192.0.2.1: from eu certificate aaaaaaaaaaaaaaaa, valid;"
        " from us certificate bbbbbbbbbbbbbbbb, not valid"
    ]


def test_a_recipient_taken_here_and_refused_there_is_a_difference_and_a_greylist_is_not() -> None:
    assert told(answered(250), answered(451)) == []
    assert told(answered(250), answered(550)) == [
        "mx.example.test/192.0.2.1 a@example.test: from eu accepted; from us refused"
    ]


def test_an_address_that_one_place_could_not_dial_says_nothing() -> None:
    assert told(WELL, visit(10, HOST, ADDRESS, FailureKind.NO_FAMILY)) == []
    assert told(WELL, replace(WELL, sessions=())) == []


def test_a_silent_place_is_found_and_what_it_did_not_see_is_held_against_no_host() -> None:
    deaf = visit(10, HOST, ADDRESS, FailureKind.TIMEOUT)
    silent = silent_places({"eu": 40}, {"eu": 2, "us": 42})

    assert silent == ("us",)
    assert compare_places({"eu": (WELL,), "us": (deaf,)}, frozenset(silent)) == ()
    assert say_silent_place("us").startswith("From us nobody was heard")


def test_a_place_is_not_silent_where_nobody_heard_anything_or_too_few_were_dialled() -> None:
    assert silent_places({}, {"eu": 42, "us": 42}) == ()
    assert silent_places({"eu": 2}, {"us": 2}) == ()
    assert silent_places({"eu": 40, "us": 1}, {"us": 39}) == ()


def test_each_kind_of_difference_is_known_by_its_name() -> None:
    (differs,) = compare_places({"eu": (WELL,), "us": (visit(10, HOST, ADDRESS, PLAIN),)})

    assert differs.showing is Showing.STARTTLS
    assert [(shown.place, shown.what) for shown in differs.places] == [("eu", "offered"), ("us", "not offered")]
