"""`mxprobe survey` as a person types it: what is refused and how it is mended, what is said, and how it ends."""

import asyncio
import re
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result

from mxprobe.cli import main
from mxprobe.cli.survey_options import DEPTHS, FAMILIES, GROUPS, LOOKED_WITH
from mxprobe.errors import CouldNotLook
from mxprobe.facts.progress import Counts, Progress
from mxprobe.facts.survey import Depth, Manner
from mxprobe.jobs.survey.conduct import Outcome
from mxprobe.jobs.survey.manner import ASKABLE, MannerOptions
from mxprobe.jobs.survey.survey import SurveyOptions
from mxprobe.settings import Settings
from tests.support.loopback_world import Manners, standing

START = 1_790_000_000.0
LAB = ("--allow-special", "--i-own-these")


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MXPROBE_NAMESERVERS", "127.0.0.1:1")
    monkeypatch.setenv("MXPROBE_HELO", "probe.example.com")


@pytest.fixture
def domains(tmp_path: Path) -> Path:
    path = tmp_path / "domains.txt"
    path.write_text("a.example\nb.example\n")
    return path


def _type(*words: object) -> Result:
    return CliRunner().invoke(main, ["survey", *map(str, words)])


def test_the_options_stand_in_groups_each_once_and_fit_a_report() -> None:
    output = CliRunner().invoke(main, ["survey", "--help"], prog_name="mxprobe").output
    listed = re.findall(r"^  (-\S+?)[, ].*", output, re.MULTILINE)

    assert sorted(listed[:-1]) == sorted(one.opts[0] for group in GROUPS for one in group.options)
    assert all(f"\n{group.heading}:\n" in output for group in GROUPS)
    assert max(map(len, output.splitlines())) <= 100


def test_the_depths_and_words_are_those_that_the_job_knows() -> None:
    assert tuple(Depth) == DEPTHS
    assert set(re.findall(r"[a-z-]{3,}", FAMILIES.partition("place of")[2])) == {*ASKABLE, "none"}
    assert {*LOOKED_WITH, "depth", "families"} == set(MannerOptions.__struct_fields__)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "name a file of domains"),
        (("--summary",), "mxprobe survey --summary results.jsonl"),
        (("DOMAINS",), "--out results.jsonl"),
        (("DOMAINS", "--out", "r.jsonl", "--depth", "tls"), "--contact abuse@example.com"),
        (("DOMAINS", "--out", "r.jsonl", "--depth", "tls", "--contact", "me"), "--contact me"),
        (("DOMAINS", "--out", "r.jsonl", "--depth", "deep"), "'dns', 'connect', 'ehlo', 'tls', 'rcpt'"),
        (("DOMAINS", "--out", "r.jsonl", "-4", "-6"), "exclude each other"),
        (("DOMAINS", "--out", "r.jsonl", "--no-pacing"), "--i-own-these"),
        (("DOMAINS", "--out", "r.jsonl", "--vantage", "eu"), "--scheduler"),
        (("DOMAINS", "--out", "r.jsonl", "--scheduler", "tcp://127.0.0.1:1", "--vantage", "e u"), "--vantage eu,us"),
        (("DOMAINS", "--out", "r.jsonl", "--ask", "spff"), "no such family"),
        (("DOMAINS", "--out", "r.jsonl", "--exclude", "no/such"), "no/such: cannot be read"),
        (("DOMAINS", "--out", "-", "--summary"), "--summary"),
        (("no/such/list", "--out", "r.jsonl"), "no/such/list: cannot read the list"),
        (("--probing-txt",), "--contact"),
    ],
)
def test_wrong_words_end_in_one_message_and_exit_2(words: tuple[str, ...], says: str, domains: Path) -> None:
    result = _type(*(domains if word == "DOMAINS" else word for word in words))

    assert result.exit_code == 2, result.output
    assert says in result.output
    assert "Traceback" not in result.output
    assert not list(domains.parent.glob("r.jsonl*"))


