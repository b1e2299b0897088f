"""A file of expectations that a look begins is one that the same look fits, whatever is wrong with the domain."""

import pytest
from msgspec.structs import replace

from mxprobe.facts.beside import Beside
from mxprobe.facts.finding import Severity, Status
from mxprobe.facts.snapshot import Snapshot
from mxprobe.report.expect_file import render_expectation
from mxprobe.rules import judge_snapshot
from mxprobe.scenario.load_approved import load_approved
from tests.lab.test_judged import CASES, Case
from tests.support.judged import FLAWLESS, look_at

OURS = ("MX520", "MX521", "MX526", *(f"MX53{number}" for number in range(1, 10)))


def _begun(snapshot: Snapshot) -> str:
    return render_expectation(snapshot, judge_snapshot(snapshot))


def _broken(snapshot: Snapshot, text: str) -> dict[str, tuple[str, ...]]:
    """What the rules about expectations find in a look by a file."""
    judgements = judge_snapshot(snapshot, beside=Beside(approved=load_approved(text.encode(), "expect.yaml")))
    return {one.id: one.seen for each in judgements for one in each.findings if one.code in OURS}


def test_a_flawless_domain_begins_a_whole_file() -> None:
    assert _begun(look_at(FLAWLESS).snapshot) == (
        """\
# What example.test should look like, begun with what was so on 2026-01-01.
# Everything else is a finding of: mxprobe probe example.test --expect FILE
# Names without a dot belong to the domain. What stands behind # is not expected yet.
domain: example.test
mx:
  - 10 mx1
  - 20 mx2
# backups: [mx2]
nameservers: [ns1, ns2]
addresses:
  mx1: [198.41.0.4]
  mx2: [199.9.14.201]
tls:
  minimum: 1.2
  verified: true
dane: required
mta-sts: enforce
tlsrpt: present
dnssec: signed
spf: fail
dmarc: reject
"""
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case.code))
def test_what_is_begun_with_a_look_fits_it(case: Case) -> None:
    seen = look_at(case.fault, **case.wishes).snapshot
    text = _begun(seen)

    assert text.startswith("# What example.test should look like")
    assert _broken(seen, text) == {}


def test_what_is_begun_notices_what_changes_later() -> None:
    text = _begun(look_at(FLAWLESS).snapshot)
    changed = FLAWLESS.without("example.test", "MX 20").at("_dmarc.example.test", 'TXT "v=DMARC1; p=none"')

    assert set(_broken(look_at(changed).snapshot, text)) == {"MX531:example.test", "MX537:_dmarc.example.test"}


def test_what_is_commented_out_can_be_waived_as_it_stands_with_another_day() -> None:
    seen = look_at(FLAWLESS.host("199.9.14.201", kind=None)).snapshot
    text = _begun(seen)
    waived = text.replace("# waive:", "waive:").replace("#   - {", "  - {").replace("2000-01-01", "2026-06-30")

    assert "{rule: MX752, host: mx2, because: say why, until: 2000-01-01}" in text
    approved = load_approved(waived.encode(), "expect.yaml")
    judgements = judge_snapshot(seen, beside=Beside(approved=approved))
    bad = [one for each in judgements for one in each.findings if one.severity in (Severity.ERROR, Severity.WARNING)]
    assert bad
    assert all(one.waived is not None for one in bad)


def test_where_nothing_was_seen_nothing_is_expected() -> None:
    seen = look_at(FLAWLESS).snapshot
    blind = replace(seen, answers=(), visits=(), authorities=(), validations=(), policy=None)

    assert _begun(blind) == ""
    judged = judge_snapshot(blind, beside=Beside(approved=load_approved(b"domain: example.test\nspf: fail", "e.yaml")))
    assert [one.status for one in judged if one.code == "MX537"] == [Status.INCONCLUSIVE]
