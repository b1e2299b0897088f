"""`mxprobe report` and `mxprobe diff` over the results of surveys: one domain by its name, and all of them in short."""

import json
import sqlite3
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mxprobe.cli import main
from mxprobe.facts.session import FailureKind
from mxprobe.facts.survey import Depth
from mxprobe.jobs.history import History, keep
from mxprobe.jobs.saved import look_in
from mxprobe.jobs.survey.results import Lines, are_many, line_about, lines_in
from tests.support.snapshots import HEALTHY, PLAIN
from tests.support.surveyed import line_about as made_line

SAME = made_line("same.test", (10, "mx1", HEALTHY), (20, "mx2", HEALTHY))
GONE = made_line("gone.test", (10, "mx1", HEALTHY))
OLD = made_line("moved.test", (10, "mx1", HEALTHY), (20, "mx2", HEALTHY))
NEW = made_line("moved.test", (10, "mx1", FailureKind.REFUSED), (20, "mx2", PLAIN))
COME = made_line("come.test", (10, "mx1", HEALTHY))


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """The results of the earlier survey."""
    path = tmp_path / "old.jsonl"
    path.write_bytes(SAME + GONE + OLD)
    return path


@pytest.fixture
def new(tmp_path: Path) -> Path:
    """The results of the later one, in another order."""
    path = tmp_path / "new.jsonl"
    path.write_bytes(NEW + COME + SAME)
    return path


def _do(*words: str | Path) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


# -- report ------------------------------------------------------------------------------------------------------------


def test_report_tells_the_domain_that_is_named_whatever_way_it_is_written(new: Path) -> None:
    for name in ("moved.test", "MOVED.test.", "someone@moved.test"):
        result = _do("report", new, "--domain", name)
        assert result.exit_code == 1
        assert result.output.startswith("moved.test: ")
        assert "MX308" in result.output


def test_report_without_a_name_gives_the_summary_of_many(new: Path) -> None:
    result = _do("report", new)
    assert result.exit_code == 0
    assert result.output.startswith("3 domains: 2 of 3 (67 %) have a backup")
    document = json.loads(_do("report", new, "--format", "json").output)
    assert (document["kind"], document["domains"]) == ("survey-summary", 3)


def test_report_of_results_with_one_line_tells_that_domain(tmp_path: Path) -> None:
    path = tmp_path / "one.jsonl"
    path.write_bytes(NEW)
    assert _do("report", path).output.startswith("moved.test: ")


@pytest.mark.parametrize("words", [("--format", "html"), ("--down", "mx1"), ("--fail-on", "info"), ("--select", "MX3")])
def test_report_of_many_says_what_to_type_for_one(new: Path, words: tuple[str, str]) -> None:
    result = _do("report", new, *words)
    assert result.exit_code == 2
    assert words[0] in result.output
    assert "--domain NAME" in result.output


def test_report_says_that_a_domain_is_not_there(new: Path) -> None:
    result = _do("report", new, "--domain", "other.test")
    assert result.exit_code == 2
    assert "no line about other.test" in result.output


def test_a_what_if_and_a_baseline_find_their_line(new: Path, old: Path) -> None:
    assert _do("report", new, "--domain", "same.test", "--down", "mx1").output.startswith("same.test: if mx1 fails")
    result = _do("report", new, "--domain", "moved.test", "--baseline", old)
    assert result.exit_code == 1
    assert "moved.test" in result.output


def test_report_reads_a_database_and_a_parquet_file(tmp_path: Path) -> None:
    lines = [("same.test", SAME.decode().rstrip()), ("moved.test", NEW.decode().rstrip())]
    database = tmp_path / "r.db"
    connection = sqlite3.connect(database)
    connection.execute("CREATE TABLE results (number INTEGER PRIMARY KEY, domain TEXT, document TEXT)")
    connection.executemany("INSERT INTO results (domain, document) VALUES (?, ?)", lines)
    connection.commit()
    connection.close()
    assert _do("report", f"sqlite:{database}", "--domain", "moved.test").output.startswith("moved.test: ")
    assert _do("report", f"sqlite:{database}", "--domain", "x.test").exit_code == 2
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    file = tmp_path / "r.parquet"
    parquet.write_table(pyarrow.Table.from_pylist([{"domain": name, "document": text} for name, text in lines]), file)
    assert _do("report", file, "--domain", "moved.test").output.startswith("moved.test: ")


def test_a_history_is_still_read_by_its_last_line_also_with_its_domain(tmp_path: Path) -> None:
    history = History(folder=tmp_path, domain="moved.test")
    for line in (OLD, NEW):
        keep(history, look_in(line, history.path))
    assert not are_many(history.path)
    for words in ((), ("--domain", "moved.test")):
        result = _do("report", history.path, *words)
        assert result.exit_code == 1
        assert "MX308" in result.output
    assert _do("report", history.path, "--domain", "same.test").exit_code == 2


def test_one_saved_probe_may_be_named_too(tmp_path: Path) -> None:
    path = tmp_path / "saved.json"
    path.write_text(json.dumps(json.loads(SAME), indent=2))
    assert _do("report", path, "--domain", "same.test").output.startswith("same.test: ")
    assert _do("report", path, "--domain", "moved.test").exit_code == 2


# -- diff --------------------------------------------------------------------------------------------------------------


