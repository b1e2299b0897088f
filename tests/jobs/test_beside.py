"""What a look is compared with: files of anybody, read with bounded memory and refused with their names."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mxprobe.cli import main
from mxprobe.errors import InputError
from mxprobe.jobs.beside import read_beside
from mxprobe.jobs.saved import MOST_OCTETS
from mxprobe.report.json import LookDocument, render_document
from tests.support.examples import snapshot_of

HOSTS = "mx1.example.test A 192.0.2.1\nmx9.example.test A 203.0.113.9\n"
OLD = HOSTS + "looked 2026-02-01T00:00Z\nexample.test MX 10 mx1.example.test\n"
NEW = HOSTS + "looked 2026-03-01T00:00Z\nexample.test MX 10 mx9.example.test\n"


def _save(path: Path, block: str) -> Path:
    path.write_text(render_document(LookDocument(snapshot=snapshot_of(block))))
    return path


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with an old and a new probe, and what is approved."""
    monkeypatch.chdir(tmp_path)
    _save(tmp_path / "old.json", OLD)
    _save(tmp_path / "new.json", NEW)
    (tmp_path / "expected.yaml").write_text("domain: example.test\nmx: [10 mx1]\n")
    return tmp_path


def _report(*words: str) -> Result:
    return CliRunner().invoke(main, ["report", *words])


def test_a_saved_probe_is_compared_with_an_earlier_one(files: Path) -> None:
    alone = _report("new.json", "--select", "MX520")
    compared = _report("new.json", "--baseline", "old.json", "--select", "MX520", "--fail-on", "warning")
    same = _report("new.json", "--baseline", "new.json", "--select", "MX520", "--fail-on", "warning")

    assert alone.exit_code == 3, alone.output  # nobody was dialled, and nothing was found
    assert "1 rule         needs more than this look: --baseline FILE; listed in --format json" in alone.output
    assert compared.exit_code == 1, compared.output
    assert "are not those of the probe of 2026-02-01 00:00 UTC" in compared.output
    assert "gone: 10 mx1.example.test" in compared.output
    assert "MX520" not in same.output


def test_a_saved_probe_is_compared_with_what_is_approved(files: Path) -> None:
    result = _report("new.json", "--expect", "expected.yaml", "--baseline", "old.json")

    assert result.exit_code == 1, result.output
    assert "error   MX521  nobody approved the MX host mx9.example.test of example.test" in result.output
    assert "MX520 mx-drift" in result.output


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "no saved probe"),
        (b"{", "no saved probe"),
        (b"[]", "no saved probe"),
        (b"\xff\xfe", "no saved probe"),
        (b'{"kind":"runs","schema":1,"runs":[]}', "no saved probe of schema 1"),
        (b'{"kind":"look","schema":2}', "no saved probe of schema 1"),
        (b'{"kind":"look","schema":1}', "no saved probe: Object missing required field `snapshot`"),
        (b'{"kind":"look","schema":1,"snapshot":{"domain":7}}', "$.snapshot"),
        (b'{"kind":"look","schema":1,"x":' + b"[" * 200_000, "no saved probe"),
        (b" " * (MOST_OCTETS + 1), f"more than {MOST_OCTETS} octets"),
    ],
    ids=["empty", "cut", "list", "octets", "runs", "schema", "no look", "not a look", "deep", "large"],
)
def test_a_baseline_that_is_none_is_refused_with_its_name(files: Path, content: bytes, says: str) -> None:
    (files / "bad.json").write_bytes(content)
    result = _report("new.json", "--baseline", "bad.json")

    assert result.exit_code == 2, result.output
    assert result.output.startswith("bad.json")
    assert says in result.output
    assert "Traceback" not in result.output


def test_a_baseline_without_an_end_is_not_read_to_it() -> None:
    with pytest.raises(InputError, match="more than"):
        read_beside("example.test", baseline=Path("/dev/zero"))


