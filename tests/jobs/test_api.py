"""The Python API: what `mxprobe` offers as a library, and the README's own example."""

import re
from pathlib import Path

import pytest

import mxprobe
from mxprobe.jobs.look import LookOptions

CHECKOUT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "name", [name for name in dir(mxprobe) if not name.startswith("_") and name != "import_module"]
)
def test_every_public_name_is_there_and_documented(name: str) -> None:
    assert name in dir(mxprobe)
    assert getattr(mxprobe, name).__doc__


def test_a_name_that_is_not_public_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'prob'"):
        _ = mxprobe.prob


def test_the_example_of_the_readme_runs(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", (CHECKOUT / "README.md").read_text(), re.DOTALL)
    monkeypatch.chdir(CHECKOUT)
    monkeypatch.setenv("MXPROBE_NAMESERVERS", "127.0.0.1:1")
    exec(compile(example, "README.md", "exec"), {})  # noqa: S102

    told = capsys.readouterr().out.splitlines()
    assert "MX102 inconclusive" in told
    assert "scenarios/outage/baseline.yaml postfix True" in told
    assert LookOptions().dns_only is False
