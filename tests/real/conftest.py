"""What the tests against real mailers share: the tree they run from, and certificates."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.mailers import Certificate, Tree, find_tree, issue_certificate
from tests.support.pairs import Make, pairs_in_a_network


@pytest.fixture(scope="session")
def tree() -> Tree:
    """The unpacked mailers; the test is skipped without them, and fails in CI."""
    return find_tree()


@pytest.fixture
def certificate(tmp_path: Path) -> Callable[[str], Certificate]:
    """Issues a leaf for a name, by an authority of its own, below the test's directory."""

    def issue(name: str) -> Certificate:
        return issue_certificate(tmp_path, name)

    return issue


@pytest.fixture
def make(tree: Tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    """Makes pairs of a primary and a backup, in a network of their own."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    with pairs_in_a_network(tree, tmp_path) as pairs:
        yield pairs
