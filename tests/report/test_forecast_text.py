"""The forecast as text: what a person reads of a chain, and what is folded because every chain has it."""

from collections.abc import Sequence
from textwrap import dedent

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mxprobe.facts.session import FailureKind
from mxprobe.mx.profile import Limits, Profile
from mxprobe.mx.whatif import forecast_snapshot
from mxprobe.report.forecast_words import shorten
from mxprobe.report.look_forecast import render_forecast
from tests.support.profiles import THREE, mailer
from tests.support.snapshots import HEALTHY, PLAIN, host, mx, snapshot, visit

Host = tuple[int, str, Sequence[str] | FailureKind]

GROUNDS = """\
 Grades: Gamma measured; Beta from source; Alpha as the reference.
 Gmail, Outlook.com, Yahoo and Exchange Online publish no rules for this and are not modelled."""


def _text(*hosts: Host, mailers: Sequence[Profile] = THREE) -> str:
    names = [name for _, name, _ in hosts]
    answers = [mx(*((preference, name) for preference, name, _ in hosts))]
    answers += [host(name, f"192.0.2.{number}") for number, name in enumerate(names, 1)]
    visits = [
        visit(preference, name, f"192.0.2.{number}", said) for number, (preference, name, said) in enumerate(hosts, 1)
    ]
    forecast = forecast_snapshot(snapshot(answers, visits), mailers)
    assert forecast is not None
    return "\n".join(render_forecast(forecast))


def _expected(text: str) -> str:
    return f"\n{dedent(text).strip()}\n{GROUNDS}"


def test_a_primary_and_a_backup_without_tls() -> None:
    told = _text((10, "mx1.example.test", HEALTHY), (20, "mx2.example.test", PLAIN))

    assert told == _expected(
        """\
        IF MX1 FAILS   forecast for new mail from 3 modelled mailers
         Alpha, Gamma go to mx2, however it fails; Beta waits when it greets with 421, bounces when it
         greets with 554.
         if mx1                goes to mx2                   waits                       bounces
         refuses connections   all 3, at once                -                           -
         does not answer       all 3, after 30 s to 5 min    -                           -
         greets with 421       Alpha Gamma, at once          Beta; again after 1 h,      -
                                                             gives up after 1 d
         greets with 554       Alpha Gamma, at once          -                           Beta (B3)
         TLS is lost on the way to mx2: mail from all 3 travels in clear.
         If mx2 is down too: mail waits everywhere; first to give up: Beta after 1 d, last: Alpha after 5 d;
         all 3 bounce when each greets with 554.

         If mx2 fails, nothing changes for new mail.
        """
    )


def test_a_single_host_takes_one_line() -> None:
    told = _text((10, "mx1.example.test", HEALTHY))

    assert told == _expected(
        """\
        FORECAST   for new mail from 3 modelled mailers
         If mx1 fails: mail waits everywhere; first to give up: Beta after 1 d, last: Alpha after 5 d; all 3
         bounce when it greets with 554.
        """
    )


def test_equals_share_a_block_and_what_is_behind_them_has_one() -> None:
    told = _text((10, "mx1.example.test", HEALTHY), (10, "mx2.example.test", HEALTHY), (20, "mx3.isp.test", HEALTHY))

    assert told == _expected(
        """\
        IF ONE OF MX1 MX2 FAILS   forecast for new mail from 3 modelled mailers
         Alpha, Gamma go to the other, however it fails; Beta perhaps waits when it greets with 421, perhaps
         bounces when it greets with 554.
         if one of them        goes to the other             waits                       bounces
         refuses connections   all 3, at once                -                           -
         does not answer       all 3, after up to 5 min      -                           -
         greets with 421       Alpha Gamma, at once;         perhaps Beta; again after   -
                               perhaps Beta, at once         1 h, gives up after 1 d
         greets with 554       Alpha Gamma, at once;         -                           perhaps Beta (B3)
                               perhaps Beta, at once

        IF MX1 AND MX2 FAIL
         Alpha, Gamma go to mx3, however they fail; Beta waits when each greets with 421, bounces when each
         greets with 554.
         if mx1 and mx2        goes to mx3                   waits                       bounces
         refuses connections   all 3, at once                -                           -
         does not answer       all 3, after 1 min to 10 min  -                           -
         greets with 421       Alpha Gamma, at once          Beta; again after 1 h,      -
                                                             gives up after 1 d
         greets with 554       Alpha Gamma, at once          -                           Beta (B3)

         If mx3 fails, nothing changes for new mail.
        """
    )


def test_a_primary_that_is_down_now_is_told_first() -> None:
    told = _text((10, "mx1.example.test", FailureKind.TIMEOUT), (20, "mx2.example.test", HEALTHY)).split("\n")

    assert told[1:4] == [
        "AS IT IS NOW   forecast for new mail from 3 modelled mailers",
        " All 3 modelled mailers go to mx2, after 30 s to 5 min.",
        "",
    ]
    assert " If mx2 fails: mail waits everywhere;" in "\n".join(told)


