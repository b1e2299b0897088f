"""How `mxprobe` starts and how it ends: what `--help` may load, and which exit status a failure gives."""

import asyncio
import errno
import json
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

import mxprobe
from mxprobe.cli import COMMANDS, main
from mxprobe.cli.lazy import LazyCommand, LazyGroup
from mxprobe.cli.probe_options import DIALS, GROUPS
from mxprobe.errors import CouldNotLook, InputError, MxprobeError, Place
from mxprobe.report.formats import LOOK_FORMATS

HEAVY = frozenset(
    [
        "OpenSSL",
        "cryptography",
        "dns",
        "aiosmtplib",
        "aiosmtpd",
        "ruamel",
        "rich",
        "msgspec",
        "asyncio",
        "ssl",
        "socket",
        "idna",
    ]
)
LOADED_BY_HELP = """
import atexit, json, sys
atexit.register(lambda: print(json.dumps(sorted(sys.modules)), file=sys.stderr))
from mxprobe.cli import main
main(["--help"], prog_name="mxprobe")
"""


def call(body: Any, monkeypatch: pytest.MonkeyPatch) -> Result:
    """The result of `mxprobe thing`, where `thing` is a command that does `body`."""
    command = click.Command("thing", callback=body)
    monkeypatch.setitem(sys.modules, "thing_module", SimpleNamespace(command=command))
    group = LazyGroup(name="mxprobe", listed=[LazyCommand("thing", "thing_module:command", "Does a thing.")])
    return CliRunner().invoke(group, ["thing"])


def raising(error: BaseException) -> Any:
    """A command body that raises `error`."""

    def body() -> None:
        raise error

    return body


def test_help_loads_nothing_heavy() -> None:
    done = subprocess.run([sys.executable, "-c", LOADED_BY_HELP], capture_output=True, text=True, check=True)

    loaded = {name.partition(".")[0] for name in json.loads(done.stderr)}
    assert done.stdout.startswith("Usage: mxprobe")
    assert "click" in loaded
    assert loaded & HEAVY == set()


def test_help_names_every_command_its_line_and_every_exit_status() -> None:
    result = CliRunner().invoke(main, ["--help"])

    assert result.exit_code == 0
    for command in COMMANDS:
        assert f"\n  {command.name} " in result.output
        assert command.help in result.output
    for status in "0123":
        assert f"\n    {status}  " in result.output


def test_the_options_of_probe_stand_in_groups_each_once() -> None:
    output = CliRunner().invoke(main, ["probe", "--help"]).output
    listed = re.findall(r"^  (-\S+?)[, ].*", output, re.MULTILINE)

    assert listed[-1] == "-h"
    assert sorted(listed[:-1]) == sorted(one.opts[0] for group in GROUPS for one in group.options)
    assert all(f"\n{group.heading}:\n" in output for group in GROUPS)
    assert max(map(len, output.splitlines())) <= 100
    assert all(len(group.options) <= 12 for group in GROUPS)


def test_every_option_of_probe_that_asks_or_dials_is_refused_beside_a_zone_file(tmp_path: Path) -> None:
    answered = {"dns_only", "dkim_selectors"}  # by the file itself
    asking = {one.name for group in GROUPS for one in group.options if group.heading not in _OF_A_FILE} - answered

    assert set(DIALS) == asking


_OF_A_FILE = ("A zone not published yet", "Compare", "Report", "Watch")


@pytest.mark.parametrize("words", [("probe", "--zone", "ZONE", "--domain", "example.test"), ("probe", "--help")])
def test_a_look_in_text_loads_no_other_format(words: tuple[str, ...], tmp_path: Path) -> None:
    zone = tmp_path / "db"
    zone.write_text("@ 3600 IN SOA ns1 hostmaster 1 3600 900 604800 300\n@ 3600 IN MX 0 .\n")
    typed = [str(zone) if word == "ZONE" else word for word in words]
    program = LOADED_BY_HELP.replace('["--help"]', repr(typed))
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = set(json.loads(done.stderr))

    others = {place.partition(":")[0] for form, place in LOOK_FORMATS.items() if form != "json"}
    unused = {"jinja2", "markupsafe", "mxprobe.report.waterfall", "mxprobe.jobs.watch", "mxprobe.jobs.prove", *others}
    unused |= {"h11", "dns.dnssec", "tomllib", "mxprobe.mx.dnssec", "mxprobe.rules.sender", "mxprobe.rules.all"}
    assert unused & loaded == set()
    assert ("mxprobe.report.look_text" in loaded) is ("--zone" in words)


def test_no_line_of_help_is_wider_than_a_report() -> None:
    assert max(map(len, CliRunner().invoke(main, ["--help"]).output.splitlines())) <= 100


def test_version_is_the_packages_own() -> None:
    assert CliRunner().invoke(main, ["--version"]).output == f"mxprobe {mxprobe.__version__}\n"


def test_python_m_mxprobe_is_the_same_command() -> None:
    done = subprocess.run([sys.executable, "-m", "mxprobe", "--version"], capture_output=True, text=True, check=True)

    assert done.stdout == f"mxprobe {mxprobe.__version__}\n"


@pytest.mark.parametrize("listed", COMMANDS, ids=lambda listed: listed.name)
def test_every_listed_command_exists_and_teaches_itself(listed: LazyCommand) -> None:
    command = listed.load()
    result = CliRunner().invoke(main, [listed.name, "--help"], prog_name="mxprobe")

    assert command.name == listed.name
    assert result.exit_code == 0
    assert result.output.startswith(f"Usage: mxprobe {listed.name} ")