def test_a_strict_list_is_read_through_before_anybody_is_asked(domains: Path) -> None:
    domains.write_text("a.example\n" * 20_000 + "192.0.2.1\n")
    out = domains.parent / "r.jsonl"
    result = _type(domains, "--out", out, "--strict")

    assert result.exit_code == 2
    assert "domains.txt:20001: this is an IP address" in result.output
    assert not out.exists()


def test_the_file_for_those_who_are_looked_at_is_printed() -> None:
    result = _type("--probing-txt", "--depth", "tls", "--contact", "abuse@example.com")

    assert result.exit_code == 0
    assert "Canonical: https://probe.example.com/.well-known/probing.txt\n" in result.stdout
    assert "Contact: mailto:abuse@example.com\n" in result.stdout


def test_that_file_needs_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    result = _type("--probing-txt", "--contact", "abuse@example.com", "--helo", "[192.0.2.1]")

    assert result.exit_code == 2
    assert "--helo probe.example.com" in result.output


Body = Callable[[SurveyOptions, Callable[[Progress], None]], Outcome]


def _outcome(**other: Any) -> Outcome:
    usual = {name: 0 for name in Outcome.__struct_fields__ if name not in ("complete", "elapsed")}
    return Outcome(**{"complete": True, "elapsed": 1.0, **usual, **other})


def test_domains_that_stand_in_the_list_again_are_not_passed_over_in_silence(
    monkeypatch: pytest.MonkeyPatch, domains: Path
) -> None:
    _carried_out(monkeypatch, lambda *_: _outcome(twice=2))
    said = "2 entries of the list name a domain that stands there before, which has one line.\n"
    assert said in _type(domains, "--out", domains.parent / "r.jsonl").stderr
    assert said not in _type(domains, "--out", domains.parent / "r.jsonl", "--quiet").stderr


def _carried_out(monkeypatch: pytest.MonkeyPatch, body: Body) -> list[SurveyOptions]:
    """Have the job do `body`; what it was asked for comes into the list."""
    asked: list[SurveyOptions] = []

    async def survey(options: SurveyOptions, progress: Callable[[Progress], None]) -> Outcome:
        asked.append(options)
        return body(options, progress)

    async def sees(manner: Manner, settings: Settings) -> None:
        pass

    monkeypatch.setattr("mxprobe.jobs.survey.survey.survey", survey)
    monkeypatch.setattr("mxprobe.jobs.survey.sight.require_sight_here", sees)
    return asked


def _reads_all(options: SurveyOptions, progress: Callable[[Progress], None]) -> Outcome:
    told = len(list(options.entries))
    done = Counts(listed=told, resolved=told, told=told, queries=3 * told)
    progress(Progress(depth=Depth.DNS, started_at=START, at=START + 75, done=done, share_listed=1.0))
    return _outcome(entries=told, written=told)


def test_a_survey_ends_with_one_line_and_exit_0(monkeypatch: pytest.MonkeyPatch, domains: Path) -> None:
    _carried_out(monkeypatch, _reads_all)

    result = _type(domains, "--out", "r.jsonl")

    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr.splitlines()[-1] == ("surveyed 2 domains in 1 min 15 s: 6 DNS queries; results in r.jsonl")


def test_what_was_typed_is_what_the_job_is_asked_for(monkeypatch: pytest.MonkeyPatch, domains: Path) -> None:
    asked = _carried_out(monkeypatch, _reads_all)
    words = ("--out", "r.parquet", "--depth", "rcpt", "--workers", "3", "--sessions", "77", "--resume", "--no-findings")

    assert _type(domains, *words, *LAB, "--no-pacing", "--no-dedup", "-4", "--journal", "j").exit_code == 0
    (options,) = asked
    manner = options.manner
    assert (options.out, options.workers, options.resume, options.journal) == ("r.parquet", 3, True, Path("j"))
    assert (manner.depth, manner.sessions_at_once, manner.owned, manner.merged) == (Depth.RCPT, 77, True, False)
    assert (manner.per_operator, manner.spacing, manner.judged, manner.vantage.families) == (0, 0.0, False, (4,))
    assert manner.helo == "probe.example.com"


