"""A survey as a person asks for it: a list, results, and what is refused before anything is done."""

import errno
import os
import signal
import sqlite3
import subprocess
import sys
import time
from io import FileIO
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from mxprobe.errors import InputError
from mxprobe.facts.progress import Progress
from mxprobe.facts.snapshot import Vantage
from mxprobe.facts.survey import Depth, Manner
from mxprobe.jobs.survey.journal import Journal
from mxprobe.jobs.survey.listing import EntryList
from mxprobe.jobs.survey.survey import SurveyOptions, survey

MANNER = Manner(depth=Depth.DNS, vantage=Vantage(helo="probe.test", nameservers=("127.0.0.1:1",)), wishes=())


def options(folder: Path, *, count: int = 20, resume: bool = False, out: str = "", workers: int = 0) -> SurveyOptions:
    """A survey of so many domains, whose name server is not there."""
    listed = folder / "domains.txt"
    listed.write_text("".join(f"d{number}.test\n" for number in range(count)))
    return SurveyOptions(
        entries=EntryList(listed),
        out=out or str(folder / "results.jsonl"),
        manner=MANNER,
        resume=resume,
        workers=workers,
    )


def _write(path: Path, octets: bytes) -> None:
    path.write_bytes(octets)


def _domains(path: Path) -> list[str]:
    return sorted(msgspec.json.decode(line)["snapshot"]["domain"] for line in path.read_bytes().splitlines())


async def test_each_domain_of_the_list_has_its_line(tmp_path: Path) -> None:
    seen = list[Progress]()

    outcome = await survey(options(tmp_path), seen.append)

    assert outcome.complete
    assert outcome.written == 20
    assert _domains(tmp_path / "results.jsonl") == sorted(f"d{number}.test" for number in range(20))
    assert (seen[-1].done.told, seen[-1].share_listed) == (20, 1.0)


async def test_results_without_a_journal_are_not_gone_on_with(tmp_path: Path) -> None:
    wanted = options(tmp_path, resume=True)
    _write(tmp_path / "results.jsonl", b"{}\n")

    with pytest.raises(InputError, match="there are results already"):
        await survey(wanted)


async def test_a_survey_that_was_never_begun_is_begun_by_going_on(tmp_path: Path) -> None:
    outcome = await survey(options(tmp_path, resume=True))

    assert outcome.written == 20


@pytest.mark.parametrize("out", ["r.jsonl", "sqlite:r.db", "r.parquet"])
async def test_a_list_that_names_nobody_leaves_nothing_in_the_way_of_the_right_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, out: str
) -> None:
    monkeypatch.chdir(tmp_path)
    wanted = options(tmp_path, out=out)
    wanted.entries.close()
    _write(tmp_path / "empty.txt", b"# nobody\n")

    with pytest.raises(InputError, match="names no domain"):
        await survey(replace(wanted, entries=EntryList(tmp_path / "empty.txt")))

    assert sorted(os.listdir(tmp_path)) == ["domains.txt", "empty.txt"]
    assert (await survey(options(tmp_path, out=out))).written == 20


async def test_a_survey_is_not_begun_twice(tmp_path: Path) -> None:
    await survey(options(tmp_path))

    with pytest.raises(InputError, match="there are results already"):
        await survey(options(tmp_path))
    _write(tmp_path / "results.jsonl", b"")
    with pytest.raises(InputError, match="a survey was begun here before"):
        await survey(options(tmp_path))


async def test_a_survey_that_is_done_goes_on_to_nothing(tmp_path: Path) -> None:
    await survey(options(tmp_path))
    before = _domains(tmp_path / "results.jsonl")

    outcome = await survey(options(tmp_path, resume=True))

    assert (outcome.complete, outcome.written) == (True, 20)
    assert _domains(tmp_path / "results.jsonl") == before


async def test_a_survey_does_not_go_on_with_another_list_or_depth(tmp_path: Path) -> None:
    await survey(options(tmp_path))

    with pytest.raises(InputError, match="not the list of the survey"):
        await survey(options(tmp_path, count=21, resume=True))
    wanted = options(tmp_path, resume=True)
    with pytest.raises(InputError, match="than these: --depth\n"):
        await survey(replace(wanted, manner=replace(MANNER, depth=Depth.TLS)))


async def test_standard_output_alone_is_not_gone_on_with(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--journal FILE"):
        await survey(options(tmp_path, out="-", resume=True))


async def test_results_on_standard_output_leave_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    await survey(options(tmp_path, out="-"))

    assert len(capfdbinary.readouterr().out.splitlines()) == 20
    assert os.listdir(tmp_path) == ["domains.txt"]


async def test_a_disk_that_is_full_is_told_and_the_survey_goes_on_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commits, commit = iter(range(100)), Journal.commit

    def full(journal: Journal) -> None:
        if next(commits) == 2:
            raise sqlite3.OperationalError("database or disk is full")
        commit(journal)

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "commit", full)
        with pytest.raises(InputError, match="cannot write the journal: database or disk is full"):
            await survey(options(tmp_path))
    await survey(options(tmp_path, resume=True))

    assert _domains(tmp_path / "results.jsonl") == sorted(f"d{number}.test" for number in range(20))


async def test_a_disk_that_is_full_in_the_middle_of_a_line_is_told_and_the_survey_goes_on_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write_some(descriptor: int, blocks: list[bytes]) -> int:
        return os.write(descriptor, b"".join(blocks)[:700])

    def full(file: FileIO, octets: memoryview) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.writev", write_some)
        patch.setattr("mxprobe.jobs.survey.outputs.FileIO", type("Full", (FileIO,), {"write": full}))
        with pytest.raises(InputError, match="No space left on device"):
            await survey(options(tmp_path))
    await survey(options(tmp_path, resume=True))

    assert _domains(tmp_path / "results.jsonl") == sorted(f"d{number}.test" for number in range(20))


async def test_a_survey_whose_results_could_not_be_written_is_begun_anew(tmp_path: Path) -> None:
    journal = tmp_path / "kept.journal"
    with pytest.raises(InputError, match="cannot write the results"):
        await survey(replace(options(tmp_path, out=str(tmp_path / "gone" / "results.jsonl")), journal=journal))

    await survey(replace(options(tmp_path), journal=journal))

    assert len(_domains(tmp_path / "results.jsonl")) == 20


SURVEY = """
import asyncio, sys
from pathlib import Path
from mxprobe.jobs.survey.survey import survey
from tests.jobs.survey.test_survey import options
asyncio.run(survey(options(Path(sys.argv[1]), count=600, resume=True, workers=1)))
"""


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_a_survey_that_is_killed_for_real_goes_on_to_one_line_for_each_domain(tmp_path: Path) -> None:
    root = Path(__file__).parents[3]
    command = [sys.executable, "-c", SURVEY, str(tmp_path)]
    environment = os.environ | {"PYTHONPATH": str(root)}
    results, kills = tmp_path / "results.jsonl", 0
    for lines in (1, 200, 400):
        with subprocess.Popen(command, cwd=root, env=environment) as process:
            while process.poll() is None:
                if results.exists() and results.read_bytes().count(b"\n") >= lines:
                    process.send_signal(signal.SIGKILL)
                    kills += process.wait() == -signal.SIGKILL
                time.sleep(0.005)
    subprocess.run(command, cwd=root, env=environment, check=True)

    assert kills
    assert _domains(results) == sorted(f"d{number}.test" for number in range(600))