def test_a_later_probe_and_one_of_another_domain_are_no_baseline(files: Path) -> None:
    later = _report("old.json", "--baseline", "new.json")
    text = (files / "old.json").read_text().replace('"domain": "example.test"', '"domain": "other.test"')
    (files / "other.json").write_text(text)
    other = _report("new.json", "--baseline", "other.json")

    assert (later.exit_code, other.exit_code) == (2, 2)
    assert "new.json: this probe is younger" in later.output
    assert "other.json: this is a probe of other.test, and example.test is looked at" in other.output


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--baseline", "nowhere.json"), "nowhere.json: cannot be read"),
        (("--baseline", "."), ".: cannot be read"),
        (("--expect", "nowhere.yaml"), "nowhere.yaml: cannot be read"),
        (("--expect", "old.json"), "old.json:2:3: no key of what is approved is called `schema`"),
    ],
)
def test_files_that_cannot_be_read_are_named(files: Path, words: tuple[str, ...], says: str) -> None:
    result = _report("new.json", *words)

    assert result.exit_code == 2, result.output
    assert says in result.output


def test_what_is_approved_for_another_domain_is_refused(files: Path) -> None:
    (files / "expected.yaml").write_text("domain: other.test\nmx: []\n")

    assert "expected.yaml: this file is about other.test" in _report("new.json", "--expect", "expected.yaml").output


def test_a_probe_checks_its_files_before_it_looks(files: Path) -> None:
    def probe(*words: str) -> Result:
        return CliRunner().invoke(main, ["probe", "--nameserver", "127.0.0.1:1", *words])

    assert "no.json: cannot be read" in probe("example.test", "--baseline", "no.json").output
    assert "this is a probe of example.test" in probe("other.test", "--baseline", "old.json").output
    assert "about one domain; name one" in probe("example.test", "other.test", "--expect", "expected.yaml").output
    assert probe("example.test", "--baseline", "old.json", "--expect", "expected.yaml").exit_code == 3


def test_a_zone_that_is_not_published_yet_is_compared_too(files: Path) -> None:
    (files / "db").write_text("@ 60 IN MX 10 mx9\nmx9 60 IN A 192.0.2.9\n")
    words = ["probe", "--zone", "db", "--domain", "example.test", "--baseline", "old.json", "--expect", "expected.yaml"]
    result = CliRunner().invoke(main, words)

    assert "nobody approved the MX host mx9.example.test" in result.output
    assert "db:1: @ 60 IN MX 10 mx9" in result.output


def test_proofs_and_runs_are_compared_with_nothing(files: Path) -> None:
    (files / "runs.json").write_text('{"kind":"runs","schema":1,"runs":[]}')
    result = _report("runs.json", "--baseline", "old.json")
    many = _report("old.json", "new.json", "--baseline", "old.json")

    assert (result.exit_code, many.exit_code) == (2, 2)
    assert "for a saved probe, and this file is none" in result.output
    assert "--baseline: that is asked of one saved probe" in many.output


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(st.data())
def test_a_damaged_baseline_is_refused_or_compared_and_never_raises(files: Path, data: st.DataObject) -> None:
    whole = bytearray((files / "old.json").read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(whole) - 1))
        whole[at : at + data.draw(st.integers(0, 40))] = data.draw(st.binary(max_size=6))
    (files / "bad.json").write_bytes(bytes(whole))
    result = _report("new.json", "--baseline", "bad.json")

    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert "Traceback" not in result.output


# -- the plan of a migration -------------------------------------------------------------------------------------------

PLAN = """\
domain: example.test
old: [10 mx1]
new: [10 mx9]
cut-over: 2026-03-01T08:00Z
old-ttl: 1d
"""


def test_a_saved_probe_is_read_beside_the_plan_of_a_migration(files: Path) -> None:
    (files / "plan.yaml").write_text(PLAN)

    result = _report("old.json", "--migration", "plan.yaml")
    document = json.loads(_report("old.json", "--migration", "plan.yaml", "--format", "json").output)

    assert "MIGRATION   what may be done now, and what must wait" in result.output
    assert " cut-over planned for 2026-03-01 08:00 UTC (in 28 d 8 h)" in result.output
    assert document["advice"]["cut_over"] == 1772352000.0
    assert document["advice"]["steps"][0]["name"] == "lower-ttl"
    assert "MIGRATION" not in _report("old.json").output


