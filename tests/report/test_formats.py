"""Every format of a look: whole, masked, and without a byte that a remote could use against a terminal or a page."""

import json
import unicodedata
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner

from mxprobe.cli import main
from mxprobe.facts.codec import masked
from mxprobe.facts.lines import ReplyReader
from mxprobe.facts.session import Endpoint, Session, Side, Turn
from mxprobe.facts.smtp import Phase
from mxprobe.facts.snapshot import Snapshot, Visit
from mxprobe.jobs.look import judge
from mxprobe.report.formats import LOOK_FORMATS, load_format
from mxprobe.report.json import LookDocument
from mxprobe.report.look_text import render_look
from mxprobe.report.verdict import conclude_look
from tests.support.snapshots import HEALTHY, host, mx, snapshot, visit

HOSTILE = b"554 5.7.1 \x1b[31m\x00\xe2\x80\xae blocked <alice@example.test> \xff\x9b2J]]> & <b>\r\n"


def _hostile() -> Snapshot:
    (reply,) = ReplyReader().feed(HOSTILE)
    turn = Turn(phase=Phase.BANNER, started=0.0, ended=0.0, reply=reply)
    endpoint = Endpoint(host="mx1.example.test", address="192.0.2.1")
    session = Session(endpoint=endpoint, side=Side.CLIENT, started_at=0.0, turns=(turn,))
    answers = (mx((10, "mx1.example.test")), host("mx1.example.test", "192.0.2.1"))
    return snapshot(answers, (Visit(endpoint=endpoint, preference=10, sessions=(session,)),))


def _document(seen: Snapshot) -> LookDocument:
    look = judge(seen)
    return conclude_look(seen, look.judgements, look.forecast)


def _texts() -> dict[str, str]:
    document = _document(_hostile())
    rendered = {form: load_format(LOOK_FORMATS, form, "a probe")((masked(document),)) for form in LOOK_FORMATS}
    return {"text": render_look(document), **rendered}


@pytest.mark.parametrize("form", ["text", *LOOK_FORMATS])
def test_nothing_unescaped_reaches_any_format(form: str) -> None:
    text = _texts()[form]

    bad = [character for character in text if unicodedata.category(character) in {"Cc", "Cf"} and character != "\n"]
    assert bad == []
    if form not in ("junit", "prometheus"):  # failures are warnings and errors, metrics have no evidence
        assert "\\x1b" in text.replace("\\\\", "\\")
    if form == "json":
        assert json.loads(text)["schema"] == 1
        assert "alice@" not in text
    if form == "junit":
        assert ET.fromstring(text).tag == "testsuite"  # noqa: S314


def test_a_report_is_a_hundred_columns_wide_at_most_and_begins_with_the_answer() -> None:
    names = {"mx1.example.test": "192.0.2.1", "mx2.example.test": "192.0.2.2"}
    answers = (mx(*((10, name) for name in names)), *(host(name, address) for name, address in names.items()))
    visits = [visit(10, name, address, HEALTHY, times=1) for name, address in names.items()]
    document = _document(snapshot(answers, visits))
    lines = render_look(document).split("\n")

    assert lines[0] == "example.test: 2 of 2 MX hosts answer; no rule finds a fault."
    assert all(len(line) <= 100 for line in lines if "mxprobe " not in line)
    assert lines[-1].endswith("Exit 0: nothing at or above error.")


def test_a_saved_probe_is_its_owners_alone_and_is_judged_again(tmp_path) -> None:  # type: ignore[no-untyped-def]
    saved = tmp_path / "saved.json"
    runner = CliRunner()

    first = runner.invoke(main, ["probe", "--nameserver", "127.0.0.1:1", "example.test", "--save", str(saved)])
    again = runner.invoke(main, ["report", str(saved)])

    assert saved.stat().st_mode & 0o777 == 0o600
    assert (first.exit_code, again.exit_code) == (3, 3)
    assert again.output.split("\n")[0] == first.output.split("\n")[0]


def test_saved_runs_are_judged_again(tmp_path) -> None:  # type: ignore[no-untyped-def]
    runner = CliRunner()
    played = runner.invoke(main, ["run", "scenarios/dns", "--format", "json"])
    saved = tmp_path / "runs.json"
    saved.write_text(played.output)

    again = runner.invoke(main, ["report", str(saved)])

    assert again.exit_code == 0, again.output
    assert "all as expected" in again.output
