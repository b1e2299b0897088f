"""What each TLS policy of a sender does at each MX, and how that reads."""

import pytest

from mxprobe.facts.codec import decode, encode
from mxprobe.mx.outcome import TlsPolicy
from mxprobe.mx.policies import OfPolicy, Passage, Way
from mxprobe.mx.whatif import Forecast, forecast_snapshot
from mxprobe.report.look_policies import render_policies
from tests.rules.test_dane_rules import HOSTS, NEXT, OWN, SIGNED, SOUND, VALID, _seen

NO_RECORDS = "".join(f"_25._tcp.mx{number}.example.test TLSA NODATA\n" for number in (1, 2))
STS = "_mta-sts.example.test TXT v=STSv1; id=1\n"
BARE = HOSTS.replace("_mta-sts.example.test TXT NODATA\n", "")
CLEAR, UNVERIFIED, VERIFIED = Passage.CLEAR, Passage.UNVERIFIED, Passage.VERIFIED
REFUSES, PASSES_OVER, DOWN, UNKNOWN = Passage.REFUSES, Passage.PASSES_OVER, Passage.DOWN, Passage.UNKNOWN


def _policy(*hosts: str, mode: str = "enforce") -> str:
    patterns = " ".join(f'"mx: {one}"' for one in hosts)
    return f'{STS}policy "version: STSv1" "mode: {mode}" {patterns} "max_age: 604800"\n'


BOTH = _policy("mx1.example.test", "mx2.example.test")


def _forecast(text: str) -> Forecast:
    forecast = forecast_snapshot(_seen(text))
    assert forecast is not None
    return forecast


def _of(text: str) -> dict[TlsPolicy, OfPolicy]:
    return {one.policy: one for one in _forecast(text).policies}


def _row(text: str, host: str = "mx2.example.test") -> tuple[list[Passage], list[str | None]]:
    """What becomes of mail at a host, from none to mta-sts, and the cells."""
    found = [next(at for at in one.addresses if at.host == host) for one in _of(text).values()]
    return [one.passage for one in found], [one.cell for one in found]


PLAIN = '192.0.2.2 "220 mx2.example.test ESMTP" "250-mx2.example.test" "250 SIZE"'
OFFERS = '192.0.2.2 "220 mx2.example.test ESMTP" "250-mx2.example.test" "250 STARTTLS"'
FIRST = BARE + "192.0.2.1 certificate valid\n" + OWN + NEXT + SIGNED + BOTH


def _second(line: str) -> str:
    """Both policies in force, where mx2 is told by this line."""
    digest = f"3 1 1 {'11' * 32}" if not line.startswith("192.0.2.2 certificate") else "3 1 1 of 192.0.2.2"
    text = FIRST.replace("3 1 1 of 192.0.2.2", digest)
    return text.replace(OFFERS, line) if "ESMTP" in line else f"{text}{line}\n"


@pytest.mark.parametrize(
    ("line", "passages", "cells"),
    [
        ("192.0.2.2 certificate valid", [CLEAR, UNVERIFIED, UNVERIFIED, VERIFIED, VERIFIED], [None] * 5),
        (
            "192.0.2.2 certificate another name",
            [CLEAR, UNVERIFIED, UNVERIFIED, VERIFIED, REFUSES],
            [None] * 4 + ["T5"],
        ),
        (PLAIN, [CLEAR, CLEAR, REFUSES, REFUSES, REFUSES], [None] + ["T1"] * 4),
        (
            '192.0.2.2 STARTTLS "454 4.7.0 not now"',
            [CLEAR, CLEAR, REFUSES, REFUSES, REFUSES],
            [None] + ["T2"] * 4,
        ),
        (
            '192.0.2.2 STARTTLS "554 5.7.0 never"',
            [CLEAR, CLEAR, REFUSES, REFUSES, REFUSES],
            [None] + ["T3"] * 4,
        ),
        (
            '192.0.2.2 handshake "bad certificate"',
            [CLEAR, CLEAR, REFUSES, REFUSES, REFUSES],
            [None] + ["T4"] * 4,
        ),
        ('192.0.2.2 STARTTLS "421 4.3.2 bye"', [UNKNOWN, DOWN, DOWN, DOWN, DOWN], [None] + ["M5"] * 4),
    ],
)
def test_each_event_of_tls_under_each_policy(line: str, passages: list[Passage], cells: list[str | None]) -> None:
    assert _row(_second(line)) == (passages, cells)


def test_a_host_that_is_down_is_down_for_all() -> None:
    text = FIRST.replace("3 1 1 of 192.0.2.2", f"3 1 1 {'11' * 32}").replace(OFFERS, "192.0.2.2 refuses connections")

    assert _row(text) == ([DOWN] * 5, ["C1"] * 5)


def test_records_that_do_not_match_keep_dane_away_and_nobody_else() -> None:
    passages, cells = _row((BARE + VALID + OWN + NEXT + SIGNED + BOTH).replace("of 192.0.2.2", "11" * 32))

    assert passages == [CLEAR, UNVERIFIED, UNVERIFIED, REFUSES, VERIFIED]
    assert cells[3] == "T5"


