"""DMARC: the walk up the tree, the record, and whether another domain allows reports."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxprobe.facts.dns import Answer, Answers, AnswerStatus, Question, RecordType, TextRecord
from mxprobe.mx.dmarc import (
    Discovery,
    Policy,
    discover,
    next_dmarc_questions,
    permission_question,
    read_dmarc,
    walk_names,
)


def _answers(records: dict[str, str | AnswerStatus], domain: str) -> Answers:
    """The answers of a walk from `domain`; what is not in `records` does not exist."""
    found = {}
    for name in walk_names(domain):
        question = Question(name=f"_dmarc.{name}", rrtype=RecordType.TXT)
        said = records.get(name, AnswerStatus.NXDOMAIN)
        if isinstance(said, AnswerStatus):
            found[question] = Answer(question=question, status=said)
        else:
            texts = tuple(TextRecord(text=f'"{text}"', ttl=1) for text in said.split("\n"))
            found[question] = Answer(question=question, status=AnswerStatus.FOUND, records=texts)
    return found


def _walk(domain: str, **records: str | AnswerStatus) -> Discovery:
    named = {name.replace("_", "."): said for name, said in records.items()}
    return discover(domain, _answers(named, domain))


def test_a_walk_goes_up_label_by_label() -> None:
    assert walk_names("a.mail.example.com") == ("a.mail.example.com", "mail.example.com", "example.com", "com")
    assert walk_names("com") == ("com",)


def test_a_walk_of_a_long_name_asks_eight_times_and_skips_the_middle() -> None:
    names = walk_names("a.b.c.d.e.f.g.h.i.j.mail.example.com")

    assert len(names) == 8
    assert names[1] == "g.h.i.j.mail.example.com"
    assert names[-1] == "com"
    assert len(walk_names("1.2.3.4.5.6.7.8")) == 8


def test_the_record_of_the_domain_itself_comes_first() -> None:
    seen = _walk("mail.example.com", mail_example_com="v=DMARC1; p=reject", example_com="v=DMARC1; p=none")

    assert seen.record is not None
    assert (seen.domain, seen.record.p, seen.organizational) == ("mail.example.com", Policy.REJECT, "example.com")


def test_without_one_that_of_the_organizational_domain_counts() -> None:
    seen = _walk("a.mail.example.com", mail_example_com="v=DMARC1; p=none", example_com="v=DMARC1; p=quarantine")

    assert (seen.domain, seen.organizational) == ("example.com", "example.com")


def test_above_a_public_suffix_nobody_is_asked_and_its_record_counts_last() -> None:
    seen = _walk("a.mail.example.com", com="v=DMARC1; psd=y; p=reject")

    assert (seen.domain, seen.organizational) == ("com", "example.com")
    below = _walk("a.mail.example.com", example_com="v=DMARC1; p=none", com="v=DMARC1; psd=y; p=reject")
    assert (below.domain, below.organizational) == ("example.com", "example.com")


def test_a_domain_may_say_that_it_is_its_own_organisation() -> None:
    seen = _walk("a.mail.example.com", mail_example_com="v=DMARC1; psd=n", example_com="v=DMARC1; p=reject")

    assert (seen.domain, seen.organizational) == ("mail.example.com", "mail.example.com")


def test_of_two_records_at_one_name_none_counts() -> None:
    seen = _walk("example.com", example_com="v=DMARC1; p=none\nv=DMARC1; p=reject")

    assert (seen.unknown, seen.record) == ("", None)
    assert seen.walked[0].endswith("2 records, so that none counts")


def test_a_lookup_that_fails_leaves_the_policy_open_but_not_one_that_was_found_below() -> None:
    assert "could not be looked up" in _walk("example.com", example_com=AnswerStatus.SERVFAIL).unknown
    seen = _walk("example.com", example_com="v=DMARC1; p=none", com=AnswerStatus.TIMEOUT)
    assert (seen.unknown, seen.domain, seen.organizational) == ("", "example.com", None)
    assert seen.is_external("reports.example.com") is False
    assert seen.is_external("reports.test") is None
    assert discover("example.com", {}).unknown == "nobody asked for the DMARC record"


def test_reports_are_external_where_the_organisation_is_another() -> None:
    seen = _walk("mail.example.com", example_com="v=DMARC1; p=none")

    assert seen.is_external("example.com") is False
    assert seen.is_external("reports.example.com") is False
    assert seen.is_external("notexample.com") is True


def test_a_record_is_read_with_its_defaults() -> None:
    text = (
        "v=DMARC1; p=Quarantine; sp=none; np=reject; adkim=s; aspf=x; t=y; pct=20; fo=1;"
        "rua=mailto:a@r.test!10m , mailto:b%40c@R.test,https://x.test/!5; ruf=mailto:broken"
    )
    record = read_dmarc(text)

    assert (record.p, record.sp, record.np) == (Policy.QUARANTINE, Policy.NONE, Policy.REJECT)
    assert (record.adkim, record.aspf, record.psd, record.testing) == ("s", "r", "u", True)
    assert [(uri.domain, uri.most) for uri in record.rua] == [("r.test", 10 << 20), ("r.test", None), (None, 5)]
    assert [uri.domain for uri in record.ruf] == [None]
    assert record.destinations == ("r.test",)
    assert record.ignored == ("aspf",)


@pytest.mark.parametrize("text", ["v=DMARC1", "V = DMARC1 ;p=none", "v=DMARC1;"])
def test_a_record_begins_with_its_version(text: str) -> None:
    assert _walk("example.com", example_com=text).record is not None


@pytest.mark.parametrize("text", ["v=dmarc1; p=none", "p=none; v=DMARC1", "v=DMARC10", "v=DMARC1x; p=none", "v=spf1"])
def test_what_does_not_is_none(text: str) -> None:
    assert _walk("example.com", example_com=text).record is None


@given(st.text(max_size=200))
def test_any_text_is_read(text: str) -> None:
    assert len(read_dmarc(text).destinations) <= len(text)


def test_where_reports_go_elsewhere_that_domain_is_asked_about() -> None:
    answers = _answers({"example.com": "v=DMARC1; rua=mailto:a@r.test,mailto:b@sub.example.com"}, "example.com")
    wanted = [f"{one.name} {one.rrtype}" for one in next_dmarc_questions("example.com", answers)]

    assert wanted == ["example.com._report._dmarc.r.test TXT", "r.test MX", "sub.example.com MX"]
    assert [one.name for one in next_dmarc_questions("example.com", {})] == ["_dmarc.example.com", "_dmarc.com"]


def test_a_permission_under_too_long_a_name_cannot_be_asked_for() -> None:
    assert permission_question("a." * 60 + "test", "b." * 60 + "test") is None
