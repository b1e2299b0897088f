"""CI may not pass over the real mailers: a skipped `real` test fails there, and is a skip at the desk."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parent.parent
SKIPPING = "import pytest\n\n@pytest.mark.{mark}\ndef test_a():\n    pytest.skip('no mailers here')\n"


def outcome(folder: Path, mark: str, ci: str) -> str:
    """pytest's closing line for one skipping test with a mark, in a process of its own, where `CI` is set to `ci`."""
    (folder / "pytest.ini").write_text("[pytest]\nmarkers =\n    real\n    slow\n")
    (folder / "test_it.py").write_text(SKIPPING.format(mark=mark))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "tests.conftest", "-p", "no:cacheprovider", "test_it.py"],
        cwd=folder,
        env=environment | {"CI": ci, "PYTHONPATH": str(CHECKOUT)},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.splitlines()[-1].partition(" in ")[0]


@pytest.mark.parametrize(
    ("mark", "ci", "expected"), [("real", "true", "1 failed"), ("real", "", "1 skipped"), ("slow", "true", "1 skipped")]
)
def test_only_ci_fails_a_skipped_real_test(tmp_path: Path, mark: str, ci: str, expected: str) -> None:
    assert outcome(tmp_path, mark, ci) == expected