def test_diff_of_two_surveys_has_a_line_for_each_domain_that_changed_and_those_in_one_alone(
    old: Path, new: Path
) -> None:
    result = _do("diff", old, new)
    assert result.exit_code == 1
    lines = result.output.split("\n")
    assert lines[0] == "1 of 2 domains changed; 0 alarming, 1 with a new error."
    (changed,) = [line for line in lines if "moved.test" in line]
    assert changed.startswith(" change    moved.test: new MX308")
    assert "same.test" not in result.output
    assert (lines[lines.index("NOT ANY MORE   1") + 1], lines[lines.index("NEW   1") + 1]) == (
        " gone.test",
        " come.test",
    )
    assert max(map(len, lines)) <= 100


def test_diff_of_a_survey_with_itself_finds_nothing(old: Path) -> None:
    result = _do("diff", old, old)
    assert (result.exit_code, result.output.split("\n")[0]) == (0, "0 of 3 domains changed.")


def test_diff_of_one_domain_is_the_whole_comparison(old: Path, new: Path) -> None:
    result = _do("diff", old, new, "--domain", "moved.test")
    assert result.exit_code == 1
    assert result.output.startswith("moved.test: ")
    assert "CHANGED" in result.output


def test_diff_as_json_names_what_is_new_and_what_is_mended(old: Path, new: Path) -> None:
    document = json.loads(_do("diff", new, old, "--format", "json").output)
    assert (document["kind"], document["both"], document["gone"], document["come"]) == (
        "survey-diff",
        2,
        ["come.test"],
        ["gone.test"],
    )
    (told,) = document["domains"]
    assert "MX308" in [one["code"] for one in told["mended"]]


def test_what_the_later_survey_did_not_look_at_is_not_mended(tmp_path: Path) -> None:
    """A host that limits the probe tells nothing of the host: yesterday's error may stand."""
    refused = made_line("moved.test", (10, "mx1", FailureKind.REFUSED), (20, "mx2", HEALTHY))
    throttled = made_line("moved.test", (10, "mx1", ["421 4.7.0 too many connections"]), (20, "mx2", HEALTHY))
    older, later = tmp_path / "older.jsonl", tmp_path / "later.jsonl"
    older.write_bytes(refused + SAME)
    later.write_bytes(throttled + SAME)
    assert "mended" not in _do("diff", older, later).output
    later.write_bytes(made_line("moved.test", (10, "mx1", HEALTHY), (20, "mx2", HEALTHY)) + SAME)
    assert "mended MX308" in _do("diff", older, later).output


def test_a_deeper_survey_is_not_taken_for_a_change_without_a_word(tmp_path: Path, old: Path) -> None:
    names = tmp_path / "names.jsonl"
    names.write_bytes(made_line("same.test", (10, "mx1", HEALTHY), (20, "mx2", HEALTHY), depth=Depth.DNS) + OLD)
    assert "1 was not looked at equally far" in " ".join(_do("diff", names, old).output.split())
    assert json.loads(_do("diff", names, old, "--format", "json").output)["unequal"] == 1


def test_diff_tells_the_heaviest_first_and_equals_by_name(tmp_path: Path) -> None:
    older, later = tmp_path / "older.jsonl", tmp_path / "later.jsonl"
    quiet = [made_line(f"{name}.test", (10, "mx1", HEALTHY)) for name in "cab"]
    older.write_bytes(b"".join(quiet))
    down = [made_line(f"{name}.test", (10, "mx1", FailureKind.REFUSED)) for name in "ca"]
    later.write_bytes(made_line("b.test", (10, "mx9", HEALTHY)) + b"".join(down))
    told = [line.split()[:2] for line in _do("diff", older, later).output.split("\n") if ".test:" in line]
    assert [name for _, name in told] == ["a.test:", "c.test:", "b.test:"]


def test_lines_without_findings_are_compared_by_what_was_seen_alone(tmp_path: Path, old: Path) -> None:
    path = tmp_path / "facts.jsonl"
    path.write_bytes(made_line("moved.test", (10, "mx1", FailureKind.REFUSED), findings=False) + COME)
    document = json.loads(_do("diff", old, path, "--format", "json").output)
    (told,) = document["domains"]
    assert (told["new"], told["mended"]) == ([], [])
    assert told["changes"]


def test_diff_of_tables_says_what_can_be_done(old: Path) -> None:
    result = _do("diff", old, "sqlite:other.db")
    assert result.exit_code == 2
    assert "--domain NAME" in result.output


# -- finding lines -----------------------------------------------------------------------------------------------------


def test_a_line_that_was_cut_short_is_no_line(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    path.write_bytes(SAME + NEW[:-5])
    assert [number for number, _ in lines_in(path)] == [1]
    with Lines(path) as lines:
        assert list(lines.begins) == ["same.test"]
        assert lines.about("same.test") == SAME


def test_a_domain_that_only_stands_in_another_ones_line_is_not_taken_for_it(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    path.write_bytes(SAME.replace(b'"asked":"same.test"', b'"asked":"\\"domain\\":\\"moved.test\\""') + NEW)
    assert line_about(path, "moved.test") == NEW


@pytest.mark.parametrize(
    "content", [b"", b"\n", b'{"schema":1}', b"\xff\xfe\n\n", b'{"schema":1,"kind":"look","snapshot":\n']
)
def test_what_are_no_results_are_never_taken_for_many(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "r.jsonl"
    path.write_bytes(content)
    assert not are_many(path)
    assert not are_many(tmp_path / "none.jsonl")
    assert _do("report", path).exit_code == 2
    assert _do("report", path, "--domain", "a.test").exit_code == 2


def test_a_domain_is_named_of_one_file_alone(new: Path, old: Path) -> None:
    result = _do("report", new, old, "--domain", "same.test")
    assert result.exit_code == 2
    assert "--domain" in result.output
