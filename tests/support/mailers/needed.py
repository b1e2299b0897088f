"""What a test needs of this machine: it is skipped where that is missing, and in CI it fails."""

import os

import pytest

from mxprobe.errors import MxprobeError
from mxprobe.lab.mta.tree import Tree
from mxprobe.lab.mta.tree import find_tree as look_for_tree


def require(met: bool, reason: str) -> None:
    """Skip the test when a condition is not met; in CI (`CI=true`) fail it, for there a skipped test shows nothing."""
    if met:
        return
    if os.environ.get("CI", "").lower() in {"true", "1", "yes"}:
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def find_tree() -> Tree:
    """The tree that `MXPROBE_MAILERS` names; without one, or without root, the test is skipped (in CI: fails)."""
    try:
        return look_for_tree()
    except MxprobeError as error:
        require(False, str(error))
        raise