def test_a_cluster_and_its_vantage_points_are_named(monkeypatch: pytest.MonkeyPatch, domains: Path) -> None:
    asked = _carried_out(monkeypatch, _reads_all)

    _type(domains, "--out", "r.jsonl", "--scheduler", "tcp://127.0.0.1:1", "--vantage", "eu,us=192.0.2.1")

    assert asked[0].scheduler == "tcp://127.0.0.1:1"
    assert [(place.name, place.source) for place in asked[0].places] == [("eu", None), ("us", "192.0.2.1")]


def test_lines_that_name_no_domain_are_told_at_the_end_without_local_parts(
    monkeypatch: pytest.MonkeyPatch, domains: Path
) -> None:
    domains.write_bytes(b"a.example\n192.0.2.1\nalice@x_\x1b[2J!\nb.example alice@c.example\n" + b"-\n" * 9)
    _carried_out(monkeypatch, _reads_all)

    result = _type(domains, "--out", "r.jsonl")

    assert result.exit_code == 0
    assert "12 lines of the list name no domain and were passed over" in result.stderr
    assert "line 2: 192.0.2.1: this is an IP address" in result.stderr
    assert "and 7 more" in result.stderr
    assert "alice@" not in result.stderr
    assert "\x1b" not in result.stderr


def test_standard_input_is_a_list(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = _carried_out(monkeypatch, _reads_all)

    result = CliRunner().invoke(main, ["survey", "-", "--out", "r.jsonl"], input="1,a.example\n2,b.example\n")

    assert result.exit_code == 0, result.output
    assert asked[0].entries.found == 2


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--out", "r.jsonl"), "The same command with --resume goes on.  Exit 130."),
        (("--out", "r.jsonl", "--resume"), "The same command goes on.  Exit 130."),
        (("--out", "-"), "Without --journal it cannot go on.  Exit 130."),
        (("--out", "-", "--journal", "j"), "The same command with --resume goes on.  Exit 130."),
    ],
)
def test_an_interrupted_survey_says_how_it_goes_on(
    words: tuple[str, ...], says: str, monkeypatch: pytest.MonkeyPatch, domains: Path
) -> None:
    def stopped(options: SurveyOptions, progress: Callable[[Progress], None]) -> Outcome:
        return _outcome(complete=False)

    def torn(options: SurveyOptions, progress: Callable[[Progress], None]) -> Outcome:
        raise KeyboardInterrupt

    for body in (stopped, torn):
        _carried_out(monkeypatch, body)
        result = _type(domains, *words)

        assert result.exit_code == 130
        assert result.stderr.splitlines()[-1].endswith(says)


def test_what_is_ours_to_mend_is_an_error_and_what_could_not_be_looked_at_exit_3(
    monkeypatch: pytest.MonkeyPatch, domains: Path
) -> None:
    def blind(options: SurveyOptions, progress: Callable[[Progress], None]) -> Outcome:
        raise CouldNotLook("no name server answers")

    _carried_out(monkeypatch, blind)
    result = _type(domains, "--out", "r.jsonl")

    assert (result.exit_code, result.stderr.splitlines()[-1]) == (3, "no name server answers.  Exit 3.")


def test_whoever_has_no_name_is_warned_before_strangers_see_none(
    monkeypatch: pytest.MonkeyPatch, domains: Path
) -> None:
    _carried_out(monkeypatch, _reads_all)
    words = ("--out", "r.jsonl", "--contact", "abuse@example.com", "--helo", "[192.0.2.1]")

    assert "cannot see who looks" in _type(domains, *words, "--depth", "tls").stderr
    assert "cannot see" not in _type(domains, *words, "--depth", "connect").stderr
    assert "cannot see" not in _type(domains, *words[:4], "--depth", "tls").stderr


