"""How far a survey is, in words: counts, rates, who made it slow down, how long it takes."""

from msgspec.structs import replace

from mxprobe.facts.progress import Counts, Progress
from mxprobe.facts.survey import Depth, Pace
from mxprobe.report.progress_text import render_end, render_progress, render_progress_line, seconds_left

START = 1_790_000_000.0
DONE = Counts(
    listed=120_000, resolved=100_000, errands=31_204, visited=29_000, told=95_000, sessions=30_000, queries=380_000
)
NOW = Progress(depth=Depth.TLS, started_at=START, at=START + 100, done=DONE, share_listed=0.12, in_flight=180)
RESTING = Pace(operator="Google", at_once=2, spacing=0.4, rests_until=START + 145)
SLOWED = Pace(operator="isp.example", at_once=1, spacing=2.0, place="eu")


def test_stages_are_told_with_their_counts_and_rates() -> None:
    assert render_progress(NOW) == [
        " read           120,000             entries, 12% of the list",
        " resolved       100,000    1,000/s  380,000 queries",
        " visited         29,000      290/s  of 31,204 endpoints, 180 sessions in flight",
        " told            95,000      950/s  about 15 min left",
    ]


def test_rates_are_those_since_the_other_moment() -> None:
    since = replace(NOW, at=START + 90, done=replace(DONE, resolved=99_900, told=95_000))
    lines = render_progress(NOW, since)

    assert "10/s" in lines[1]
    assert lines[3].endswith(" 0/s  nobody can tell yet how long it takes")


def test_what_an_earlier_run_did_counts_but_is_not_in_the_rates() -> None:
    resumed = replace(NOW, before=replace(DONE, told=90_000))

    assert " told            95,000       50/s" in render_progress(resumed)[3]
    assert render_end(resumed, "r.jsonl").startswith("surveyed 95,000 domains (90,000 of them in an earlier run) in ")


def test_a_survey_of_names_alone_tells_of_no_visits() -> None:
    names = replace(NOW, depth=Depth.DNS)

    assert [line.split()[0] for line in render_progress(names)] == ["read", "resolved", "told"]
    assert "endpoint" not in render_progress_line(names) + render_end(names, "r.jsonl")


def test_operators_that_throttle_are_named_with_the_end_of_their_rest() -> None:
    told = render_progress(replace(NOW, waiting=12, paces=(RESTING, SLOWED)))

    assert told[2].endswith("180 sessions in flight, 12 put off")
    assert told[4:] == [
        " throttled Google: left alone until 14:15:45 UTC (in 45 s)",
        " throttled isp.example from eu: 1 session at once, 2.0 s apart",
    ]


def test_of_many_operators_the_first_are_named_and_the_others_counted() -> None:
    told = render_progress(replace(NOW, paces=(RESTING, SLOWED, SLOWED, SLOWED, SLOWED)))

    assert len(told) == 8
    assert told[-1] == " throttled and 2 more operators"


def test_no_line_is_wider_than_the_terminal_or_commands_it() -> None:
    rude = replace(RESTING, operator="\x1b[2J\n" + "x" * 300)
    for width in (40, 80, 100):
        told = render_progress(replace(NOW, paces=(rude,)), None, width)
        assert max(map(len, told)) <= width
        assert all(line.isprintable() for line in told)


def test_how_long_it_takes_is_not_told_where_nobody_knows_how_long_the_list_is() -> None:
    assert seconds_left(replace(NOW, share_listed=None)) is None
    assert seconds_left(replace(NOW, share_listed=0.0)) is None
    assert "% of the list" not in render_progress(replace(NOW, share_listed=None))[0]


def test_it_takes_as_long_as_the_last_operator_that_is_waited_for_rests() -> None:
    nearly = replace(NOW, share_listed=1.0, done=replace(DONE, told=119_999), waiting=1, paces=(RESTING,))

    assert seconds_left(nearly) == 45.0
    assert seconds_left(replace(nearly, waiting=0)) < 1.0  # type: ignore[operator]


def test_nothing_is_divided_by_at_the_start() -> None:
    start = Progress(depth=Depth.TLS, started_at=START, at=START, done=Counts())

    assert "0/s" in "\n".join(render_progress(start))
    assert "survey: 0 s: 0 read" in render_progress_line(start)


def test_one_line_tells_the_same_to_a_log() -> None:
    assert render_progress_line(replace(NOW, paces=(RESTING,))) == (
        "survey: 1 min 40 s: 120,000 read, 100,000 resolved (1,000/s), 29,000 of 31,204 endpoints visited (290/s), "
        "95,000 told, 1 operator throttled; about 15 min left"
    )


def test_the_end_is_one_line() -> None:
    done = replace(NOW, done=replace(DONE, visited=1, sessions=1))

    assert render_end(done, "results.jsonl") == (
        "surveyed 95,000 domains in 1 min 40 s: 1 endpoint visited with 1 session, 380,000 DNS queries; results in "
        "results.jsonl"
    )
