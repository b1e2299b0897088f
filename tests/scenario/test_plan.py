"""A plan over one's own zone: what it waives, until when, and how every format tells it."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from mxprobe.errors import InputError
from mxprobe.facts.run import Run
from mxprobe.jobs.play import PlayOptions, play
from mxprobe.report.formats import RUN_FORMATS, load_format
from mxprobe.report.run_text import failed, render_runs
from mxprobe.scenario.load_plan import is_plan

PLAN = """\
story: shop.test survives the standard outages.
domain: shop.test
zone: ../zones/own.zone
recipients: [alice, postmaster]
hosts:
  mx1: {site: hq}
  mx2: {site: hq, recipients: any, profile: postfix}
senders: [postfix, exim]
play: [standard/quiet-day, standard/site-power-loss, standard/refused]
waive:
  - story: standard/site-power-loss
    senders: [exim]
    because: a second site is ordered, OPS-412
    until: 2027-03-31
  - story: standard/refused
    because: not needed
    until: 2027-03-31
"""
ZONE = Path(__file__).parent / "zones" / "own.zone"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with a plan and a zone, which is where one is."""
    for name in ("mail", "zones"):
        (tmp_path / name).mkdir()
    (tmp_path / "zones" / "own.zone").write_text(ZONE.read_text())
    (tmp_path / "mail" / "shop.test.yaml").write_text(PLAN)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _play(today: str = "2027-03-31") -> tuple[Run, ...]:
    return play(["mail/shop.test.yaml"], PlayOptions(today=today))


def test_the_last_line_tells_what_is_waived_until_when(folder: Path) -> None:
    runs = _play()
    text = render_runs(runs)

    assert text.splitlines()[-1].startswith(
        "3 standard stories, 6 plays: 4 as expected, 1 not, 1 waived until 2027-03-31 (OPS-412)."
    )
    assert failed(runs) == 1
    assert "FAIL  standard/site-power-loss  sender postfix  over zones/own.zone" in text
    assert "WAIVED  standard/site-power-loss  sender exim" in text
    assert "until 2027-03-31: a second site is ordered, OPS-412  (mail/shop.test.yaml:11)" in text
    assert "again   mxprobe run mail/shop.test.yaml -k standard/site-power-loss --sender postfix --seed 1" in text


def test_a_failure_says_how_its_plan_would_waive_it(folder: Path) -> None:
    lines = render_runs(_play()).splitlines()
    start = lines.index(
        "      if this is what you want to allow for a while, add under `waive:` in mail/shop.test.yaml"
    )

    assert lines[start + 1 : start + 3] == [
        "              - story: standard/site-power-loss",
        "                senders: [postfix]",
    ]


def test_a_waiver_that_nothing_needs_is_told_and_fails_nothing(folder: Path) -> None:
    assert "note  mail/shop.test.yaml:15: nothing that is waived here has failed (not needed)" in render_runs(_play())


def test_after_its_day_the_failure_is_one_again_and_says_so(folder: Path) -> None:
    runs = _play("2027-04-01")
    text = " ".join(render_runs(runs).split())

    assert failed(runs) == 2
    assert "was waived until 2027-03-31 (a second site is ordered, OPS-412)" in text
    assert "mail/shop.test.yaml:11; that day is over" in text
    assert "waived until" not in render_runs(runs).splitlines()[-1]


def test_a_waiver_of_a_finding_covers_no_other_failure(folder: Path) -> None:
    plan = PLAN.replace("    senders: [exim]\n", "    senders: [exim]\n    code: MX957\n")
    (folder / "mail" / "shop.test.yaml").write_text(plan)

    assert failed(_play()) == 2


def test_a_waiver_of_a_finding_covers_that_finding(folder: Path) -> None:
    story = folder / "mail" / "greylist.yaml"
    story.write_text(
        "story: Greylisting on the primary alone.\nsteps:\n"
        "  - {at: 0m, break: primary, with: {greylist: {wait: 5m}}}\n  - {at: 5m, send: hello, to: anyone}\n"
        "expect:\n  hello: {tried: [everyone], accepted: backup, arrived: {in: mailbox, before: 2h}}\n"
    )
    zone = folder / "zones" / "own.zone"
    zone.write_text(zone.read_text().replace("        IN AAAA 2001:db8:1::25\n", ""))
    waiver = "waive:\n  - {story: greylist.yaml, code: MX957, because: known, until: 2027-03-31}\n"
    (folder / "mail" / "shop.test.yaml").write_text(
        f"story: x\ndomain: shop.test\nzone: ../zones/own.zone\nsenders: [exim]\nplay: [greylist.yaml]\n{waiver}"
    )
    (run,) = _play()

    assert "MX957" in {finding.code for finding in run.findings}
    assert run.is_waived
    assert render_runs([run]).splitlines()[-1].startswith("1 story, 1 play: 0 as expected, 1 waived until 2027-03-31.")


