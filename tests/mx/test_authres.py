"""What hosts note of signatures, read as RFC 8601 has it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxprobe.mx.authres import last_word, read_results

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
                ("mx.a.org", "spf", "softfail", "", "a; b"),
                ("mx.a.org", "dkim", "fail", "y.test", "bad hash"),
            ],
        ),
        ("mx1.example.test; none", []),
        ("softfail (domain of transitioning x) client-ip=192.0.2.1; envelope-from=a@b", []),
        ("spf=pass; dkim=pass", []),
        ("mx1 (a (nested) comment) ; arc=pass", [("mx1", "arc", "pass", "", "")]),
        ("mx1; dkim=fail (never closed", [("mx1", "dkim", "fail", "", "")]),
    ],
)
def test_a_field_is_read(note: str, read: list[tuple[str, ...]]) -> None:
    assert [(one.by, one.method, one.result, one.domain, one.why) for one in read_results(note)] == read


def test_the_last_host_that_noted_it_has_the_last_word() -> None:
    said = last_word(["mx1.example.test; spf=pass", FAIL, PASS], "dkim", "probe.test")

    assert said is not None
    assert said.result == "fail"


def test_a_result_about_another_domain_says_nothing_of_ours() -> None:
    assert last_word([PASS], "dkim", "other.test") is None


@given(st.text(max_size=200))
def test_whatever_a_host_writes_is_read(note: str) -> None:
    assert isinstance(read_results(note), tuple)
