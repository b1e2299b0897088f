"""The record that allows a domain to be asked more: valid on its days alone, and every refusal has its own reason."""

import re
from datetime import date

import pytest

from mxprobe.facts.dns import Answer, AnswerStatus, TextRecord
from mxprobe.mx.consent import Consent, NoConsent, consent_question, read_consent

TODAY = date(2026, 11, 23)
NAME = "_mxprobe.example.test"


def _read(*texts: str, status: AnswerStatus = AnswerStatus.FOUND) -> Consent | NoConsent:
    records = tuple(TextRecord(text=text, ttl=60) for text in texts)
    question = consent_question("example.test")
    return read_consent("example.test", Answer(question=question, status=status, records=records), TODAY)


@pytest.mark.parametrize(
    "text",
    [
        '"v=mxprobe1; until=2026-12-31"',
        '"v=mxprobe1;until=2026-12-31;"',
        '"v=mxprobe1; note=ask anna; until=2026-12-31"',
        '"V = MXPROBE1 ; Until = 2026-12-31"',
        '"v=mxprobe1; un" "til=2026-12-31"',
        r'"v=mxprobe1\; until=2026-12-31"',
        r'"v=mxprobe1\059 until=2026-12-31"',
        "v=mxprobe1; until=2026-12-31",
    ],
)
def test_a_record_with_a_day_to_come_allows(text: str) -> None:
    assert _read(text) == Consent(allowed_by=NAME, until="2026-12-31")


def test_a_record_allows_on_its_last_day_and_not_on_the_next() -> None:
    assert isinstance(_read('"v=mxprobe1; until=2026-11-23"'), Consent)
    assert isinstance(_read('"v=mxprobe1; until=2026-11-22"'), NoConsent)


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        ((), "begins with"),
        (('"v=spf1 -all"',), "begins with v=mxprobe1"),
        (('"v=mxprobe1"',), "no last day"),
        (('"v=mxprobe1; until=2026-11-22"',), "until 2026-11-22, and that day is over"),
        (('"v=mxprobe1; until=2026-02-30"',), "until=2026-02-30 is no day"),
        (('"v=mxprobe1; until=20261231"',), "is no day"),
        (('"v=mxprobe1; until=next year"',), "is no day"),
        (('"v=mxprobe1; until"',), "'until' is no tag=value"),
        (('"v=mxprobe1; until=2026-12-31; until=2099-01-01"',), "stands twice"),
        (('"v=mxprobe2; until=2026-12-31"',), "version that is not known"),
        (('"v=mxprobe1"', '"v=mxprobe1; until=2020-01-01"'), "no last day.*; .*that day is over"),
    ],
)
def test_every_other_record_is_refused_for_a_reason_of_its_own(texts: tuple[str, ...], words: str) -> None:
    refused = _read(*texts)

    assert isinstance(refused, NoConsent)
    assert re.search(words, refused.reason)
    assert refused.flag == "--i-own-this"


def test_of_several_records_one_that_is_valid_is_enough() -> None:
    texts = ('"v=spf1 -all"', '"v=mxprobe1; until=2020-01-01"', '"v=mxprobe1; until=2027-01-01"', '"v=mxprobe1"')

    assert _read(*texts) == Consent(allowed_by=NAME, until="2027-01-01")


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (AnswerStatus.NXDOMAIN, "there is no TXT record"),
        (AnswerStatus.NODATA, "there is no TXT record"),
        (AnswerStatus.SERVFAIL, "could not be looked up (servfail)"),
        (AnswerStatus.TIMEOUT, "could not be looked up (timeout)"),
    ],
)
def test_a_record_that_was_not_seen_allows_nothing(status: AnswerStatus, words: str) -> None:
    refused = _read(status=status)

    assert isinstance(refused, NoConsent)
    assert words in refused.reason
    assert isinstance(read_consent("example.test", None, TODAY), NoConsent)
