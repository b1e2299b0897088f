"""The summary of a survey as a person reads it."""

import json

from hypothesis import given
from hypothesis import strategies as st

from mxprobe.facts.summary import Counted, MailerCount, Share, Summary, WayCount
from mxprobe.mx.summed import MOST_TOLD
from mxprobe.report.survey_text import percent, render_summary, render_summary_json

_NUMBER = st.integers(0, 9_999_999)
_MOST = 9_999_999
_SHARE = st.builds(Share, having=_NUMBER, partly=_NUMBER, known=st.just(_MOST), unknown=_NUMBER)
_COUNTED = st.lists(st.builds(Counted, name=st.text(max_size=120), domains=_NUMBER), max_size=30).map(tuple)
_MAILER = st.builds(
    MailerCount, mailer=st.sampled_from(("haraka", "postfix")), bounces=_NUMBER, waits=_NUMBER, unknown=_NUMBER
)
_WAY = st.sampled_from(("refused", "silent", "says_421", "says_554"))
_WAYS = st.lists(st.builds(WayCount, way=_WAY, mailers=st.lists(_MAILER, max_size=2).map(tuple)), max_size=4).map(tuple)
_SUMMARY = st.builds(
    Summary,
    domains=st.just(2 * _MOST),
    untallied=_NUMBER,
    cut_short=st.booleans(),
    with_hosts=st.just(_MOST),
    several=_NUMBER,
    has_backup=_SHARE,
    starttls=_SHARE,
    excluded=_NUMBER,
    foretold=st.just(_MOST),
    forecast=_WAYS,
    judged=st.just(_MOST),
    operators=_COUNTED,
    throttled=_COUNTED,
    found=_COUNTED,
    untold=_COUNTED,
    differs=_COUNTED,
    silent=_COUNTED,
    too_few=_NUMBER,
)


@given(_SUMMARY)
def test_no_line_is_wider_than_a_hundred_columns_whatever_is_counted(summary: Summary) -> None:
    assert max(map(len, render_summary(summary).split("\n"))) <= 100


def test_the_first_line_is_the_answer_with_its_whole() -> None:
    summary = Summary(domains=10_000, with_hosts=9_310, has_backup=Share(having=7_421, known=9_310, unknown=12))
    text = render_summary(summary)
    assert text.startswith("10,000 domains: 7,421 of 9,310 (80 %) have a backup.\n")
    assert "7,421 of 9,310          -         12" in text


def test_the_forecast_names_who_bounces_most() -> None:
    way = WayCount(
        way="says_554", mailers=(MailerCount(mailer="haraka", bounces=90), MailerCount(mailer="exim", bounces=9))
    )
    text = render_summary(Summary(domains=100, foretold=100, forecast=(way,)))
    assert "senders like Haraka bounce it for 90 (90 %)" in " ".join(text.split())


def test_shares_are_never_rounded_to_none_or_all() -> None:
    assert [percent(*one) for one in ((0, 0), (0, 9), (1, 1000), (999, 1000), (9, 9))] == [
        "-",
        "0 %",
        "<1 %",
        ">99 %",
        "100 %",
    ]


def test_what_was_not_told_has_a_section_and_the_last_line_counts_the_rest() -> None:
    summary = Summary(domains=3, untallied=1, cut_short=True, untold=(Counted(name="limits this probe", domains=1),))
    lines = render_summary(summary).rstrip("\n").split("\n")
    assert any("limits this probe" in line for line in lines)
    ending = " ".join(lines[-3:])
    assert "1 with nothing to count" in ending
    assert "cut short" in ending


def test_of_very_many_names_the_count_of_the_rest_is_not_made_up() -> None:
    few = tuple(Counted(name=f"op{number}.test", domains=1) for number in range(12))
    many = tuple(Counted(name=f"op{number:02}.test", domains=1) for number in range(MOST_TOLD))
    text = render_summary(Summary(domains=99, with_hosts=99, operators=few))
    assert "and 2 more: --format json" in text
    text = render_summary(Summary(domains=99, with_hosts=99, operators=many))
    assert "and more, of which the next 40: --format json" in text


def test_results_of_nothing_say_so() -> None:
    assert render_summary(Summary()).startswith("There is no domain in these results.\n")


def test_the_json_form_has_a_schema_and_every_count() -> None:
    document = json.loads(render_summary_json(Summary(domains=2)))
    assert (document["schema"], document["kind"], document["domains"]) == (1, "survey-summary", 2)


def test_what_vantage_points_saw_differently_is_counted_and_a_silent_one_is_told_once() -> None:
    summary = Summary(
        domains=40,
        with_hosts=40,
        differs=(Counted(name="answer", domains=4), Counted(name="certificate", domains=1)),
        silent=(Counted(name="us", domains=40),),
    )
    text = render_summary(summary)

    assert "           4    10 %  a host answers at one place and not, or not us, at another\n" in text
    assert "           1     2 %  another certificate, or another verdict about it\n" in text
    assert text.count("From us nobody was heard") == 1
    assert "Names were asked for at the first place alone" in text


def test_a_survey_from_one_place_says_nothing_of_vantage_points() -> None:
    assert "VANTAGE" not in render_summary(Summary(domains=40, with_hosts=40))
