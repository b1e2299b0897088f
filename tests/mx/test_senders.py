"""What the profiles that come from sources say of a chain: where mail ends when the best host fails in some way."""

import pytest

from mxprobe.facts.session import Endpoint
from mxprobe.mx.delivery import MoveKind, Target, start
from mxprobe.mx.forecast import FateKind, forecast_mailer
from mxprobe.mx.outcome import TlsPolicy
from mxprobe.mx.profile import Grade
from mxprobe.mx.retry import longest_wait, next_attempt
from mxprobe.mx.senders import MODELLED, PROFILES, find_profile
from tests.support.chains import chain, outcomes_of

THREE = chain([(10, ["mx1"]), (20, ["mx2"]), (30, ["mx3"])])
FROM_SOURCES = ("qmail", "haraka", "mox", "stalwart", "maddy", "kumomta")


def _end(sender: str, **cells: str) -> str:
    """Where mail ends in the first round: a host's name, "waits" or "bounces"."""
    (prospect,) = forecast_mailer(find_profile(sender), THREE, outcomes_of(THREE, cells)).prospects
    return (prospect.host or "") if prospect.kind is FateKind.ACCEPTED else prospect.kind.value


def _ends(cell: str) -> dict[str, str]:
    """Where the mail of each of these mailers ends when the best host alone fails in this way."""
    return {sender: _end(sender, mx1=cell) for sender in FROM_SOURCES}


def test_a_connection_that_fails_leads_everybody_to_the_next_host() -> None:
    for cell in ("C1", "C2", "C3"):
        assert set(_ends(cell).values()) == {"mx2"}


def test_a_greeting_of_421_keeps_the_mail_of_qmail_and_haraka() -> None:
    later = {"qmail": "waits", "haraka": "waits", "mox": "mx2", "stalwart": "mx2", "maddy": "mx2", "kumomta": "mx2"}

    assert _ends("B2") == later


def test_a_greeting_of_554_is_four_things() -> None:
    no = {"qmail": "waits", "haraka": "bounces", "mox": "bounces", "stalwart": "mx2", "maddy": "mx2", "kumomta": "mx2"}
    everywhere = {"mx1": "B3", "mx2": "B3", "mx3": "B3"}

    assert _ends("B3") == no
    assert _end("stalwart", **everywhere) == _end("maddy", **everywhere) == "bounces"
    assert _end("kumomta", **everywhere) == "waits"


def test_a_greylisted_recipient_goes_on_with_mox_alone() -> None:
    ends = _ends("R2")

    assert {sender for sender, end in ends.items() if end == "mx2"} == {"mox"}
    assert set(ends.values()) == {"mx2", "waits"}


def test_an_answer_lost_after_the_final_dot_leads_haraka_and_mox_to_the_next_host() -> None:
    for cell in ("Z5", "Z6"):
        assert {sender for sender, end in _ends(cell).items() if end == "mx2"} == {"haraka", "mox"}


def test_a_refused_mail_is_final_with_all_of_them() -> None:
    for cell in ("M3", "R4", "X3", "Z3"):
        assert set(_ends(cell).values()) == {"bounces"}


def test_the_third_host_is_never_reached_by_stalwart() -> None:
    assert _end("stalwart", mx1="C1", mx2="C1") == "waits"
    assert _end("kumomta", mx1="C1", mx2="C1") == "mx3"


def test_what_the_last_host_said_decides_with_stalwart_and_maddy() -> None:
    for sender, last in (("stalwart", {"mx2": "B3"}), ("maddy", {"mx2": "C1", "mx3": "B3"})):
        assert _end(sender, mx1="C1", **last) == "bounces"
    assert _end("maddy", mx1="B3", mx2="B3", mx3="C1") == "waits"


@pytest.mark.parametrize(
    ("sender", "end"),
    [
        ("haraka", "bounces"),
        ("mox", "mx1"),
        ("stalwart", "mx1"),
        ("maddy", "mx2"),
        ("kumomta", "mx2"),
        ("qmail", "mx1"),
    ],
)
def test_starttls_refused_with_554(sender: str, end: str) -> None:
    assert _end(sender, mx1="T3" if find_profile(sender).tls is not TlsPolicy.NONE else "Z1") == end


def test_a_bad_certificate_keeps_kumomta_away_for_good_and_stalwart_at_first() -> None:
    stalwart, kumomta = find_profile("stalwart"), find_profile("kumomta")

    assert _end("stalwart", mx1="T5") == _end("kumomta", mx1="T5") == "mx2"
    assert stalwart.ruling("T5", TlsPolicy.MAY, 120.0).action == "go"
    assert kumomta.ruling("T5", TlsPolicy.MAY, 120.0).action == "next"


def test_another_address_of_a_host_is_tried_by_mox_only_where_the_connection_failed() -> None:
    two = chain([(10, ["mx1"])], addresses=2)
    first, second = (target.endpoint for target in two.targets())

    def ends(sender: str, cell: str) -> FateKind:
        outcomes: dict[Endpoint, str | None] = {first: cell, second: "Z1"}
        return forecast_mailer(find_profile(sender), two, outcomes).prospects[0].kind

    assert ends("mox", "C1") is FateKind.ACCEPTED
    assert ends("mox", "B2") is FateKind.WAITS
    assert ends("kumomta", "B2") is FateKind.ACCEPTED


def test_qmail_has_no_ipv6() -> None:
    qmail = find_profile("qmail")
    targets = [Target(preference=10, endpoint=Endpoint(host="mx1", address="2001:db8::1"))]

    assert start(qmail, qmail.tls, targets, ("someone",)).lawful()[0].kind is MoveKind.WAIT


def test_each_mailer_waits_as_long_as_its_source_says() -> None:
    hours = {profile.name: longest_wait(profile.schedule) / 3600 for profile in PROFILES}

    assert hours["qmail"] == 7 * 24
    assert round(hours["haraka"], 1) == 72.8
    assert round(hours["mox"], 1) == 15.9
    assert hours["stalwart"] == 3 * 24
    assert 66 <= hours["maddy"] <= 69
    assert hours["kumomta"] == 7 * 24
    assert hours["exchange-online"] == 24
    assert [next_attempt(find_profile("qmail").schedule, rounds) for rounds in (1, 2, 3)] == [400.0, 1200.0, 2000.0]


def test_a_mailer_of_which_the_walk_is_not_known_is_in_no_forecast() -> None:
    exchange = find_profile("exchange-online")

    assert exchange not in MODELLED
    assert (exchange.grade_of("E3"), exchange.grade_of("B3")) == (Grade.DOCUMENTATION, None)
    assert all(find_profile(sender) in MODELLED for sender in FROM_SOURCES)
