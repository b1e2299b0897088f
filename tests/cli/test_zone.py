"""`mxprobe probe --zone`: a domain that is not published yet, nobody asked and nothing dialled."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import mxprobe
from mxprobe.cli import main
from tests.support.sockets import watch_sockets

ZONE = """\
$TTL 3600
@ IN SOA ns1 hostmaster ( 1 3600 900 604800 300 )
  IN NS ns1
@ IN MX 10 mx1
  IN MX 20 relay.isp.example.
ns1 IN A 192.0.2.53
mx1 IN A 198.51.100.25
"""


@pytest.fixture
def zone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A zone file; whoever opens a socket or looks up a name while it is there fails the test."""
    file = tmp_path / "db.example.com"
    file.write_text(ZONE)
    monkeypatch.chdir(tmp_path)
    with watch_sockets() as seen:
        yield file
    assert seen == []


def _type(*words: str, typed: str | None = None) -> Result:
    return CliRunner().invoke(main, ["probe", *words], input=typed)


def test_a_zone_is_told_with_its_chain_and_forecast_and_what_nobody_could_judge(zone: Path) -> None:
    result = _type("--zone", zone.name, "--domain", "example.com")
    lines = result.output.split("\n")

    assert result.exit_code == 0, result.output
    assert " ".join(lines[:2]) == (
        "example.com, read from the zone file db.example.com (nobody asked, nothing dialled): 2 MX hosts; no rule "
        "finds a fault."
    )
    assert "MX CHAIN   tried from the top; MX TTL 1 h, as in db.example.com" in lines
    assert "   20  relay.isp.example               in another zone" in lines
    assert "IF MX1 FAILS   forecast for new mail from " in result.output
    assert "goes to relay" in result.output
    assert " Each host is assumed to answer and to take the mail; nothing is known of its TLS." in lines
    assert "no address was dialled" in result.output
    assert "not in the zone" in result.output
    assert lines[-2] == (
        "6 records read, 6 of them about mail, 0 sessions, 0 DNS queries.  Exit 0: nothing at or above error."
    )
    assert max(len(line) for line in lines) <= 100


def test_a_finding_names_the_lines_of_the_file(zone: Path) -> None:
    zone.write_text(ZONE.replace("relay.isp.example.", "relay.isp.example") + "old IN CNAME mx1\n@ IN MX 30 old\n")

    result = _type("--zone", zone.name, "--domain", "example.com", "--format", "json")

    document = json.loads(result.output)
    found = {one["code"]: one for judgement in document["judgements"] for one in judgement["findings"]}
    assert result.exit_code == document["exit_status"] == 1
    assert found["MX201"]["seen"][-1] == "db.example.com:5: IN MX 20 relay.isp.example"
    assert "write relay.isp.example. if that is the host" in found["MX201"]["do"]
    assert found["MX104"]["seen"][-2:] == ["db.example.com:8: old IN CNAME mx1", "db.example.com:9: @ IN MX 30 old"]
    assert document["snapshot"]["zone"]["path"] == "db.example.com"
    assert document["forecast"]["assumed"] is True


def test_a_zone_comes_from_standard_input_too(zone: Path) -> None:
    result = _type("--zone", "-", "--domain", "example.com", typed=ZONE)

    assert result.exit_code == 0, result.output
    assert result.output.startswith("example.com, read from the zone file standard input")


def test_a_saved_zone_is_looked_at_again_and_asked_what_if(zone: Path) -> None:
    assert _type("--zone", zone.name, "--domain", "example.com", "--save", "saved.json").exit_code == 0

    again = CliRunner().invoke(main, ["report", "saved.json"])
    what_if = CliRunner().invoke(main, ["report", "saved.json", "--down", "relay", "--fault", "refuses"])

    assert "read from the zone file db.example.com" in again.output
    assert what_if.output.startswith("example.com: if relay refuses connections, nothing changes for new mail: all ")


def test_a_null_mx_and_a_zone_of_hosts_elsewhere_are_told(zone: Path) -> None:
    zone.write_text("@ 60 IN MX 0 .\n")
    null = _type("--zone", zone.name, "--domain", "example.com")
    zone.write_text("@ 60 IN MX 10 mx1.isp.example.\n@ 60 IN MX 20 mx2.isp.example.\n")
    elsewhere = _type("--zone", zone.name, "--domain", "example.com")

    assert "takes no mail" in null.output.split("\n\n")[0].replace("\n", " ")
    assert "IF MX1 FAILS" in elsewhere.output
    assert elsewhere.exit_code == 0, elsewhere.output


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--zone", "db.example.com"), "belong together"),
        (("--domain", "example.com"), "belong together"),
        (("--zone", "db.example.com", "--domain", "example.com", "example.org"), "example.org without --zone"),
        (("--zone", "db.example.com", "--domain", "exa mple"), "white space"),
        (("--zone", "nowhere", "--domain", "example.com"), "nowhere: the zone cannot be read"),
        (("--zone", "bad", "--domain", "example.com"), "bad:2: the zone of example.com cannot be read"),
        (("--zone", "empty", "--domain", "example.com"), "empty: this zone has no record of example.com"),
        (("--zone", "latin", "--domain", "example.com"), "latin:1: the zone is not UTF-8 (octet 0xe9 here)"),
        (("--zone", "db.example.com", "--domain", "example.com", "--to", "al@example.com", "-4"), "--to, -4 cannot"),
        (("--zone", "db.example.com", "--domain", "example.com", "--port", "2525"), "--port cannot"),
        (("--zone", "db.example.com", "--domain", "example.com", "--nameserver", "127.0.0.1"), "--nameserver cannot"),
        (("--zone", "db.example.com", "--domain", "example.com", "--attempts", "1"), "--attempts cannot"),
    ],
)
def test_what_cannot_be_right_is_named(zone: Path, words: tuple[str, ...], says: str) -> None:
    Path("bad").write_text("@ 60 IN MX 10 mx1\n@ 60 IN MX ten mx1\n")
    Path("empty").write_text("; nothing\n")
    Path("latin").write_bytes(b"; \xe9\n")

    result = _type(*words)

    assert result.exit_code == 2, result.output
    assert says in result.output
    assert "Traceback" not in result.output


def test_a_key_is_looked_for_where_a_selector_is_named(zone: Path) -> None:
    zone.write_text(ZONE + 'here._domainkey IN TXT "v=DKIM1; p=MIGf"\n')

    result = _type(
        "--zone", zone.name, "--domain", "example.com", "--dkim-selector", "here", "--dkim-selector", "there"
    )

    assert result.exit_code == 0, result.output
    assert "MX860  the DKIM selector there has no key at example.com" in result.output
    assert "the DKIM selector here" not in result.output


@pytest.mark.parametrize("form", ["json", "junit"])
def test_the_lines_are_in_every_format(zone: Path, form: str) -> None:
    zone.write_text(ZONE + "@ IN MX 30 gone\n")

    result = _type("--zone", zone.name, "--domain", "example.com", "--format", form)

    assert result.exit_code == 1
    assert "db.example.com:8: @ IN MX 30 gone" in result.output


def test_from_python_a_zone_is_a_look(zone: Path) -> None:
    look = mxprobe.look_at_zone(zone, "example.com")

    assert look.snapshot.zone.path == str(zone)
    assert [visit.endpoint.address for visit in look.snapshot.visits] == ["198.51.100.25"]
    assert all(not visit.sessions for visit in look.snapshot.visits)
    assert {answer.tries for answer in look.snapshot.answers} == {0}
    assert look.forecast is not None
