"""`mxprobe probe --history --alarm` as a person runs it, every five minutes: silence, and the word that is due."""

import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import mxprobe.jobs.look as looking
from mxprobe.cli import main
from mxprobe.facts.snapshot import Snapshot
from mxprobe.jobs.look import Look, LookOptions, judge
from mxprobe.jobs.look_again import MOST_OCTETS
from tests.support.week import seen, stamped

Probe = Callable[..., Result]


@pytest.fixture
def probe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Probe:
    """Look at the lab's domain in a state, each time five minutes later."""
    monkeypatch.chdir(tmp_path)
    now: dict[str, Any] = {"number": 0, "state": "sound"}

    async def look(domain: str, options: LookOptions, *more: object) -> Look:
        state = now["state"]
        snapshot: Snapshot = stamped(seen(state.removeprefix("renewed "), "renewed " in state), now["number"])
        now["number"] += 1
        return judge(snapshot, beside=options.beside)

    monkeypatch.setattr(looking, "look", look)

    def run(state: str = "sound", *words: str, number: int | None = None) -> Result:
        now["state"] = state
        if number is not None:
            now["number"] = number
        return CliRunner().invoke(main, ["probe", "example.test", *words])

    return run


HISTORY = ("--history", "looks")
ALARM = (*HISTORY, "--alarm")


def test_looks_are_kept_and_told_as_ever(probe: Probe) -> None:
    first, second = probe("sound", *HISTORY), probe("mx1 refuses", *HISTORY, "--format", "json")

    assert (first.exit_code, second.exit_code) == (0, 1), first.output
    assert first.output.startswith("example.test: 2 of 2 MX hosts answer")
    lines = Path("looks/example.test.jsonl").read_text().splitlines()
    assert [json.loads(line)["exit_status"] for line in lines] == [0, 1]
    assert json.loads(second.output)["snapshot"] == json.loads(lines[1])["snapshot"]


def test_of_a_history_the_last_look_is_reported_and_compared(probe: Probe) -> None:
    probe("sound", *HISTORY)
    probe("sound", *HISTORY, "--save", "old.json")
    probe("records forged", *HISTORY)
    with Path("looks/example.test.jsonl").open("a") as file:
        file.write('{"schema":1,"kind":"look","snapshot":{')

    def run(*words: str) -> Result:
        return CliRunner().invoke(main, list(words))

    report, forecast = (
        run("report", "looks/example.test.jsonl"),
        run("report", "looks/example.test.jsonl", "--down", "mx9"),
    )
    assert "mx9.elsewhere.test" in report.output, report.output
    assert forecast.exit_code == 0, forecast.output
    assert run("diff", "old.json", "looks/example.test.jsonl").exit_code == 1
    assert run("report", "old.json", "--baseline", "looks/example.test.jsonl").exit_code == 2  # it is the younger one
    Path("looks/other.test.jsonl").write_text("")
    assert run("report", "looks/other.test.jsonl").output.startswith(
        "looks/other.test.jsonl: no look was kept there yet"
    )
    Path("looks/other.test.jsonl").write_text("hello\n")
    assert run("report", "looks/other.test.jsonl").output.startswith("looks/other.test.jsonl: no saved probe: JSON is")


@pytest.mark.parametrize(
    "content", [None, b"[" * 100_000, b'{"kind":"look","schema":1,"snapshot":{"schema":999}}', b"\xff"]
)
def test_what_is_no_saved_probe_is_refused_without_reading_it_to_its_end(probe: Probe, content: bytes | None) -> None:
    with Path("large.json").open("wb") as file:
        file.write(content or b"")
        if content is None:
            file.truncate(MOST_OCTETS + 1)
    result = CliRunner().invoke(main, ["report", "large.json"])

    assert result.exit_code == 2, result.output
    assert result.output.startswith("large.json: ")
    assert content is not None or f"the file has more than {MOST_OCTETS} octets" in result.output


def test_an_outage_is_told_once_and_so_is_its_end(probe: Probe) -> None:
    states = ["sound", *["mx1 refuses"] * 2, "sound", *["mx1 refuses"] * 5, *["sound"] * 5]
    results = [probe(state, *ALARM) for state in states]

    spoke = {number: result for number, result in enumerate(results) if result.output}
    assert list(spoke) == [6, 11]
    assert spoke[6].output.startswith("ALARM  example.test: every address of the best preference")
    assert spoke[11].output.startswith("OVER  example.test: mx1.example.test takes mail again")
    assert [result.exit_code for result in results] == [0] * 6 + [1] + [0] * 7


