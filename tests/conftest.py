"""What holds for every test: how hard Hypothesis tries, and that CI skips no real mailer."""

import os
from collections.abc import Generator

import pytest
from hypothesis import settings

IN_CI = os.environ.get("CI", "").lower() in {"true", "1", "yes"}

# CI tries hard, on one Python, and the same way every time; at the desk each run tries something new.
_EXAMPLES = int(os.environ.get("MXPROBE_EXAMPLES", "1000"))
settings.register_profile("dev", deadline=None)
settings.register_profile("ci", max_examples=_EXAMPLES, deadline=None, derandomize=True, print_blob=True, database=None)
settings.load_profile("ci" if IN_CI else "dev")


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--whole-library`: what takes too long for CI."""
    parser.addoption("--whole-library", action="store_true", help="play the whole library with a real mailer")


@pytest.fixture
def whole_library(request: pytest.FixtureRequest) -> bool:
    """Whether all stories are wanted, and not a part."""
    return bool(request.config.getoption("--whole-library"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skipped `real` test into a failed one in CI: there, what was not shown does not hold."""
    report = yield
    if IN_CI and report.skipped and item.get_closest_marker("real"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped, and CI skips no test of real mailers: {report.longrepr}"
    return report
