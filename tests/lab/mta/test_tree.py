"""Where the mailers are looked for, and what a person is told who does not have them."""

import os
from pathlib import Path

import pytest

from mxprobe.errors import MxprobeError
from mxprobe.lab.mta.tree import Tree, find_tree


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    """A directory that looks as if mailers had been unpacked into it."""
    (tmp_path / ".recipe").touch()
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\nmail:x:8:9:mail:/var/mail:/bin/sh\n")
    (tmp_path / "etc/group").write_text("root:x:0:\nmail:x:9:\n")
    return tmp_path


def refusal() -> str:
    """What `find_tree` says when it finds none."""
    with pytest.raises(MxprobeError) as raised:
        find_tree()
    return str(raised.value)


def test_the_tree_is_the_one_that_is_named(filled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MXPROBE_MAILERS", str(filled))
    monkeypatch.setattr(os, "geteuid", lambda: 0)

    assert find_tree() == Tree(filled)


def test_without_a_tree_one_line_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    what_to_do = "mxprobe measure --unpack DIR, then export MXPROBE_MAILERS=DIR"
    monkeypatch.delenv("MXPROBE_MAILERS", raising=False)
    unset = refusal()
    monkeypatch.setenv("MXPROBE_MAILERS", str(tmp_path))
    empty = refusal()

    assert "MXPROBE_MAILERS is not set" in unset
    assert f"names no tree of theirs: {tmp_path}" in empty
    assert all(what_to_do in said and "\n" not in said for said in (unset, empty))


def test_without_root_one_line_says_so(filled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MXPROBE_MAILERS", str(filled))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)

    said = refusal()

    assert "need root" in said
    assert "\n" not in said


def test_a_program_runs_as_root_in_the_group_that_is_named(filled: Path) -> None:
    tree = Tree(filled)

    assert "+0:+0" in tree.command(filled / "home", ["true"])
    assert "+0:+9" in tree.command(filled / "home", ["true"], group="mail")
    assert tree.user("mail").uid == 8
    with pytest.raises(KeyError):
        tree.user("nobody")