def test_a_pair_is_told_only_where_it_says_more_than_its_hosts() -> None:
    told = _text((10, "mx1.a.test", HEALTHY), (20, "mx2.a.test", HEALTHY), (30, "mx3.a.test", HEALTHY))

    assert told.count("down too") == 1
    assert " If mx2 is down too: Alpha, Gamma go to mx3, however they fail;" in told
    assert " If mx2 or mx3 fails, nothing changes for new mail." in told


def test_three_equals_say_nothing_of_pairs() -> None:
    told = _text(*((10, f"mx{number}.a.test", HEALTHY) for number in (1, 2, 3)))

    assert "IF ONE OF MX1 MX2 MX3 FAILS" in told
    assert "goes to the others" in told
    assert "mx1 and mx2" not in told
    assert " If mx1, mx2 and mx3 fail: mail waits everywhere;" in told


def test_two_of_many_equals_are_told_in_one_line_where_a_mailer_gives_up_early() -> None:
    hasty = mailer("Hasty", limits=Limits(addresses=2))
    told = _text(*((10, f"mx{number}.a.test", HEALTHY) for number in range(4)), mailers=(*THREE, hasty))
    lines = [line for line in told.split("\n") if line.startswith(" If ")]

    assert lines[1].startswith(" If any two of mx0, mx1, mx2, mx3 fail: Alpha, Gamma go to the others")
    assert "Hasty perhaps waits unless each greets with 554" in " ".join(told.split())
    assert len(lines) == 2


def test_equals_of_which_one_is_down_share_a_block_of_those_that_answer() -> None:
    said = (HEALTHY, HEALTHY, FailureKind.REFUSED, HEALTHY)
    told = _text(*((10, f"mx{number}.a.test", one) for number, one in enumerate(said)))

    assert [line.partition("   ")[0] for line in told.split("\n") if "FAILS" in line] == [
        "IF ONE OF MX0 MX1 MX3 FAILS",
        "IF MX2 FAILS",
    ]
    assert "AS IT IS NOW" in told


def test_a_host_that_nobody_knows_is_said_to_be_so() -> None:
    answers = [mx((10, "a"), (20, "b")), host("a", "192.0.2.1"), host("b", "192.0.2.2")]
    forecast = forecast_snapshot(snapshot(answers, [visit(10, "a", "192.0.2.1", HEALTHY)]), THREE)
    assert forecast is not None
    told = "\n".join(render_forecast(forecast))

    assert " Alpha, Gamma go to b (nothing is known of it), however it fails;" in told
    assert "all 3 to b, not known" in told


@pytest.mark.parametrize("count", [1, 2, 5, 12, 20])
def test_however_many_mailers_there_are_lines_are_a_hundred_columns_wide(count: int) -> None:
    mailers = tuple(mailer(f"Mailer-Of-Long-Name-{number}", days=number + 1) for number in range(count - 1))
    told = _text((10, "mx1.a.test", HEALTHY), (20, "mx2.a.test", PLAIN), mailers=(*mailers, THREE[1]))

    assert max(len(line) for line in told.split("\n")) <= 100
    assert f"from {count} modelled mailer" in told
    if count > 4:
        assert "all but Beta, at once" in told
    if count > 1:
        assert f"all {count}, after 30 s to 5 min" in told


def test_mailers_that_part_as_it_is_now_have_a_table() -> None:
    told = _text((10, "mx1.example.test", ("554 no",)), (20, "mx2.example.test", HEALTHY)).split("\n")

    assert told[1:5] == [
        "AS IT IS NOW   forecast for new mail from 3 modelled mailers",
        " Alpha, Gamma go to mx2; Beta bounces.",
        "                       goes to mx2                   waits                       bounces",
        " now                   Alpha Gamma, at once          -                           Beta (B3)",
    ]


@given(
    st.lists(
        st.tuples(
            st.sampled_from([0, 10, 20]),
            st.sampled_from([HEALTHY, PLAIN, ("421 later",), ("554 no",), FailureKind.REFUSED, FailureKind.TIMEOUT]),
        ),
        min_size=1,
        max_size=6,
    ),
    st.sampled_from([8, 40]),
)
@settings(max_examples=25, deadline=None)
def test_whatever_the_chain_no_line_is_wider_and_no_sentence_is_broken(
    hosts: list[tuple[int, Sequence[str] | FailureKind]], length: int
) -> None:
    names = [f"{'m' * length}{number}.example.test" for number in range(len(hosts))]
    told = _text(*((preference, name, said) for (preference, said), name in zip(hosts, names, strict=True)))

    assert max(len(line) for line in told.split("\n")) <= 100
    assert told.count("modelled mailers\n") == 1
    for broken in (",,", ";;", "..", " ,", " ;", " .", "None", "to ;"):
        assert broken not in told


def test_hosts_are_called_by_the_shortest_names_that_tell_them_apart() -> None:
    names = ("mx1.a.test", "mx.b.test", "mx.c.test", "mx.c.example", "solo")

    assert list(shorten(names).values()) == ["mx1", "mx.b", "mx.c.test", "mx.c.example", "solo"]
