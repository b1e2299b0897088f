"""The plugin in a project of somebody else: scenario files are tests, and a world can be held up inside one's own."""

from pathlib import Path

import pytest

pytest_plugins = ["pytester"]
pytestmark = pytest.mark.slow

STORY = (Path(__file__).parent.parent / "scenarios/outage/primary-refuses.yaml").read_text()
OWN_TEST = """
import smtplib, asyncio, pytest

async def test_mine(mxprobe_hold):
    async with mxprobe_hold("outage.yaml") as held:
        held.mend_host("mx1")
        held.break_host("mx1", "{{reply: 451 4.3.0 later}}", phase="rcpt")
        await asyncio.sleep(0.3)
        where = held.stage.addresses["mx1.example.test"], held.stage.port
        code = await asyncio.to_thread(ask, *where)
        assert code == {code}

def ask(address, port):
    with smtplib.SMTP(address, port) as smtp:
        smtp.ehlo("me.test")
        smtp.mail("a@elsewhere.test")
        return smtp.rcpt("alice@example.test")[0]
"""


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another project has none of our settings for pytest."""
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)


def _run(pytester: pytest.Pytester, *words: str) -> pytest.RunResult:
    return pytester.runpytest_subprocess("-p", "no:randomly", "-p", "no:cacheprovider", *words)


def test_a_scenario_is_collected_and_passes_by_each_of_its_senders(pytester: pytest.Pytester) -> None:
    pytester.makefile(".yaml", outage=STORY, compose="services: {}\n")

    result = _run(pytester, "-v")

    result.assert_outcomes(passed=4)
    result.stdout.fnmatch_lines(["*outage.yaml::postfix PASSED*"])


def test_a_broken_one_fails_with_its_timeline(pytester: pytest.Pytester) -> None:
    pytester.makefile(".yaml", outage=STORY.replace("accepted: mx2", "accepted: mx1"))

    result = _run(pytester)

    result.assert_outcomes(failed=4)
    result.stdout.fnmatch_lines(["FAIL*outage.yaml:17*sender*", "*expected to be accepted by mx1; accepted by mx2*"])
    assert "Traceback" not in result.stdout.str()


def test_a_file_that_cannot_be_right_is_an_error_with_its_line(pytester: pytest.Pytester) -> None:
    pytester.makefile(".yaml", outage=STORY.replace("tcp-refuse", "tcp-refused"))

    result = _run(pytester)

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*outage.yaml:11:*no fault is called `tcp-refused`*"])


def test_patterns_narrow_where_scenarios_are_looked_for(pytester: pytest.Pytester) -> None:
    pytester.makefile(".yaml", outage=STORY)
    pytester.makeini("[pytest]\nmxprobe_scenarios = stories/*.yaml\n")

    _run(pytester).assert_outcomes()


@pytest.mark.parametrize(("code", "passed"), [(451, 1), (250, 0)])
def test_a_world_is_broken_in_the_middle_of_a_test(pytester: pytest.Pytester, code: int, passed: int) -> None:
    pytester.makefile(".yaml", outage=STORY)
    pytester.makeini("[pytest]\nasyncio_mode = auto\nmxprobe_scenarios = nothing\n")
    pytester.makepyfile(OWN_TEST.format(code=code))

    _run(pytester).assert_outcomes(passed=passed, failed=1 - passed)