def test_a_hijack_is_told_at_once_and_an_accepted_change_is_none(probe: Probe) -> None:
    quiet, told, still = probe("sound", *ALARM), probe("forged", *ALARM), probe("forged", *ALARM)
    accepted, after = probe("forged", *ALARM, "--accept"), probe("forged", *ALARM)
    back = probe("sound", *ALARM)

    assert (quiet.output, quiet.exit_code) == ("", 0)
    assert (told.exit_code, told.output[:7]) == (1, "CHANGED")
    assert (still.output, still.exit_code) == ("", 0)
    assert "what was seen now is what later looks are compared with" in accepted.output
    assert (accepted.exit_code, after.output, after.exit_code) == (0, "", 0)
    assert back.exit_code == 1


def test_the_first_alarm_knows_the_looks_that_were_kept_before(probe: Probe) -> None:
    probe("sound", *HISTORY)

    assert probe("forged", *ALARM).output.startswith("CHANGED")


def test_the_first_alarm_is_not_over_while_the_change_lasts(probe: Probe) -> None:
    probe("sound", *HISTORY)
    results = [probe(state, *ALARM) for state in [*["forged"] * 6, *["sound"] * 4]]

    assert [(number, result.output[:7].strip()) for number, result in enumerate(results) if result.output] == [
        (0, "CHANGED"),
        (8, "OVER  e"),
    ]


def test_looks_that_saw_nothing_do_not_hide_the_reference(probe: Probe) -> None:
    probe("sound", *HISTORY)
    probe("names time out", *HISTORY)

    assert probe("forged", *ALARM).output.startswith("CHANGED")


def test_a_host_that_nobody_approved_from_the_first_look_on_hides_no_later_change(probe: Probe) -> None:
    Path("expect.yaml").write_text("domain: example.test\noperators: [other.test]\n")
    words = (*ALARM, "--expect", "expect.yaml")
    first, second, forged = probe("sound", *words), probe("sound", *words), probe("records forged", *words)

    assert first.output.startswith("CHANGED  example.test: nobody approved the MX host mx1.example.test")
    assert (second.output, second.exit_code) == ("", 0)
    assert forged.output.startswith("CHANGED")
    assert "mx9.elsewhere.test" in forged.output


def test_a_renewal_is_silent_and_forged_records_alone_are_told_by_the_first_look(probe: Probe) -> None:
    states = [*["sound"] * 3, *["renewed sound"] * 4, *["renewed records forged"] * 3, *["renewed sound"] * 4]
    results = [probe(state, *ALARM) for state in states]

    spoke = {number: result for number, result in enumerate(results) if result.output}
    assert list(spoke) == [7, 12], [result.output for result in results]
    assert spoke[7].output.startswith(
        "CHANGED  example.test: the MX records of example.test are not those of the probe"
    )
    assert "page   mxprobe explain MX520" in spoke[7].output
    assert "mx9.elsewhere.test: it is of elsewhere.test, and nothing in the earlier probe is" in " ".join(
        spoke[7].output.split()
    )
    assert spoke[12].output.startswith("OVER  example.test: its records are again what they were")
    assert [result.exit_code for result in results] == [0] * 7 + [1] + [0] * 6


def test_a_waiver_keeps_quiet_until_its_day_is_over(probe: Probe) -> None:
    waivers = "".join(
        f"  - {{rule: {rule}, host: mx2.example.test, because: Monday, until: 2026-01-02}}\n"
        for rule in ("MX751", "MX777")
    )
    Path("expect.yaml").write_text(f"domain: example.test\ndane: required\nwaive:\n{waivers}")
    words = (*ALARM, "--expect", "expect.yaml")
    in_force = [probe("mx2 expired", *words, number=number) for number in (0, 1, 2, 3, 4, 286, 287, 574, 575)]
    next_day = [probe("mx2 expired", *words, number=number) for number in (576, 577, 578, 579)]

    assert [(result.output, result.exit_code) for result in in_force] == [("", 0)] * 9
    assert [bool(result.output) for result in next_day] == [False, False, True, False]
    told = " ".join(next_day[2].output.split())
    assert next_day[2].exit_code == 1
    for says in (
        "MX535",
        "MX751",
        "MX777",
        "the waiver of MX751 at mx2.example.test ended on 2026-01-02 (expect.yaml:4)",
    ):
        assert says in told


