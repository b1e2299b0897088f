"""How far a survey is, as standard error gets it: drawn on a terminal, lines in a log, nothing where it is quiet."""

import pytest

from mxprobe.cli.progress import Teller
from mxprobe.facts.progress import Counts, Progress
from mxprobe.facts.survey import Depth

START = 1_790_000_000.0


def at(seconds: float, told: int = 0) -> Progress:
    return Progress(
        depth=Depth.DNS, started_at=START, at=START + seconds, done=Counts(listed=1000, resolved=told, told=told)
    )


def test_a_log_gets_a_line_every_half_minute(capsys: pytest.CaptureFixture[str]) -> None:
    with Teller(on_terminal=False) as teller:
        for second in range(100):
            teller(at(second, told=10 * second))

    out, err = capsys.readouterr()
    assert out == ""
    assert [line.partition(": ")[2].partition(":")[0] for line in err.splitlines()] == ["30 s", "1 min", "1 min 30 s"]
    assert err.count("(10/s)") == 3


def test_nothing_is_said_where_it_is_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    for on_terminal in (False, True):
        with Teller(quiet=True, on_terminal=on_terminal) as teller:
            teller(at(0))
            teller(at(100))
        teller.conclude("r.jsonl")

    assert capsys.readouterr() == ("", "")


def test_a_terminal_gets_the_lines_drawn_and_at_the_end_one(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "90")
    with Teller(on_terminal=True) as teller:
        for second in range(15):
            teller(at(second, told=10 * second))
    teller.conclude("r.jsonl")

    out, err = capsys.readouterr()
    assert out == ""
    assert " resolved           140       10/s" in err
    assert err.endswith("surveyed 140 domains in 14 s: 0 DNS queries; results in r.jsonl\n")


def test_words_of_others_are_never_markup(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    with Teller(on_terminal=True) as teller:
        teller(at(1))
    teller.conclude("[bold]r.jsonl")

    assert "[bold]r.jsonl" in capsys.readouterr().err
