"""A new fault is one file and one line: everything else finds it there."""

import re
from pathlib import Path

from mxprobe.report.pages import pages
from mxprobe.scenario import faults
from mxprobe.scenario.faults import FAULTS

PACKAGE = Path(faults.__file__).parent
STORIES = ("suite.py", "drawn.py")
"""Files whose cases are stories, as those in scenarios/ are: each names its faults."""
ROOT = PACKAGE.parents[1]


def test_every_fault_has_a_file_of_its_own_and_a_line_in_the_list() -> None:
    files = {path.stem for path in PACKAGE.glob("*.py")} - {"__init__", "fault"}
    homes = {fault.__module__.rpartition(".")[2] for fault in FAULTS}

    assert files == homes
    assert len(FAULTS) == len(homes) == len({fault.NAME for fault in FAULTS})


def test_no_other_file_of_the_package_knows_a_fault_by_its_name() -> None:
    names = "|".join(re.escape(fault.NAME) for fault in FAULTS if "-" in fault.NAME)
    known = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in ROOT.rglob("*.py")
        if path.parent != PACKAGE and "rules" not in path.parts and path.name not in STORIES
        for match in re.finditer(rf"[\"'\s]({names})[\"']", path.read_text())
    ]

    assert known == []


def test_every_fault_has_a_page() -> None:
    assert {fault.NAME for fault in FAULTS} <= set(pages())