def test_quiet_says_nothing(monkeypatch: pytest.MonkeyPatch, domains: Path) -> None:
    _carried_out(monkeypatch, _reads_all)

    assert _type(domains, "--out", "r.jsonl", "--quiet").output == ""


def test_results_that_are_there_are_summed_up_in_text_and_json(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text('{"schema": 1, "kind": "look"}\n' * 2)

    text, document = _type("--summary", path), _type("--summary", path, "--format", "json")

    assert (text.exit_code, text.stderr, document.exit_code) == (0, "", 0)
    assert text.stdout.startswith("2 domains")
    assert msgspec.json.decode(document.stdout)["untallied"] == 2


def test_what_are_no_results_is_said_with_the_file(domains: Path) -> None:
    result = _type("--summary", domains)

    assert result.exit_code == 2
    assert "domains.txt:1: no line of a survey" in result.stderr


def test_without_a_name_server_nothing_is_written_and_the_exit_status_is_3(domains: Path) -> None:
    out = domains.parent / "r.jsonl"
    result = _type(domains, "--out", out)

    assert result.exit_code == 3
    assert result.stderr.splitlines()[-1].startswith("could not look: no name server answers (127.0.0.1:1)")
    assert list(domains.parent.iterdir()) == [domains]


@pytest.mark.slow
async def test_a_survey_that_is_interrupted_goes_on_and_has_each_domain_once(tmp_path: Path) -> None:
    listed, out = tmp_path / "domains.txt", tmp_path / "r.jsonl"
    listed.write_text("".join(f"d{number}.test\n" for number in range(60)))
    async with standing(Manners(pause=0.3)) as world:
        called = asyncio.Event()
        world.on_call = called.set
        words = (
            *(sys.executable, "-m", "mxprobe", "survey", str(listed), "--out", str(out), "--depth", "ehlo", *LAB),
            *("--nameserver", world.nameserver, "--port", str(world.port), "-4", "--ask", "none"),
        )
        first = await asyncio.create_subprocess_exec(*words, stderr=asyncio.subprocess.PIPE)
        async with asyncio.timeout(30):
            await called.wait()
        first.send_signal(signal.SIGINT)
        _, told = await first.communicate()
        assert (first.returncode, told.splitlines()[-1]) == (
            130,
            b"Interrupted.  What was done is kept.  The same command with --resume goes on.  Exit 130.",
        )
        world.manners = Manners()
        second = await asyncio.create_subprocess_exec(*words, "--resume", stderr=asyncio.subprocess.PIPE)
        _, told = await second.communicate()

    assert second.returncode == 0, told
    assert told.splitlines()[-1].startswith(b"surveyed 60 domains ")
    domains = [msgspec.json.decode(line)["snapshot"]["domain"] for line in out.read_bytes().splitlines()]
    assert sorted(domains) == sorted(f"d{number}.test" for number in range(60))


@pytest.mark.slow
@pytest.mark.parametrize("judged", [True, False])
async def test_a_survey_is_judged_and_summed_up_unless_facts_alone_are_wanted(judged: bool, tmp_path: Path) -> None:
    listed, out = tmp_path / "domains.txt", tmp_path / "r.jsonl"
    listed.write_text("rank,domain\n" + "".join(f"{number},d{number}.test\n" for number in range(9)))
    async with standing() as world:
        words = (
            *(sys.executable, "-m", "mxprobe", "survey", str(listed), "--out", str(out), "--depth", "ehlo", *LAB),
            *("--nameserver", world.nameserver, "--port", str(world.port), "-4", "--ask", "none", "--summary"),
            *(() if judged else ("--no-findings",)),
        )
        job = await asyncio.create_subprocess_exec(
            *words, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        summary, told = await job.communicate()

    assert job.returncode == 0, told
    assert summary.startswith(b"9 domains: 3 of 9 (33 %) have a backup")
    assert [msgspec.json.decode(line)["findings"] is not None for line in out.read_bytes().splitlines()] == [judged] * 9
