"""Our evaluation of SPF comes to what pyspf comes to, and where it does not, the reason stands beside the case."""

import warnings
from typing import Any

import pytest

from mxprobe.facts.dns import AnswerStatus, Question, RecordType
from mxprobe.mx.consent import text_of
from mxprobe.mx.spf import evaluate
from mxprobe.mx.spfmacro import presented
from tests.support.spfcases import DIFFERENT, HELO, SAME, Case, Zone, play

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # a docstring of pyspf has an escape that newer Pythons warn of
    import spf


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> dict[str, Zone]:
    """pyspf asks the zone under "zone" in place of the DNS."""
    holder: dict[str, Zone] = {}

    def ask(name: str, qtype: str, *_rest: Any) -> list[tuple[tuple[str, str], Any]]:
        answer = holder["zone"].answer(Question(name=presented(name.lower()), rrtype=RecordType(qtype)))
        if answer.status is AnswerStatus.SERVFAIL:
            raise spf.TempError("DNS SERVFAIL")
        values: list[Any]
        if qtype == "MX":
            values = [(record.preference, record.exchange) for record in answer.mx]
        elif qtype == "TXT":
            values = [(text_of(record.text).encode("latin-1"),) for record in answer.records]  # type: ignore[union-attr]
        elif qtype == "PTR":
            values = [record.text.rstrip(".") for record in answer.records]  # type: ignore[union-attr]
        else:
            values = [record.address for record in answer.addresses]
        return [((name, qtype), value) for value in values]

    monkeypatch.setattr(spf, "DNSLookup", ask)
    return holder


def _theirs(case: Case, holder: dict[str, Zone]) -> str:
    holder["zone"] = Zone(case.zone)
    said, _ = spf.check2(i=case.address, s=case.sender, h=HELO)
    return str(said)


def test_there_are_enough_cases() -> None:
    assert len(SAME) >= 60
    assert len({case.name for case in (*SAME, *DIFFERENT)}) == len(SAME) + len(DIFFERENT)


@pytest.mark.parametrize("case", SAME, ids=lambda case: case.name)
def test_pyspf_agrees(case: Case, no_network: dict[str, Zone]) -> None:
    ours, _ = play(evaluate(case.client), Zone(case.zone))

    assert (ours.word, _theirs(case, no_network)) == (case.says, case.says)


@pytest.mark.parametrize("case", DIFFERENT, ids=lambda case: case.name)
def test_pyspf_departs_for_a_reason(case: Case, no_network: dict[str, Zone]) -> None:
    ours, _ = play(evaluate(case.client), Zone(case.zone))

    assert case.why
    assert (ours.word, _theirs(case, no_network)) == (case.says, case.theirs)
    assert case.says != case.theirs