def test_a_plan_may_stand_in_the_file_of_what_is_approved_or_in_one_of_its_own_and_not_in_both(files: Path) -> None:
    (files / "plan.yaml").write_text(PLAN)
    inner = "".join(f"  {line}\n" for line in PLAN.splitlines()[1:])
    (files / "both.yaml").write_text(f"domain: example.test\nmigration:\n{inner}")

    alone = _report("old.json", "--expect", "both.yaml")
    beside = _report("old.json", "--expect", "expected.yaml", "--migration", "plan.yaml")
    twice = _report("old.json", "--expect", "both.yaml", "--migration", "plan.yaml")

    plain = _report("new.json", "--expect", "expected.yaml", "--select", "MX521")
    planned = _report("new.json", "--expect", "expected.yaml", "--migration", "plan.yaml", "--select", "MX521")

    assert "MX521" in plain.output
    assert "MX521" not in planned.output  # the plan brings that host
    assert "MIGRATION" in alone.output
    assert "MIGRATION" in beside.output
    assert twice.exit_code == 2
    assert twice.output.startswith("plan.yaml: both.yaml has a `migration` as well: one plan is enough, here or there")


@pytest.mark.parametrize(
    ("plan", "says"),
    [
        (PLAN.replace("example.test", "other.test"), "plan.yaml: this file is about other.test, and example.test is"),
        (PLAN.replace("old-ttl: 1d", "old-ttl: 86400"), "plan.yaml:5:10: `86400` has no unit"),
        ("x" * 70_000, "plan.yaml: the file has more than 65536 octets"),
        ("", "plan.yaml: the file is empty"),
    ],
    ids=["another domain", "a mistake", "large", "empty"],
)
def test_a_plan_that_is_none_is_refused_with_its_place(files: Path, plan: str, says: str) -> None:
    (files / "plan.yaml").write_text(plan)

    for words in (("old.json",), ("new.json", "--baseline", "old.json")):
        result = _report(*words, "--migration", "plan.yaml")
        assert result.exit_code == 2, result.output
        assert result.output.startswith(says)
        assert "Traceback" not in result.output


def test_a_plan_without_an_end_is_not_read_to_it() -> None:
    with pytest.raises(InputError, match="more than"):
        read_beside("example.test", migration=Path("/dev/zero"))


def test_a_plan_is_of_one_domain_and_of_a_probe(files: Path) -> None:
    (files / "plan.yaml").write_text(PLAN)
    several = CliRunner().invoke(main, ["probe", "a.test", "b.test", "--migration", "plan.yaml"])
    (files / "runs.json").write_text('{"schema":1,"kind":"runs","runs":[]}')
    runs = _report("runs.json", "--migration", "plan.yaml")

    assert (several.exit_code, runs.exit_code) == (2, 2)
    assert "--migration is about one domain" in several.output
    assert "--migration is for a saved probe" in runs.output


def test_a_zone_file_is_read_beside_a_plan_and_hosts_that_nobody_dialled_stay_open(files: Path) -> None:
    (files / "plan.yaml").write_text(PLAN)
    (files / "zone").write_text(
        "$ORIGIN example.test.\n@ 86400 IN SOA ns1 h 1 2 3 4 5\n@ 86400 IN NS ns1\nns1 86400 IN A 192.0.2.3\n"
        "@ 86400 IN MX 10 mx1\nmx1 86400 IN A 192.0.2.1\nmx9 86400 IN A 192.0.2.9\n"
    )

    words = ["probe", "--zone", "zone", "--domain", "example.test", "--migration", "plan.yaml"]
    result = CliRunner().invoke(main, words)

    assert "lower the TTL of the MX records to 300 s" in result.output
    assert " ?        let mx9.example.test take mail for example.test" in result.output
    assert " ?        publish the new MX records" in result.output
    assert result.exit_code in (0, 1)