@pytest.mark.parametrize(
    ("records", "passage", "cell"),
    [
        ("1 1 1 of 192.0.2.2", UNVERIFIED, "T6"),
        ("NODATA", UNVERIFIED, "T7"),
        ("SERVFAIL", PASSES_OVER, "T8"),
    ],
)
def test_what_dane_makes_of_other_answers(records: str, passage: Passage, cell: str) -> None:
    text = SOUND.replace("".join(OWN.splitlines(True)[1:]), f"_25._tcp.mx2.example.test TLSA {records}\n")
    passages, cells = _row(text.replace(NEXT.splitlines(True)[1], ""))

    assert (passages[3], cells[3]) == (passage, cell)


def test_insecure_mx_records_are_told_by_the_cell() -> None:
    passages, cells = _row(SOUND + "insecure example.test MX\n")

    assert (passages[3], cells[3]) == (VERIFIED, "T9")


def test_a_host_that_the_policy_forgets_is_not_even_dialled() -> None:
    passages, cells = _row(BARE + VALID + NO_RECORDS + _policy("mx1.example.test"))
    assert (passages[4], cells[4]) == (PASSES_OVER, "T0")

    passages, cells = _row(BARE + VALID + NO_RECORDS + _policy("mx1.example.test", mode="testing"))
    assert (passages[4], cells[4]) == (UNVERIFIED, "T15")

    passages, cells = _row(HOSTS + VALID + NO_RECORDS)
    assert (passages[4], cells[4]) == (UNVERIFIED, "T12")


def test_what_is_not_known_is_not_told() -> None:
    passages, _ = _row(BARE + VALID)
    assert passages == [CLEAR, UNVERIFIED, UNVERIFIED, UNKNOWN, UNKNOWN]

    passages, _ = _row(_second("192.0.2.9 refuses connections").replace("192.0.2.9 refuses connections\n", ""))
    assert passages == [CLEAR, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN]


def test_what_that_means_for_the_chain() -> None:
    mismatch = (BARE + VALID + OWN + NEXT + SIGNED + _policy("mx3.example.test")).replace("of 192.0.2.1", "11" * 32)
    found = _of(mismatch)

    dane, sts = found[TlsPolicy.DANE], found[TlsPolicy.MTA_STS]
    assert (dane.way, dane.to, dane.never) == (Way.GOES, ("mx2.example.test",), ("mx1.example.test",))
    assert (sts.way, sts.to, sts.usable) == (Way.WAITS, (), ())
    assert sts.never == ("mx1.example.test", "mx2.example.test")
    assert found[TlsPolicy.MAY].to == ("mx1.example.test",)


def test_policies_travel_in_json_and_an_older_forecast_has_none() -> None:
    forecast = _forecast(FIRST + "192.0.2.2 certificate valid\n")
    old = encode(forecast).replace(b'"policies"', b'"unknown-here"')

    assert decode(encode(forecast), Forecast) == forecast
    assert decode(old, Forecast).policies == ()


def test_a_zone_that_nobody_looked_at_has_no_policies_to_tell() -> None:
    assert render_policies(()) == []


def _text(text: str) -> str:
    return "\n".join(render_policies(_forecast(text).policies))


def test_where_nobody_is_kept_away_a_line_is_enough() -> None:
    told = _text(FIRST + "192.0.2.2 certificate valid\n")

    assert told == (
        "\n"
        "TLS POLICIES OF SENDERS   none of them is kept from a host; dane verifies mx1 and mx2; mta-sts\n"
        "                          verifies mx1 and mx2."
    )


def test_the_table_of_a_backup_with_another_name() -> None:
    told = _text(BARE + "192.0.2.1 certificate valid\n192.0.2.2 certificate another name\n" + NO_RECORDS + BOTH)

    assert told.splitlines() == [
        "",
        "TLS POLICIES OF SENDERS",
        " host                      none         may            encrypt        dane              mta-sts",
        " mx1                       in clear     unverified     unverified     unverified        verified",
        " mx2                       in clear     unverified     unverified     unverified        refuses (T5)",
        " Senders that enforce MTA-STS never go to mx2: while mx1 is down, their mail waits.",
    ]


def test_the_table_says_where_mail_goes_where_that_differs() -> None:
    text = (HOSTS + VALID + OWN + NEXT + SIGNED).replace("of 192.0.2.1", "11" * 32)
    lines = _text(text).splitlines()

    assert lines[-2:] == [
        " mail goes to              mx1          mx1            mx1            mx2               mx1",
        " Senders that use DANE never go to mx1: while mx2 is down, their mail waits.",
    ]
    assert all(len(line) <= 100 for line in lines)


def test_addresses_of_a_host_that_differ_have_rows_of_their_own() -> None:
    text = HOSTS + "mx2.example.test A 192.0.2.3\n192.0.2.3 refuses connections\n" + VALID + NO_RECORDS
    lines = _text(text.replace("192.0.2.2 certificate valid", '192.0.2.2 STARTTLS "454 4.7.0 no"')).splitlines()

    assert lines[4:7] == [
        " mx2",
        "   192.0.2.2               in clear     in clear       refuses (T2)   in clear          in clear",
        "   192.0.2.3               down (C1)    down (C1)      down (C1)      down (C1)         down (C1)",
    ]
