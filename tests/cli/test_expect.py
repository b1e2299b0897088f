"""`--expect` and `--write-expect`: over a saved probe or a zone file, and what is refused before anybody is asked."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mxprobe.cli import main

ZONE = """\
$TTL 3600
@ IN SOA ns1 hostmaster ( 1 3600 900 604800 300 )
  IN NS ns1
  IN NS ns2
@ IN MX 10 mx1
  IN MX 20 mx2
ns1 IN A 192.0.2.53
ns2 IN A 192.0.2.54
mx1 IN A 198.51.100.25
mx2 IN A 203.0.113.25
"""
FITS = """\
domain: example.com
mx: [10 mx1, 20 mx2]
backups: [mx2]
nameservers: [ns1, ns2]
"""


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A zone, what is expected of it, and a saved probe of that zone."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "db").write_text(ZONE)
    (tmp_path / "expect.yaml").write_text(FITS)
    assert _type("probe", "--zone", "db", "--domain", "example.com", "--save", "saved.json").exit_code == 0
    return tmp_path


def _type(*words: str) -> Result:
    return CliRunner().invoke(main, [*words])


def _zone(*words: str) -> Result:
    return _type("probe", "--zone", "db", "--domain", "example.com", *words)


def test_a_zone_and_a_saved_probe_that_fit_end_in_0(files: Path) -> None:
    for result in (_zone("--expect", "expect.yaml"), _type("report", "saved.json", "--expect", "expect.yaml")):
        assert result.exit_code == 0, result.output
        assert "no rule finds a fault" in " ".join(result.output.split())


def test_a_deviation_is_told_with_the_line_of_the_file_and_that_of_the_zone(files: Path) -> None:
    (files / "db").write_text(ZONE.replace("MX 20 mx2", "MX 30 mx2"))
    zone = _zone("--expect", "expect.yaml", "--format", "json")
    found = {one["code"]: one for each in json.loads(zone.output)["judgements"] for one in each["findings"]}

    assert zone.exit_code == 1
    assert found["MX531"]["says"] == "the MX records of example.com are not as expected (expect.yaml:2)"
    assert "(expect.yaml:2 expects preference 20)" in found["MX531"]["seen"][0]
    assert "db:6: IN MX 30 mx2" in found["MX531"]["seen"]

    (files / "expect.yaml").write_text(FITS.replace("10 mx1", "5 mx1"))
    saved = _type("report", "saved.json", "--expect", "expect.yaml")
    assert saved.exit_code == 1, saved.output
    assert saved.output.startswith("example.com, read from the zone file db")
    assert "MX531  the MX records of example.com are not as expected (expect.yaml:2)" in saved.output


@pytest.mark.parametrize(("until", "status"), [("9999-12-31", 0), ("2026-01-01", 1)])
def test_what_is_waived_counts_again_when_its_day_is_over(files: Path, until: str, status: int) -> None:
    (files / "expect.yaml").write_text(
        FITS.replace("20 mx2", "30 mx2")
        + f"waive:\n  - {{rule: mx-not-as-expected, because: OPS-412, until: {until}}}\n"
    )
    result = _zone("--expect", "expect.yaml", "--fail-on", "warning")
    text = " ".join(result.output.split())

    assert result.exit_code == status, result.output
    if status:
        assert "MX535 the waiver of MX531 ended on 2026-01-01 (expect.yaml:6)" in text
    else:
        assert "2 MX hosts; the only fault is waived." in text
        assert "waived error until 9999-12-31: OPS-412 (expect.yaml:6)" in text
        assert "Exit 0: nothing at or above warning but 1 waived." in text


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ("waive: [{rule: MX999, because: b, until: 2027-01-01}]", "expect.yaml:5:16: no rule is called `MX999`"),
        ("waive: [{rule: MX951, because: b, until: 2027-01-01}]", "expect.yaml:5:16: no rule is called `MX951`"),
        ("waive: [{rule: single-mx-adress, because: b, until: 2027-01-01}]", "All rules: mxprobe explain rules."),
        ("dmarc: rejct", "expect.yaml:5:8: no value of `dmarc` is called `rejct`"),
        ("dmrc: reject", "dmarc?"),
    ],
)
def test_a_file_that_cannot_be_right_ends_in_2_with_file_line_and_what_would_be_right(
    files: Path, more: str, says: str
) -> None:
    (files / "expect.yaml").write_text(f"{FITS}{more}\n")
    for result in (_zone("--expect", "expect.yaml"), _type("report", "saved.json", "--expect", "expect.yaml")):
        assert result.exit_code == 2, result.output
        assert says in result.output
        assert "Traceback" not in result.output


def test_a_file_that_a_zone_begins_is_one_that_it_fits(files: Path) -> None:
    begun = _zone("--write-expect", "new.yaml")
    text = (files / "new.yaml").read_text()
    again = _zone("--expect", "new.yaml")

    assert begun.exit_code == again.exit_code == 0, begun.output + again.output
    assert "begun: new.yaml; read it, then look again with --expect new.yaml" in begun.output
    assert "mx:\n  - 10 mx1\n  - 20 mx2\n# backups: [mx2]\n" in text
    assert "# tls: no address was dialled\n" in text
    assert "# dnssec: a zone file was read, and its signatures, if it has any, are not judged" in text


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--zone", "db", "--domain", "example.com", "--write-expect", "expect.yaml"), "there is one already"),
        (("--zone", "db", "--domain", "example.com", "--write-expect", "no/new.yaml"), "there is no such folder"),
        (("example.com", "--write-expect", "new.yaml", "--expect", "expect.yaml"), "name either"),
        (("example.com", "example.org", "--write-expect", "new.yaml"), "about one domain; name one"),
    ],
)
def test_a_file_that_cannot_be_begun_is_refused_before_anybody_is_asked(
    files: Path, words: tuple[str, ...], says: str
) -> None:
    result = _type("probe", *words)

    assert result.exit_code == 2, result.output
    assert says in result.output
    assert (files / "expect.yaml").read_text() == FITS
    assert not (files / "new.yaml").exists()