def test_without_the_waiver_the_same_looks_alarm(probe: Probe) -> None:
    results = [probe("mx2 expired", *ALARM) for _ in range(4)]

    assert [bool(result.output) for result in results] == [False, False, True, False]
    assert "explain MX751" in results[2].output


def test_a_look_that_saw_too_little_cannot_be_accepted(probe: Probe) -> None:
    result = probe("names time out", *ALARM, "--accept")

    assert result.exit_code == 3
    assert "too little was seen to be accepted: the name server 127.0.0.1:53 did not answer" in result.output
    assert not Path("looks/example.test.jsonl").exists()


def test_the_json_form_is_a_document_or_nothing(probe: Probe) -> None:
    quiet, told = probe("sound", *ALARM, "--format", "json"), probe("forged", *ALARM, "--format", "json")
    document = json.loads(told.output)

    assert quiet.output == ""
    assert (document["kind"], document["schema"], document["exit_status"]) == ("alarms", 1, 1)
    assert [alarm["kind"] for alarm in document["alarms"]] == ["change"]


def test_a_shorter_patience_a_window_and_a_reminder_are_heard(probe: Probe) -> None:
    Path("quiet.yaml").write_text("maintenance: [{every: day 00:00, for: 12m, because: patches, host: mx1}]\n")
    words = (*ALARM, "--after", "2", "--alarm-config", "quiet.yaml", "--remind", "10m")
    results = [probe("mx1 refuses", *words) for _ in range(7)]

    assert [result.output[:5] for result in results] == ["", "", "", "ALARM", "", "STILL", ""]


def test_what_is_remembered_is_the_owners_alone(probe: Probe) -> None:
    probe("sound", *ALARM)

    assert {path.name for path in Path("looks").iterdir()} == {
        ".example.test.lock",
        "example.test.alarm.json",
        "example.test.jsonl",
        "example.test.mx.json",
    }
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in Path("looks").iterdir())


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "this is not what alarms remember"),
        (b"[" * 100_000, "this is not what alarms remember"),
        (b'{"domain":"example.test","schema":2}', "this is not what alarms remember (schema 1)"),
        (b'{"domain":"example.test","troubles":[{"key":7}]}', "$.troubles[0]"),
        (b'{"domain":"other.test"}', "this is about other.test, and example.test is looked at"),
    ],
)
def test_a_state_of_somebody_else_is_refused_with_its_name(probe: Probe, content: bytes, says: str) -> None:
    probe("sound", *ALARM)
    Path("looks/example.test.alarm.json").write_bytes(content)
    result = probe("sound", *ALARM)

    assert result.exit_code == 2, result.output
    assert result.output.startswith("looks/example.test.alarm.json: ")
    assert says in result.output


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--alarm",), "--alarm goes with --history DIR"),
        (("--history-keep", "3"), "--history-keep goes with --history DIR"),
        ((*HISTORY, "--after", "3"), "--after goes with --alarm"),
        ((*HISTORY, "--accept"), "--accept goes with --alarm"),
        ((*ALARM, "--baseline", "x.json"), "--alarm has a reference of its own"),
        ((*ALARM, "--attempts", "1"), "what fails in one attempt alone is none (--attempts 1)"),
        ((*ALARM, "--format", "junit"), "--format junit: alarms are told as text or json"),
        ((*ALARM, "--remind", "5"), "--remind 5: `5` has no unit"),
        ((*HISTORY, "--history-size", "16"), "--history-size 16: `16` has no unit"),
        ((*HISTORY, "--history-size", "1kB"), "not even a few looks fit"),
        ((*HISTORY, "--dry-run"), "--history and --dry-run exclude each other"),
        ((*HISTORY, "--zone", "x", "--domain", "y"), "--history and --zone exclude each other"),
        (("--history", "no/such"), "no: cannot keep looks there: there is no such folder"),
        ((*ALARM, "--alarm-config", "no.yaml"), "no.yaml: cannot be read"),
    ],
)
def test_what_cannot_go_together_is_refused_before_anybody_is_asked(
    probe: Probe, words: tuple[str, ...], says: str
) -> None:
    result = probe("sound", *words)

    assert result.exit_code == 2, result.output
    assert says in " ".join(result.output.split())