def test_every_command_file_is_listed() -> None:
    folder = Path(mxprobe.__file__).parent / "cli"
    listed = {command.place for command in COMMANDS}

    written = {path.stem for path in folder.glob("*.py") if "\ndef command(" in path.read_text(encoding="utf-8")}

    assert {f"mxprobe.cli.{stem}:command" for stem in written} == listed


@pytest.mark.parametrize("args", [["prboe"], ["--no-such-flag"], []])
def test_wrong_use_exits_2_with_usage_on_stderr(args: list[str]) -> None:
    result = CliRunner().invoke(main, args)

    assert result.exit_code == 2
    assert result.stdout == ""
    assert "Usage:" in result.stderr


@pytest.mark.parametrize(
    ("error", "status", "line"),
    [
        (MxprobeError("the lab fell down"), 2, "the lab fell down.  Exit 2."),
        (InputError("unreadable", place=Place("a.yaml")), 2, "a.yaml: unreadable.  Exit 2."),
        (CouldNotLook("no resolver answers"), 3, "no resolver answers.  Exit 3."),
        (click.ClickException("no such file"), 2, "Error: no such file"),
    ],
)
def test_an_error_is_one_message_and_an_exit_status(
    error: Exception, status: int, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = call(raising(error), monkeypatch)

    assert (result.exit_code, result.stdout, result.stderr) == (status, "", f"{line}\n")


def test_an_error_raised_in_a_task_group_is_shown_the_same_way(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fall() -> None:
        raise CouldNotLook("no network")

    async def both() -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(fall())
            tasks.create_task(fall())

    result = call(lambda: asyncio.run(both()), monkeypatch)

    assert (result.exit_code, result.stderr) == (3, "no network.  Exit 3.\n")


def test_a_bug_among_errors_of_ours_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    result = call(raising(ExceptionGroup("both", [MxprobeError("ours"), ValueError("a bug")])), monkeypatch)

    assert isinstance(result.exception, ExceptionGroup)


def test_a_message_cannot_command_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    result = call(raising(MxprobeError("no domain \x1b]0;owned\x07\nsecond line")), monkeypatch)

    assert result.stderr == "no domain \\x1b]0;owned\\x07\nsecond line.  Exit 2.\n"


def test_an_interrupt_ends_with_one_line_and_130(monkeypatch: pytest.MonkeyPatch) -> None:
    result = call(raising(KeyboardInterrupt()), monkeypatch)

    assert (result.exit_code, result.stdout, result.stderr.strip()) == (130, "", "Interrupted.")


@pytest.mark.parametrize(("returned", "status"), [(None, 0), (0, 0), (1, 1), (3, 3)])
def test_what_a_command_returns_is_the_exit_status(
    returned: int | None, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert call(lambda: returned, monkeypatch).exit_code == status


def test_a_reader_who_leaves_early_gets_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    result = call(raising(OSError(errno.EPIPE, "Broken pipe")), monkeypatch)

    assert isinstance(result.exception, SystemExit)
    assert result.stderr == ""


def test_an_input_error_draws_the_line_and_marks_the_word() -> None:
    line = "  - {at: 5m,  break: mx1, with: tcp-refused, for: 30m}"
    place = Place("outage.yaml", 11, line.index("tcp-refused") + 1, line, len("tcp-refused"))
    error = InputError("no fault is called `tcp-refused`", place=place, label="tcp-refuse?", hint="All faults: x.")

    assert str(error).splitlines() == [
        "outage.yaml:11:33: no fault is called `tcp-refused`",
        "  11 |   - {at: 5m,  break: mx1, with: tcp-refused, for: 30m}",
        "     |                                 ^^^^^^^^^^^ tcp-refuse?",
        "All faults: x.",
    ]
    assert error.message == "no fault is called `tcp-refused`"


def test_marks_stay_under_the_word_behind_tabs_and_controls() -> None:
    drawn = InputError("a tab", place=Place("x.yaml", 3, 3, "\t\x1bword\r\n", 4)).render().splitlines()

    assert drawn[1:] == ["   3 | ␉␛word", "     |   ^^^^"]


@pytest.mark.parametrize("column", [1, 400, 1000])
def test_an_over_long_line_is_shown_around_its_error(column: int) -> None:
    line = "a" * (column - 1) + "X" + "a" * (1000 - column)

    drawn = InputError("wrong", place=Place("x.yaml", 1, column, line)).render().splitlines()

    assert all(len(text) <= 100 for text in drawn)
    assert drawn[1][drawn[2].index("^")] == "X"


def test_a_place_without_a_line_names_the_file_alone() -> None:
    assert str(InputError("is a directory", place=Place("scenarios"))) == "scenarios: is a directory"
    assert str(InputError("is no domain", hint="Try example.com.")) == "is no domain\nTry example.com."


def test_no_public_name_hides_a_room() -> None:
    assert mxprobe._PUBLIC.keys() <= set(dir(mxprobe))
    assert [name for name in mxprobe._PUBLIC if find_spec(f"mxprobe.{name}")] == []


@pytest.mark.parametrize("name", sorted(mxprobe._PUBLIC))
def test_every_public_name_is_a_job(name: str) -> None:
    assert callable(getattr(mxprobe, name))


def test_an_unknown_public_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing_of_the_kind'"):
        _ = mxprobe.nothing_of_the_kind
