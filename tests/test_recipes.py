"""The README's recipes: every command line in them is one that mxprobe takes, and systemd reads its units."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import click
import pytest

from mxprobe.cli import COMMANDS, main
from mxprobe.cli.probe import command
from mxprobe.cli.watch_options import check_watching
from mxprobe.cli.watching import watch_of
from mxprobe.jobs.play import load_stories
from mxprobe.report.formats import LOOK_FORMATS
from mxprobe.scenario.load_windows import load_windows

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
STORIES = Path(__file__).parent.parent / "scenarios"
WATCH = README.partition("### Watch:")[2].partition("\n### ")[0]
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", WATCH, re.DOTALL)
WORDS = {"%i": "example.com", "$ARG1$": "example.com", "${STATE_DIRECTORY}": "looks"}
RECIPES = [line for _, block in BLOCKS for line in re.findall(r"mxprobe (probe [^>|;\n]*)", block.replace("\\\n", " "))]


def test_there_are_recipes_for_systemd_nagios_and_prometheus() -> None:
    assert len(RECIPES) == 4
    assert [name for name in ("systemd", "Nagios", "Prometheus") if name not in WATCH] == []


@pytest.mark.parametrize("line", RECIPES)
def test_every_command_line_is_one_that_mxprobe_takes(line: str) -> None:
    for word, value in WORDS.items():
        line = line.replace(word, value)
    words = shlex.split(line)[1:]
    is_watched = "--history" in words
    if "--format" in words:
        assert words[words.index("--format") + 1] in LOOK_FORMATS
    with command.make_context("probe", list(words), **main.context_settings) as context:
        check_watching(context.params)
        assert (context.params["history"] is not None) is is_watched
        if is_watched:
            (domain,) = context.params["domains"]
            assert watch_of(domain, context.params).history.domain == domain


LISTED = {listed.name: listed for listed in COMMANDS}
TYPED = re.findall(
    rf"(?:^|[ '])(?:\S*/)?mxprobe ((?:{'|'.join(LISTED)})\b[^\n|;>]*)",
    "\n".join(re.findall(r"^```\w*\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)).replace("\\\n", " "),
    re.MULTILINE,
)
"""Every command line of ours in a block of the README, with what is said of it behind several blanks."""


def test_there_are_command_lines_of_every_command() -> None:
    assert {line.split()[0] for line in TYPED} == set(LISTED)
    assert len(TYPED) > 40


@pytest.mark.parametrize("line", TYPED)
def test_every_command_line_of_the_readme_can_be_typed(line: str) -> None:
    words = shlex.split(re.split(r" {2,}| && ", line.removesuffix("'") if line.count("'") % 2 else line)[0])
    name, *rest = [word for word in words if word != "..."]

    LISTED[name].load().make_context(name, rest, **main.context_settings).close()


def test_the_readme_counts_the_stories_as_they_are() -> None:
    stories = load_stories([STORIES])
    plays = sum(len(story.senders) for story in stories)

    assert f"\n{len(stories)} stories, {plays} plays, all as expected." in README


def test_a_command_line_that_is_none_is_found_out() -> None:
    with pytest.raises(click.UsageError):
        command.make_context("probe", ["example.com", "--alarms"], **main.context_settings)


def test_the_windows_are_such() -> None:
    (text,) = (block for kind, block in BLOCKS if kind == "yaml")
    config = load_windows(text.encode(), "README.md", "example.com")

    assert (len(config.windows), config.cannot_look) == (3, 14400.0)


@pytest.mark.parametrize(
    ("says", "status", "mailed", "fails"),
    [
        ("", 0, False, False),
        ("ALARM", 1, True, False),
        ("OVER", 0, True, False),
        ("", 2, False, True),
        ("NO", 3, True, False),
    ],
)
def test_the_service_mails_what_there_is_to_say_and_fails_where_mxprobe_was_misused(
    tmp_path: Path, says: str, status: int, mailed: bool, fails: bool
) -> None:
    (unit,) = (block for kind, block in BLOCKS if kind == "ini" and "[Service]" in block)
    _, _, line = unit.partition("ExecStart=/bin/sh -c '")
    script = line.partition("'\n")[0].replace("\\\n", " ").replace("%i", "example.com").replace("$$", "$")
    for name, does in (("mxprobe", f"printf '%s' '{says}'; exit {status}"), ("mail", f"cat > {tmp_path}/mailed")):
        (tmp_path / name).write_text(f"#!/bin/sh\n{does}\n")
        (tmp_path / name).chmod(0o700)
    folders = {"STATE_DIRECTORY": str(tmp_path), "RUNTIME_DIRECTORY": str(tmp_path)}
    done = subprocess.run(["/bin/sh", "-c", script], env={"PATH": f"{tmp_path}:/usr/bin:/bin", **folders}, check=False)

    assert (tmp_path / "mailed").exists() is mailed
    assert (done.returncode != 0) is fails


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")
def test_systemd_reads_its_units(tmp_path: Path) -> None:
    units = {block.splitlines()[0].rpartition("/")[2]: block for kind, block in BLOCKS if kind == "ini"}
    assert sorted(units) == ["mxprobe@.service", "mxprobe@.timer"]
    for name, text in units.items():
        (tmp_path / name).write_text(text)
    named = [str(tmp_path / name.replace("@", "@example.com")) for name in units]
    for name, path in zip(units, named, strict=True):
        Path(path).write_text(units[name])
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", *named], capture_output=True, text=True, timeout=60)
    complaints = [line for line in done.stderr.splitlines() if "mxprobe@" in line]

    assert complaints == [], done.stderr
