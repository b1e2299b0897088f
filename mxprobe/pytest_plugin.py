"""The plugin for pytest: scenario files are collected as tests, one for each of their senders, in any project.

A `*.yaml` file is a scenario where it has the keys `story` and `steps` at its top. `mxprobe_scenarios` in the
configuration narrows where they are looked for. The fixture `mxprobe_hold` stages a story's world on loopback sockets
inside a test of one's own, to be broken and mended in the middle of it.

Nothing of mxprobe is loaded before a scenario is met.
"""

import fnmatch
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from mxprobe.facts.run import Run
    from mxprobe.scenario.model import Scenario

_IS_SCENARIO = re.compile(r"^story:.*?^steps:", re.MULTILINE | re.DOTALL)
_HEAD = 65536


def pytest_addoption(parser: pytest.Parser) -> None:
    """Where scenarios are, and by which seed they are played."""
    parser.addini("mxprobe_scenarios", "patterns of scenario files, below the root directory", "args", ["**/*.yaml"])
    group = parser.getgroup("mxprobe")
    group.addoption("--mxprobe-seed", type=int, default=1, help="seed of every random choice in scenarios")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> "ScenarioFile | None":
    """A scenario file as a collector; every other file is left alone."""
    if file_path.suffix != ".yaml" or not _is_wanted(file_path, parent.config):
        return None
    try:
        with file_path.open("rb") as file:
            head = file.read(_HEAD).decode("utf-8", "replace")
    except OSError:
        return None
    return ScenarioFile.from_parent(parent, path=file_path) if _IS_SCENARIO.search(head) else None


def _is_wanted(path: Path, config: pytest.Config) -> bool:
    try:
        name = path.relative_to(config.rootpath).as_posix()
    except ValueError:
        return True  # named on the command line, outside the root directory
    patterns: list[str] = config.getini("mxprobe_scenarios")
    return any(fnmatch.fnmatch(name, pattern) or fnmatch.fnmatch(f"./{name}", pattern) for pattern in patterns)


class ScenarioFile(pytest.File):
    """One scenario file: a test for each of its senders."""

    def collect(self) -> Iterator["ScenarioItem"]:
        """The plays. A file that cannot be right is an error of collection, with its line."""
        from mxprobe.errors import InputError
        from mxprobe.jobs.play import load_stories

        try:
            (scenario,) = load_stories([self.path])
        except InputError as error:
            raise self.CollectError(str(error)) from error
        for sender in scenario.senders:
            yield ScenarioItem.from_parent(self, name=sender, scenario=scenario)


class ScenarioItem(pytest.Item):
    """One story played by one sender."""

    def __init__(self, *, scenario: "Scenario", **more: Any) -> None:
        super().__init__(**more)
        self.scenario = scenario

    def runtest(self) -> None:
        """Play it in a world in memory. Raises NotAsWritten."""
        from mxprobe.jobs.play import play_one

        run = play_one(self.scenario, self.name, self.config.getoption("--mxprobe-seed"))
        if run.verdict is not None and not run.verdict.passed:
            raise NotAsWritten(run)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The story's timeline in place of a traceback."""
        if isinstance(excinfo.value, NotAsWritten):
            from mxprobe.report.run_text import render_failure

            return render_failure(excinfo.value.run)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """The file, the line of the first expectation, the story."""
        first = next((item.line for item in self.scenario.expect.messages), 1)
        return self.path, first - 1, f"{self.path.name}[{self.name}]"


class NotAsWritten(Exception):
    """A play did not go as its story says; `run` has the verdict and the timeline."""

    def __init__(self, run: "Run") -> None:
        super().__init__(run.path)
        self.run = run


@pytest.fixture
def mxprobe_hold() -> Callable[..., Any]:
    """`mxprobe.hold`: an async context manager that stages the world of a scenario file on loopback sockets."""
    from mxprobe.jobs.hold import hold

    return hold
