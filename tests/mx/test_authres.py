"""What hosts note of signatures, read as RFC 8601 has it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxprobe.mx.authres import last_word, read_results, results_for

PASS = "mx1.example.test; dkim=pass header.d=probe.test header.s=k"
FAIL = "mx1.example.test; dkim=fail (body hash did not verify) header.d=probe.test header.s=k"


@pytest.mark.parametrize(
    ("note", "read"),
    [
        (PASS, [("mx1.example.test", "dkim", "pass", "probe.test", "")]),
        (FAIL, [("mx1.example.test", "dkim", "fail", "probe.test", "body hash did not verify")]),
        (
            'mx.a.org 1; spf=softfail (a; b) smtp.mailfrom=x@y.test; dkim=fail reason="bad hash" header.i=@Y.test',
            [
                ("mx.a.org", "spf", "softfail", "y.test", "a; b"),
                ("mx.a.org", "dkim", "fail", "y.test", "bad hash"),
            ],
        ),
        ("mx1.example.test; none", []),
        (
            "softfail (domain of transitioning x) client-ip=192.0.2.1; envelope-from=a@b",
            [("", "spf", "softfail", "b", "domain of transitioning x")],
        ),
        ("pass; spf=fail", [("pass", "spf", "fail", "", "")]),
        ("pass.example.test; spf=fail", [("pass.example.test", "spf", "fail", "", "")]),
        ("spf=pass; dkim=pass", []),
        ("mx1 (a (nested) comment) ; arc=pass", [("mx1", "arc", "pass", "", "")]),
        ("mx1; dkim=fail (never closed", [("mx1", "dkim", "fail", "", "")]),
    ],
)
def test_a_field_is_read(note: str, read: list[tuple[str, ...]]) -> None:
    assert [(one.by, one.method, one.result, one.domain, one.why) for one in read_results(note)] == read


@pytest.mark.parametrize(
    ("note", "by", "result", "domain", "client"),
    [
        (
            "Fail (mx1.a.test: domain of me@b.test does not designate 192.0.2.2) client-ip=192.0.2.2; "
            'envelope-from="me@b.test"; helo=mx2.a.test',
            "mx1.a.test",
            "fail",
            "b.test",
            "192.0.2.2",
        ),
        (
            "Pass (mailfrom) identity=mailfrom; client-ip=2001:db8::1; helo=p.test; envelope-from=me@b.test; "
            "receiver=<UNKNOWN>",
            "",
            "pass",
            "b.test",
            "2001:db8::1",
        ),
        (
            "none (helo) identity=helo; helo=p.test; envelope-from=me@b.test; receiver=mx.c.d",
            "mx.c.d",
            "none",
            "p.test",
            "",
        ),
        (
            "mx.a.test; spf=fail (domain of me@b.test does not designate 192.0.2.2 as permitted sender) "
            "smtp.mailfrom=me@b.test",
            "mx.a.test",
            "fail",
            "b.test",
            "192.0.2.2",
        ),
        (
            "mx.a.test; spf=pass (sender IP is 2001:db8::1) smtp.helo=p.test",
            "mx.a.test",
            "pass",
            "p.test",
            "2001:db8::1",
        ),
        ("mx.a.test; spf=none smtp.mailfrom=b.test", "mx.a.test", "none", "b.test", ""),
    ],
)
def test_spf_is_read_where_either_field_tells_it(note: str, by: str, result: str, domain: str, client: str) -> None:
    (one,) = read_results(note)

    assert (one.by, one.method, one.result, one.domain, one.client) == (by, "spf", result, domain, client)


def test_what_was_noted_of_another_domain_is_left_out() -> None:
    notes = ["mx1; spf=pass smtp.mailfrom=a@b.test", "mx2; spf=fail smtp.mailfrom=a@c.test; dkim=pass", "mx3; spf=none"]

    assert [one.by for one in results_for(notes, "spf", "b.test")] == ["mx1", "mx3"]


def test_the_last_host_that_noted_it_has_the_last_word() -> None:
    said = last_word(["mx1.example.test; spf=pass", FAIL, PASS], "dkim", "probe.test")

    assert said is not None
    assert said.result == "fail"


def test_a_result_about_another_domain_says_nothing_of_ours() -> None:
    assert last_word([PASS], "dkim", "other.test") is None


@given(st.text(max_size=200))
def test_whatever_a_host_writes_is_read(note: str) -> None:
    assert isinstance(read_results(note), tuple)
