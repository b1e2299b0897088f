"""The file of what is approved: what it says, and every mistake with its file, line, key and what would be right."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxprobe.errors import InputError
from mxprobe.facts.approved import Approved
from mxprobe.facts.migration import ApprovedMx, Migration
from mxprobe.scenario.load_approved import MOST_OCTETS, load_approved

WHOLE = """\
domain: Example.test.
mx: [20 mx2.isp.example, 10 mx1]
operators: [isp.example, bücher.example]
nameservers: [ns1, ns2.dns.example]
migration:
  old: [10 mx1]
  new: [10 mx.new.example, 20 mx1]
  cut-over: 2026-03-01T09:00+01:00
  old-ttl: 1d
  ttl-lowered: 2026-02-27
  keep-old-until: 2026-03-15 00:00Z
"""


def test_a_whole_file_is_read() -> None:
    assert load_approved(WHOLE.encode(), "e.yaml") == Approved(
        path="e.yaml",
        domain="example.test",
        mx=(ApprovedMx(preference=10, host="mx1.example.test"), ApprovedMx(preference=20, host="mx2.isp.example")),
        operators=("isp.example", "xn--bcher-kva.example"),
        nameservers=("ns1.example.test", "ns2.dns.example"),
        migration=Migration(
            old=(ApprovedMx(preference=10, host="mx1.example.test"),),
            new=(
                ApprovedMx(preference=10, host="mx.new.example"),
                ApprovedMx(preference=20, host="mx1.example.test"),
            ),
            cut_over=1772352000.0,
            old_ttl=86400,
            ttl_lowered=1772150400.0,
            keep_old_until=1773532800.0,
        ),
    )


def test_hosts_of_both_sets_neither_leave_nor_come() -> None:
    plan = load_approved(WHOLE.encode(), "e.yaml").migration

    assert plan is not None
    assert (plan.leaving, plan.coming) == ((), ("mx.new.example",))


@pytest.mark.parametrize("text", ["domain: x.test\nmx: []", "\ufeffdomain: x.test\nmx: [0 .]"])
def test_no_host_and_the_null_mx_are_approved_too(text: str) -> None:
    assert load_approved(text.encode(), "e.yaml").mx in ((), (ApprovedMx(preference=0, host="."),))


MOVE = "domain: x.test\nmigration: {old: [10 a], new: [10 b], cut-over: 2026-03-01, old-ttl: 1d}\n"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "e.yaml: the file is empty; it has to say domain"),
        ("# nothing\n", "the file is empty"),
        ("domain: x.test\n", "e.yaml:1:1: the file approves nothing"),
        ("mx: []\n", "what is approved has no `domain`"),
        ("domain: x.test\nmxs: []\n", "e.yaml:2:1: no key of what is approved is called `mxs`"),
        ("domain: x.test\nmxs: []\n", "mx?"),
        ("domain: x.test\nmx: []\nmx: []\n", "e.yaml:3:1: the key `mx` stands here a second time"),
        ("domain: 192.0.2.1\nmx: []\n", "e.yaml:1:9: not a domain name"),
        ("domain: x.test\nmx: 10 a\n", "`mx` has to be a list"),
        ("domain: x.test\nmx: [a]\n", "a preference from 0 to 65535 and a host"),
        ("domain: x.test\nmx: [70000 a]\n", "a preference from 0 to 65535 and a host"),
        ("domain: x.test\nmx: [² a]\n", "a preference from 0 to 65535 and a host"),
        (f"domain: x.test\nmx: [{'9' * 5000} a]\n", "a preference from 0 to 65535 and a host"),
        ("domain: x.test\nmx: [10 a, 20 a]\n", "e.yaml:2:12: a.x.test stands in `mx` a second time"),
        ("domain: x.test\nmx: [0 ., 10 a]\n", "a null MX has no other record beside it"),
        (f"domain: x.test\noperators: [{', '.join(f'a{n}' for n in range(33))}]\n", "32 is the most"),
        ("domain: x.test\nnameservers: [a b]\n", "white space"),
        ("domain: x.test\nmigration: {old: [10 a], new: [10 b], old-ttl: 1d}\n", "the migration has no `cut-over`"),
        (MOVE.replace("cut-over", "cutover"), "cut-over?"),
        (MOVE.replace("10 b", "10 a"), "nothing migrates"),
        (MOVE.replace("2026-03-01", "2026-03-01T08:00"), "e.yaml:2:49: `2026-03-01T08:00` is no moment"),
        (MOVE.replace("2026-03-01", "2026-02-30"), "there is no such moment"),
        (MOVE.replace("2026-03-01", "tomorrow"), "Right is a day, or a time with its zone"),
        (MOVE.replace("1d", "86400"), "`86400` has no unit"),
        (MOVE.replace("1d", "99999w"), "no TTL is that long"),
        (MOVE.replace("}", ", ttl-lowered: 2026-03-02}"), "the TTL is lowered before the cut-over"),
        (MOVE.replace("}", ", keep-old-until: 2026-02-02}"), "kept until after the cut-over"),
        ("domain: x.test\n\tmx: []\n", "e.yaml:2"),
        ("a: \x07\n", "e.yaml:1: not YAML: a control character"),
        ("[" * 60000, "too many brackets"),
        ("- " * 30000, "too many brackets"),
        ("domain: x.test\nmx: &a [10 a, *a]\n", "a single word or text has to stand here"),
        ("x" * (MOST_OCTETS + 1), "the file has more than 65536 octets"),
    ],
)
def test_every_mistake_is_named_with_its_place_and_what_is_right(text: str, says: str) -> None:
    with pytest.raises(InputError) as refused:
        load_approved(text.encode(), "e.yaml")

    assert says in str(refused.value)
    assert str(refused.value).startswith("e.yaml")


def test_octets_that_are_no_text_are_refused() -> None:
    with pytest.raises(InputError, match=r"the file is not UTF-8 \(byte 9\)"):
        load_approved(b"domain: \xff", "e.yaml")


@given(st.text(alphabet="domainxetl: []{}-\n\t\"'&*!|>%@`.,0123456789²\x00\x85\u2028", max_size=80))
def test_nothing_that_anybody_writes_raises_anything_else(text: str) -> None:
    for whole in (text, f"domain: x.test\nmx: {text}", f"domain: x.test\nmigration: {{cut-over: {text}"):
        try:
            load_approved(whole.encode(), "e.yaml")
        except InputError as error:
            told = str(error)
        else:
            told = "e.yaml"
        assert told.startswith("e.yaml")
