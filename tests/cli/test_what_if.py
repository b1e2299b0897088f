"""`mxprobe report --down --fault`: what a person asks of a saved probe, answered without a network."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import mxprobe
from mxprobe.cli import main
from mxprobe.mx.senders import MODELLED
from mxprobe.report.json import LookDocument, render_document
from tests.support.snapshots import HEALTHY, PLAIN, host, mx, snapshot, visit
from tests.support.sockets import watch_sockets

HOSTS = ("mx1.example.test", "mx2.example.test", "mx3.example.test")


@pytest.fixture
def saved(tmp_path: Path) -> Iterator[Path]:
    """A saved probe of three hosts, the last two equal and one of these without TLS.

    Whoever opens a socket or looks up a name while it is there fails the test.
    """
    preferences = (10, 20, 20)
    answers = [mx(*zip(preferences, HOSTS, strict=True))]
    answers += [host(name, f"192.0.2.{number}") for number, name in enumerate(HOSTS, 1)]
    said = (HEALTHY, PLAIN, HEALTHY)
    visits = [visit(preferences[place], name, f"192.0.2.{place + 1}", said[place]) for place, name in enumerate(HOSTS)]
    file = tmp_path / "saved.json"
    file.write_text(render_document(LookDocument(snapshot=snapshot(answers, visits))))
    with watch_sockets() as seen:
        yield file
    assert seen == []


def _ask(saved: Path, *words: str) -> Result:
    return CliRunner().invoke(main, ["report", str(saved), *words])


def test_the_answer_is_the_first_line_and_the_table_follows(saved: Path) -> None:
    result = _ask(saved, "--down", "mx1", "--fault", "reply 550 at rcpt")
    lines = result.output.split("\n")

    assert result.exit_code == 0, result.output
    assert lines[0].startswith("example.test: if mx1 says 550 at rcpt, ")
    assert "bounce" in lines[0]
    assert lines[2].startswith("IF MX1 FAILS   forecast for new mail from ")
    assert lines[4].startswith(" says 550 at rcpt ")
    assert "nothing was asked or dialled.  Exit 0: a forecast is no" in result.output
    assert max(len(line) for line in lines) <= 100


def test_without_a_fault_the_usual_ones_are_told_and_without_a_part_every_host(saved: Path) -> None:
    ways = _ask(saved, "--down", "mx1").output
    hosts = _ask(saved, "--fault", "no answer at dot").output

    for way in ("refuses connections", "does not answer", "greets with 421", "greets with 554"):
        assert way in " ".join(ways.split())
    for title in ("IF MX1 FAILS", "IF MX2 FAILS", "IF MX3 FAILS"):
        assert title in hosts


def test_json_has_the_cases_that_were_asked_for(saved: Path) -> None:
    result = _ask(
        saved, "--down", "mx1,mx3", "--down", "20", "--down", "mx2/v4", "--fault", "refuses", "--format", "json"
    )

    document = json.loads(result.output)
    cases = document["forecast"]["cases"]
    assert (result.exit_code, document["exit_status"], document["chosen"]) == (0, 0, True)
    assert [(case["kind"], case["endpoints"], case["asked"]) for case in cases] == [
        ("chosen", ["mx1.example.test/192.0.2.1", "mx3.example.test/192.0.2.3"], "mx1 and mx3"),
        ("preference", ["mx2.example.test/192.0.2.2", "mx3.example.test/192.0.2.3"], None),
        ("chosen", ["mx2.example.test/192.0.2.2"], "mx2/v4"),
    ]
    assert {case["cell"] for case in cases} == {"C1"}
    lost = {mailer["mailer"]: mailer["loses_tls"] for mailer in cases[0]["mailers"]}
    assert list(lost) == [profile.name for profile in MODELLED]
    assert lost["postfix"] is True


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--down", "mx9"), "--down mx9: is no host, preference or family of the chain"),
        (("--down", "30"), "Preferences: 10, 20."),
        (("--down", "v6"), "--down v6: is no family of this chain"),
        (("--down", "mx1/192.0.2.9"), "mx1.example.test has no such address"),
        (("--down", ","), "names nothing"),
        (("--fault", "reply 554"), "a reply has to be told where"),
        (("--down", "mx1", "--select", "MX3"), "--select can say nothing there"),
        (("--down", "mx1", "--baseline", "x.json", "--expect", "y.yaml"), "--baseline and --expect can say nothing"),
        (("--down", "mx1", "--format", "junit"), "--format text or json"),
    ],
)
def test_what_names_nothing_is_refused_with_what_there_is(saved: Path, words: tuple[str, ...], says: str) -> None:
    result = _ask(saved, *words)

    assert result.exit_code == 2, result.output
    assert says in result.output
    assert "Traceback" not in result.output


def test_saved_runs_and_a_domain_without_hosts_have_nothing_to_go_down(saved: Path) -> None:
    saved.write_text('{"schema": 1, "kind": "runs", "runs": []}')
    runs = _ask(saved, "--down", "mx1")
    saved.write_text(render_document(LookDocument(snapshot=snapshot([mx((0, "."))]))))
    null = _ask(saved, "--down", "mx1")

    assert (runs.exit_code, null.exit_code) == (2, 2)
    assert "saved runs have no chain" in runs.output
    assert "example.test had no MX host to go down" in null.output


def test_a_beginning_that_two_hosts_share_is_refused(saved: Path) -> None:
    names = ("mx.a.test", "mx.b.test")
    answers = [mx((10, names[0]), (20, names[1])), *(host(name, "192.0.2.1") for name in names)]
    saved.write_text(render_document(LookDocument(snapshot=snapshot(answers))))

    assert "means mx.a.test and mx.b.test alike" in _ask(saved, "--down", "mx").output
    assert _ask(saved, "--down", "mx.a").exit_code == 0
    assert _ask(saved, "--down", "MX.B.test.").exit_code == 0


def test_a_forecast_alone_never_changes_the_exit_status(saved: Path) -> None:
    plain = _ask(saved, "--fail-on", "error").exit_code

    assert plain == 0
    assert _ask(saved, "--down", "mx1,20", "--fault", "reply 550 at rcpt", "--fail-on", "info").exit_code == 0


def test_from_python_a_what_if_is_a_look_without_judgements(saved: Path) -> None:
    look = mxprobe.what_if(saved, ["mx1"], ["refuses"])

    assert look.chosen
    assert look.judgements == ()
    assert [case.way for case in look.forecast.cases] == ["refuses connections"]


def test_an_address_that_hosts_share_fails_for_each_of_them(tmp_path: Path) -> None:
    answers = [mx(*zip((10, 20), HOSTS[:2], strict=True)), *(host(name, "192.0.2.1") for name in HOSTS[:2])]
    visits = [visit(number, name, "192.0.2.1", HEALTHY) for number, name in zip((10, 20), HOSTS[:2], strict=True)]
    file = tmp_path / "saved.json"
    file.write_text(render_document(LookDocument(snapshot=snapshot(answers, visits))))

    result = _ask(file, "--down", "mx1/v4", "--fault", "refuses")

    assert result.exit_code == 0, result.output
    assert "goes to mx2" not in result.output
    assert "waits" in result.output.splitlines()[0]


def test_a_host_whose_addresses_are_not_known_has_no_part_that_could_fail(tmp_path: Path) -> None:
    zone = tmp_path / "zone"
    zone.write_text("$TTL 60\n@ IN MX 10 mx.other.test.\n@ IN MX 20 b\nb IN A 192.0.2.2\n")
    file = tmp_path / "saved.json"
    said = CliRunner().invoke(main, ["probe", "--zone", str(zone), "--domain", "example.test", "--save", str(file)])
    assert file.exists(), said.output

    result = _ask(file, "--down", "mx/v4", "--fault", "refuses")

    assert result.exit_code == 2
    assert "the addresses of mx.other.test are not in the zone" in result.output


def test_a_fault_that_ends_some_mailers_is_one(saved: Path) -> None:
    result = _ask(saved, "--down", "mx1", "--fault", "reply 502 at ehlo")

    assert result.exit_code == 0, result.output
    assert "KumoMTA" in result.output