def test_junit_skips_what_is_waived_and_names_the_zone_s_line(folder: Path) -> None:
    suite = ET.fromstring(load_format(RUN_FORMATS, "junit", "runs")(_play()))  # noqa: S314
    cases = {case.get("name"): case for case in suite}
    waived, wrong = cases["site-power-loss (exim)"], cases["site-power-loss (postfix)"]

    assert (suite.get("failures"), suite.get("skipped")) == ("1", "1")
    skipped = waived.find("skipped")
    assert skipped is not None
    assert skipped.get("message") == "waived until 2027-03-31: a second site is ordered, OPS-412"
    assert (wrong.get("file"), wrong.get("line")) == ("zones/own.zone", "8")


def test_github_puts_the_failure_at_the_zone_s_line_and_the_waiver_at_its_own(folder: Path) -> None:
    error, waived, unused = load_format(RUN_FORMATS, "github", "runs")(_play()).splitlines()

    assert error.startswith("::error file=zones/own.zone,line=8,title=site-power-loss (postfix)::")
    assert "same site as mx1 (hq)" in error
    assert waived.startswith("::notice file=mail/shop.test.yaml,line=11,title=site-power-loss (exim)::waived until")
    assert "nothing that is waived here has failed" in unused


def test_markdown_and_json_tell_it_too(folder: Path) -> None:
    runs = _play()
    table = load_format(RUN_FORMATS, "markdown", "runs")(runs)
    documents = json.loads(load_format(RUN_FORMATS, "json", "runs")(runs))["runs"]
    waived = next(run for run in documents if run["waivers"] and run["waivers"][0]["covers"])

    assert "| standard/site-power-loss | **not** | waived |" in table
    assert "waived until 2027-03-31" in table
    assert waived["waivers"][0]["until"] == "2027-03-31"
    assert waived["causes"][1] == {"line": 13, "text": "mx2 IN A 198.51.100.25", "about": "same site as mx1 (hq)"}
    assert waived["over"] == "zones/own.zone"


def test_stories_of_one_s_own_stand_beside_the_library_s(folder: Path) -> None:
    (folder / "mail" / "own.yaml").write_text(
        "story: Mine.\nsteps:\n"
        "  - {at: 0m, break: mx1, with: tcp-refuse, for: 1h}\n  - {at: 1m, send: hello, to: anyone}\n"
        "expect:\n  hello: {tried: [mx1, mx2], accepted: mx2, arrived: {in: mailbox, before: 4h}}\n"
    )
    plan = PLAN.partition("waive:")[0].replace("standard/refused]", "./own.yaml]")
    (folder / "mail" / "shop.test.yaml").write_text(plan)

    assert [run.path for run in _play()][-1] == "mail/own.yaml"


def test_a_waiver_whose_finding_is_not_what_failed_says_so(folder: Path) -> None:
    plan = PLAN.replace("    senders: [exim]\n", "    senders: [exim]\n    code: MX957\n")
    (folder / "mail" / "shop.test.yaml").write_text(plan)

    assert "mail/shop.test.yaml:11: what failed is not what is waived here (a second site" in " ".join(
        render_runs(_play()).split()
    )


def test_a_finding_that_no_rule_raises_cannot_be_waived(folder: Path) -> None:
    plan = PLAN.replace("    senders: [exim]\n", "    senders: [exim]\n    code: MX999\n")
    (folder / "mail" / "shop.test.yaml").write_text(plan)

    with pytest.raises(InputError, match=r"shop\.test\.yaml:11: there is no rule MX999"):
        _play()


@pytest.mark.parametrize("plan", ['"play": [refused]', "story: a\n'play': [refused]", "\ufeffplay: [refused]"])
def test_a_plan_is_known_by_what_it_plays(plan: str) -> None:
    assert is_plan(plan.encode())
    assert not is_plan(b"story: |\n  a\nplays: no\nzone: |\n  play: IN A 192.0.2.1\n")
    assert not is_plan(b"play: [")
