"""What was measured of real mailers is shipped, and is what the profiles predict; the suite is whole."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from msgspec.structs import replace

from mxprobe.cli import main
from mxprobe.errors import InputError, MxprobeError
from mxprobe.jobs.measure import MeasureOptions, agree, choose_cases, load_measurement, shipped
from mxprobe.jobs.pace import check_pace
from mxprobe.mx.senders import find_profile, fingerprint
from mxprobe.scenario.drawn import draw_pairs
from mxprobe.scenario.load import load
from mxprobe.scenario.suite import suite

MAILERS = ("exim", "opensmtpd", "postfix", "sendmail")
RECORDED = [load_measurement(path) for path in shipped(pairs=True)]


def test_the_suite_has_a_case_for_every_fault_at_every_phase_and_each_is_a_story() -> None:
    cases = suite()

    assert len(cases) >= 120
    assert len({case.name for case in cases}) == len(cases)
    for case in cases:
        load(case.text, case.name)


def test_every_mailer_is_measured_by_the_whole_suite_and_by_pairs() -> None:
    assert tuple(one.mailer for one in RECORDED if not one.drawn) == MAILERS
    assert tuple(one.mailer for one in RECORDED if one.drawn) == MAILERS
    for measured in RECORDED:
        wanted, _ = choose_cases(measured.mailer, MeasureOptions(pairs=70 if measured.drawn else 0))
        assert [one.case for one in measured.cases] == [case.name for case in wanted]


@pytest.mark.timeout(240)
@pytest.mark.parametrize("name", MAILERS)
def test_a_profile_predicts_what_its_mailer_did_and_gives_a_reason_for_the_rest_alone(name: str) -> None:
    recorded = [measured for measured in RECORDED if measured.mailer == name]
    agreed = [agree(measured) for measured in recorded]

    for measured, found in zip(recorded, agreed, strict=True):
        assert found.cases >= (60 if measured.drawn else 80)
        assert found.share >= 0.98
        assert [one.case for one in found.disagreements if not one.because] == []
    apart = {case for case, _ in find_profile(name).apart}
    assert apart == {one.case for found in agreed for one in found.disagreements}


def test_pairs_that_were_drawn_before_the_profile_changed_count_for_nothing() -> None:
    pairs = next(one for one in RECORDED if one.drawn)

    with pytest.raises(MxprobeError, match="measure them anew"):
        agree(replace(pairs, drawn="000000000000"))


def test_pairs_follow_from_the_seed() -> None:
    assert draw_pairs("a", 10) == draw_pairs("a", 20)[:10]
    assert draw_pairs("a", 10) != draw_pairs("b", 10)
    for case in draw_pairs("a", 60):
        load(case.text, case.name)


def test_a_fingerprint_is_of_what_decides_where_mail_goes() -> None:
    profile = find_profile("exim")

    assert fingerprint(replace(profile, version="5", title="another")) == fingerprint(profile)
    assert fingerprint(replace(profile, deviations=profile.deviations[1:])) != fingerprint(profile)


def test_a_foreign_file_is_no_measurement(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text('{"kind": "look", "schema": 1}')

    with pytest.raises(InputError, match="no measurement"):
        load_measurement(path)


def test_the_command_agrees_compares_lists_and_shows() -> None:
    run = CliRunner().invoke

    assert "## Where they differ" in run(main, ["measure", "--compare"]).output
    assert "both-554" in run(main, ["measure", "--list"]).output
    assert run(main, ["measure", "--show", "both-554"]).output.startswith("story: ")
    assert run(main, ["measure", "--show", "nothing"]).exit_code == 2
    assert run(main, ["measure"]).exit_code == 2


def test_without_the_mailers_one_line_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MXPROBE_MAILERS", raising=False)

    said = CliRunner().invoke(main, ["measure", "real:postfix"])

    assert said.exit_code == 2
    assert "mxprobe measure --unpack DIR" in said.output
    assert len(said.output.strip().splitlines()) == 1


def test_a_mailer_that_is_none_is_refused() -> None:
    said = CliRunner().invoke(main, ["measure", "real:nobody"])

    assert said.exit_code == 2
    assert "nobody" in said.output


def test_cases_that_are_not_known_and_mailers_without_a_profile_are_refused() -> None:
    measured = next(one for one in RECORDED if not one.drawn)
    strange = replace(measured, cases=(replace(measured.cases[0], case="no-such-case"), *measured.cases[1:]))

    with pytest.raises(MxprobeError, match=r"1 of its cases are not in the suite of this version \(no-such-case\)"):
        agree(strange)
    with pytest.raises(MxprobeError, match="no profile is called nosuch"):
        agree(replace(measured, mailer="nosuch"))


def test_of_drawn_pairs_a_part_is_found_by_its_names() -> None:
    measured = next(one for one in RECORDED if one.drawn)

    assert agree(replace(measured, cases=measured.cases[40:])).cases == len(measured.cases) - 40


@pytest.mark.parametrize("pace", [0.0, -1.0, float("nan"), float("inf"), 1e9])
def test_a_pace_at_which_nobody_could_watch_is_refused(pace: float) -> None:
    with pytest.raises(InputError, match="1 to 1000 story seconds"):
        check_pace(pace)
