"""A chain that is too long to be forecast is said to be one, in every report that would have had a forecast."""

import pytest

from mxprobe.cli.showing import document_of
from mxprobe.jobs.look import judge
from mxprobe.report.formats import LOOK_FORMATS, load_format
from mxprobe.report.look_text import render_look
from tests.support.examples import snapshot_of

SAYS = "the chain has {} hosts, and one of more than 30 is not forecast"


def _reports(hosts: int) -> dict[str, str]:
    block = "".join(
        f"example.test MX {number} mx{number}.example.test\nmx{number}.example.test A 198.51.100.{number}\n"
        f'198.51.100.{number} "220 mx{number} ESMTP" "250 mx{number}"\n'
        for number in range(1, hosts + 1)
    )
    document = document_of(judge(snapshot_of(block)), {})
    found = {name: load_format(LOOK_FORMATS, name, "looks")((document,)) for name in ("markdown", "html")}
    return {"text": " ".join(render_look(document).split()), **found}


@pytest.mark.parametrize("hosts", [30, 31])
def test_why_there_is_no_forecast_is_said(hosts: int) -> None:
    reports = _reports(hosts)

    assert len(reports) == 3
    assert {name for name, text in reports.items() if SAYS.format(hosts) in text} == (
        set(reports) if hosts > 30 else set()
    )
