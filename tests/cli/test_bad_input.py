"""What people type wrong: one clear message, the right exit status, no traceback."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mxprobe.cli import main

STORY = Path(__file__).parents[2] / "scenarios" / "outage" / "primary-refuses.yaml"


def _type(*words: str) -> Result:
    return CliRunner().invoke(main, list(words))


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("lab", str(STORY.parent)), "one story"),
        (("probe", "example.test", "--select", "ZZ"), "--select ZZ"),
        (("probe", "example.test", "--save", "/nowhere/at/all.json"), "no such folder"),
        (("report", "saved.json", "--ignore", "MY1"), "--ignore MY1"),
        (("probe", ""), "empty"),
        (("probe", "ex ample"), "white space"),
        (("probe", "a." * 150 + "test"), "253"),
        (("probe", "192.0.2.1"), "IP address"),
        (("probe",), "name a domain"),
        (("probe", "-4", "-6", "example.test"), "exclude each other"),
        (("probe", "--no-such-flag", "example.test"), "No such option"),
        (("probe", "--cafile", str(STORY), "--nameserver", "127.0.0.1:1", "example.test"), "PEM"),
        (("run", "no/such/file.yaml"), "no such file"),
        (("run", str(STORY), "--sender", "postfx"), "postfix?"),
        (("run", str(STORY), "-k", "postfix and"), "a word is missing"),
        (("run", str(STORY), "-k", "qmail"), "no play has a path and a sender like this"),
        (("run", str(STORY), "--only-random"), "no play here contains a random choice"),
        (("lab", "no/such/file.yaml"), "no such file"),
        (("report", "no/such/file.json"), "cannot be read"),
        (("report", str(STORY)), "no saved probe"),
        (("probe", "example.test", "--trust-anchor", str(STORY)), "goes with --dnssec"),
        (("probe", "example.test", "--dnssec", "--trust-anchor", str(STORY)), "no trust anchor"),
        (("probe", "example.test", "--dnssec", "--trust-anchor", "/no/such/file"), "cannot read the trust anchor"),
        (("explain", "MX10"), "MX10"),
    ],
)
def test_wrong_words_end_in_one_message_and_exit_2(words: tuple[str, ...], says: str) -> None:
    result = _type(*words)

    assert result.exit_code == 2, result.output
    assert says in result.output
    assert "Traceback" not in result.output


def test_a_name_server_that_does_not_answer_is_exit_3() -> None:
    result = _type("probe", "--nameserver", "127.0.0.1:1", "example.test")

    assert result.exit_code == 3, result.output
    assert "did not answer" in result.output


def test_a_domain_in_umlauts_and_an_address_are_taken() -> None:
    for typed in ("münchen.example", "alice@münchen.example"):
        result = _type("probe", "--nameserver", "127.0.0.1:1", typed)

        assert "münchen.example: could not look" in result.output


def test_a_story_is_played_and_its_failure_is_told_with_line_and_timeline(tmp_path: Path) -> None:
    assert _type("run", str(STORY)).exit_code == 0

    broken = tmp_path / "broken.yaml"
    broken.write_text(STORY.read_text().replace("accepted: mx2", "accepted: mx1"))
    result = _type("run", str(broken), "--sender", "postfix")

    assert result.exit_code == 1
    assert f"{broken}:17" in result.output
    assert "expected to be accepted by mx1; accepted by mx2" in result.output
    assert "BREAK" in result.output
    assert "again   mxprobe run" in result.output


def test_junit_and_json_of_a_failure_are_well_formed(tmp_path: Path) -> None:
    import json
    from xml.etree import ElementTree as ET

    broken = tmp_path / "broken.yaml"
    broken.write_text(STORY.read_text().replace("accepted: mx2", "accepted: mx1"))

    junit = _type("run", str(broken), "--format", "junit").output
    suite = ET.fromstring(junit)  # noqa: S314
    document = json.loads(_type("run", str(broken), "--format", "json").output)

    assert suite.get("failures") == "4"
    assert document["schema"] == 1
    assert "alice@" not in json.dumps(document) + junit + _type("run", str(broken)).output
    assert "al***@example.test" in junit


def test_every_rule_has_a_page_with_its_five_headings() -> None:
    from mxprobe.rules.all import ALL_RULES

    for module in ALL_RULES:
        page = _type("explain", module.RULE.code).output
        for heading in ("What it sees.", "Why it matters.", "Example.", "What to do.", "Standards."):
            assert heading in page, (module.RULE.code, heading)
