"""What others make of our reports: a plugin that wraps plugins, the linter of metrics, a browser.

All three are programs of Debian's packages, run from the tree.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mxprobe.facts.codec import masked
from mxprobe.report.formats import LOOK_FORMATS, load_format
from mxprobe.report.json import LookDocument, render_document
from tests.support.chromium import Browser, browser, colours
from tests.support.mailers import Tree, require
from tests.support.told import KINDS, faulty, flawless, hostile, unasked

pytestmark = [pytest.mark.real, pytest.mark.timeout(120)]

NEGATE = "/usr/lib/nagios/plugins/negate"
PROMTOOL = "/usr/bin/promtool"
ROOT = Path(__file__).parents[2]
WIDTHS = (360, 800, 1400)


def _told(form: str, *documents: LookDocument) -> str:
    return load_format(LOOK_FORMATS, form, "a probe")(tuple(map(masked, documents)))


def _needs(tree: Tree, program: str) -> None:
    reason = f"the tree has no {program}: unpack it anew with the packages of .ci/debian-packages"
    require((tree.path / program.removeprefix("/")).exists(), reason)


@pytest.mark.parametrize(
    ("document", "words", "state", "turned"),
    [
        (flawless, (), ("OK", 0), ("CRITICAL", 2)),
        (flawless, ("--threshold", "cert=9000"), ("WARNING", 1), ("OK", 0)),
        (faulty, (), ("CRITICAL", 2), ("UNKNOWN", 3)),
        (hostile, (), ("WARNING", 1), ("OK", 0)),
        (unasked, (), ("UNKNOWN", 3), ("WARNING", 1)),
    ],
)
def test_negate_takes_us_for_a_plugin(
    tree: Tree,
    tmp_path: Path,
    document: object,
    words: tuple[str, ...],
    state: tuple[str, int],
    turned: tuple[str, int],
) -> None:
    _needs(tree, NEGATE)
    saved, plugin, output = tmp_path / "saved.json", tmp_path / "plugin", tmp_path / "output"
    saved.write_text(render_document(document()))  # type: ignore[operator]
    arguments = " ".join((str(saved), "--format", "nagios", "--output", str(output), *words))
    status = os.waitstatus_to_exitcode(
        os.system(f"cd {ROOT} && PYTHONPATH={ROOT} {sys.executable} -m mxprobe report {arguments}")  # noqa: S605
    )
    plugin.write_text(
        f"#!/bin/sh\nwhile IFS= read -r line; do printf '%s\\n' \"$line\"; done </rig/output\nexit {status}\n"
    )
    plugin.chmod(0o755)
    turns = ("-o", "CRITICAL", "-w", "OK", "-c", "UNKNOWN", "-u", "WARNING")

    plain = tree.run(tmp_path, NEGATE, "-o", "OK", "-w", "WARNING", "-c", "CRITICAL", "-u", "UNKNOWN", "/rig/plugin")
    other = tree.run(tmp_path, NEGATE, "-s", *turns, "/rig/plugin")

    assert (status, plain.returncode, other.returncode) == (state[1], state[1], turned[1])
    assert plain.stdout == output.read_text()
    assert plain.stdout.startswith(f"MXPROBE {state[0]} - example.test: ")
    assert other.stdout.startswith(f"MXPROBE {turned[0]} - example.test: ")


@pytest.mark.parametrize("kind", KINDS)
def test_promtool_finds_nothing_to_mend(tree: Tree, tmp_path: Path, kind: str) -> None:
    _needs(tree, PROMTOOL)
    text = _told("prometheus", KINDS[kind](), flawless())  # type: ignore[operator]

    checked = tree.run(tmp_path, PROMTOOL, "check", "metrics", stdin=text)

    assert (checked.returncode, checked.stdout) == (0, "")


def test_promtool_finds_what_is_wrong(tree: Tree, tmp_path: Path) -> None:
    _needs(tree, PROMTOOL)
    text = _told("prometheus", flawless())

    twice = tree.run(tmp_path, PROMTOOL, "check", "metrics", stdin=text + text)
    without = tree.run(tmp_path, PROMTOOL, "check", "metrics", stdin=text.replace("# HELP mxprobe_sessions", "# x"))

    assert twice.returncode != 0
    assert "mxprobe_sessions no help text" in without.stdout


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages that are looked at, and two that show that faults are seen."""
    folder = tmp_path_factory.mktemp("pages")
    for kind, document in KINDS.items():
        (folder / f"{kind}.html").write_text(_told("html", document(), flawless()))  # type: ignore[operator]
    (folder / "blank.html").write_text("<!DOCTYPE html>")
    bad = _told("html", flawless()).replace(
        "<main", '<img src="no-such.png"><script>1</script><div style="width:2000px">x</div><main'
    )
    (folder / "bad.html").write_text(bad)
    return folder


@pytest.fixture(scope="module")
def chromium(tree: Tree, pages: Path) -> Iterator[Browser]:
    """One browser for all pages."""
    with browser(tree, pages) as started:
        yield started


@pytest.mark.parametrize("kind", KINDS)
def test_a_browser_shows_each_page_and_the_fullest_at_three_widths(chromium: Browser, kind: str) -> None:
    for width in WIDTHS if kind in ("hostile", "faulty", "of_zone") else WIDTHS[:1]:
        seen = chromium.see(f"{kind}.html", width)

        assert seen.complaints == ()
        assert seen.requests == (f"file:///rig/{kind}.html",)
        assert seen.width <= width, f"{kind} is {seen.width} wide in a window of {width}"
        assert seen.scripts == 0
        assert "example.test" in seen.text
        assert seen.picture.startswith(b"\x89PNG")
        assert colours(seen.picture) > 100


def test_a_browser_shows_the_words_of_a_hostile_host_as_text(chromium: Browser) -> None:
    seen = chromium.see("hostile.html", WIDTHS[0])

    assert "<script>alert(1)</script>" in seen.text
    assert "\\x1b[31m\\x00\\u{202e} ]]> & <b>" in seen.text
    assert "{{7*7}}" in seen.text
    assert "\u202e" not in seen.text


def test_what_a_page_must_not_do_is_seen(chromium: Browser) -> None:
    bad, blank = chromium.see("bad.html", WIDTHS[0]), chromium.see("blank.html", WIDTHS[0])

    assert "Content Security Policy" in "".join(bad.complaints)
    assert bad.width > WIDTHS[0]
    assert bad.scripts == 1
    assert colours(blank.picture) < 10
