"""The plan of a migration: what its file says, and every mistake with its file, line, key and what would be right."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxprobe.errors import InputError
from mxprobe.facts.migration import ApprovedMx, Migration, NewAddresses
from mxprobe.scenario.load_migration import MOST_HOSTS, load_migration
from mxprobe.scenario.small_file import MOST_OCTETS

WHOLE = """\
domain: Example.test.
old: [10 mx1, 20 mx2]
new: [20 mx2, 10 mx.new.example]
cut-over: 2026-03-01T09:00+01:00
old-ttl: 1d
ttl: 10m
ttl-lowered: 2026-02-27
sts-published: 2026-02-27 08:00Z
keep-old-until: 2026-03-15
addresses: {mx2: [192.0.2.7, "2001:db8:0::7"]}
"""
LEAST = "domain: x.test\nold: [10 a]\nnew: [10 b]\ncut-over: 2026-03-01\nold-ttl: 1d\n"


def test_a_whole_plan_is_read() -> None:
    mx2 = ApprovedMx(preference=20, host="mx2.example.test")

    assert load_migration(WHOLE.encode(), "plan.yaml") == Migration(
        path="plan.yaml",
        domain="example.test",
        old=(ApprovedMx(preference=10, host="mx1.example.test"), mx2),
        new=(ApprovedMx(preference=10, host="mx.new.example"), mx2),
        cut_over=1772352000.0,
        old_ttl=86400,
        ttl=600,
        ttl_lowered=1772150400.0,
        sts_published=1772179200.0,
        keep_old_until=1773532800.0,
        addresses=(NewAddresses(host="mx2.example.test", addresses=("192.0.2.7", "2001:db8::7")),),
    )


@pytest.mark.parametrize(("old_ttl", "ttl"), [("1d", 300), ("1m", 60), ("0s", 0)])
def test_without_a_word_the_ttl_of_the_switch_is_five_minutes_and_never_more_than_the_old_one(
    old_ttl: str, ttl: int
) -> None:
    assert load_migration(LEAST.replace("1d", old_ttl).encode(), "plan.yaml").ttl == ttl


def test_a_host_may_keep_its_record_and_change_its_address_alone() -> None:
    text = LEAST.replace("10 b", "10 a") + "addresses: {a: 192.0.2.7}\n"

    plan = load_migration(text.encode(), "plan.yaml")

    assert (plan.leaving, plan.coming) == ((), ())
    assert plan.addresses == (NewAddresses(host="a.x.test", addresses=("192.0.2.7",)),)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "plan.yaml: the file is empty; it has to say domain, old, new, cut-over and old-ttl"),
        ("# nothing\n", "the file is empty"),
        ("- 1\n", "plan.yaml:1:1: the plan has to be a mapping of keys and values"),
        (LEAST.replace("domain: x.test\n", ""), "plan.yaml:1:1: the plan has no `domain`"),
        (LEAST.replace("old: [10 a]\n", ""), "the plan has no `old`"),
        (LEAST.replace("new: [10 b]\n", ""), "the plan has no `new`"),
        (LEAST.replace("cut-over: 2026-03-01\n", ""), "the plan has no `cut-over`"),
        (LEAST.replace("old-ttl: 1d\n", ""), "the plan has no `old-ttl`"),
        (LEAST.replace("cut-over", "cutover"), "plan.yaml:4:1: no key of the plan is called `cutover`"),
        (LEAST.replace("cut-over", "cutover"), "cut-over?"),
        (LEAST + "migration: {}\n", "plan.yaml:6:1: no key of the plan is called `migration`"),
        (LEAST + "ttl: 5m\nttl: 5m\n", "plan.yaml:7:1: the key `ttl` stands here a second time"),
        (LEAST.replace("x.test", "192.0.2.1"), "plan.yaml:1:9: not a domain name"),
        (LEAST.replace("[10 a]", "10 a"), "plan.yaml:2:6: `old` has to be a list"),
        (LEAST.replace("10 a", "a"), "plan.yaml:2:7: an MX is a preference from 0 to 65535 and a host"),
        (LEAST.replace("10 a", "10 a, 20 a"), "plan.yaml:2:13: a.x.test stands in `old` a second time"),
        (LEAST.replace("10 b", "0 ., 10 b"), "a null MX has no other record beside it"),
        (
            LEAST.replace("10 b", "10 a"),
            "plan.yaml:3:6: `new` is the same as `old`, and no host gets other `addresses`",
        ),
        (LEAST.replace("10 a", ", ".join(f"10 h{n}" for n in range(MOST_HOSTS + 1))), "32 is the most"),
        (LEAST.replace("2026-03-01", "2026-03-01T08:00"), "plan.yaml:4:11: `2026-03-01T08:00` is no moment"),
        (LEAST.replace("2026-03-01", "2026-02-30"), "there is no such moment as `2026-02-30`"),
        (LEAST.replace("2026-03-01", "2026-03-01T25:00Z"), "there is no such moment"),
        (LEAST.replace("2026-03-01", "next week"), "Right is a day, or a time with its zone: 2026-03-01"),
        (LEAST.replace("1d", "86400"), "plan.yaml:5:10: `86400` has no unit"),
        (LEAST.replace("1d", "99999w"), "no TTL is that long (RFC 2181 §8)"),
        (LEAST + "ttl: 2d\n", "plan.yaml:6:6: `ttl` is that of the cut-over, and not longer than `old-ttl`"),
        (LEAST + "ttl-lowered: 2026-03-02\n", "plan.yaml:6:14: the TTL is lowered before the cut-over"),
        (LEAST + "sts-published: soon\n", "plan.yaml:6:16: `soon` is no moment"),
        (LEAST + "keep-old-until: 2026-02-02\n", "plan.yaml:6:17: the old hosts are kept until after the cut-over"),
        (LEAST + "addresses: [a]\n", "plan.yaml:6:12: `addresses` has to be a mapping of keys and values"),
        (LEAST + "addresses: {b: [192.0.2.7]}\n", "plan.yaml:6:13: b.x.test is not in `old` and in `new`"),
        (LEAST + "addresses: {b: [192.0.2.7]}\n", "Hosts of both: none."),
        (LEAST + "addresses: {a: [fe80::1%eth0]}\n", "plan.yaml:6:17: `fe80::1%eth0` is no IP address"),
        (LEAST + "addresses: {a: [192.0.2.700]}\n", "plan.yaml:6:17: `192.0.2.700` is no IP address"),
        (LEAST + "addresses: {a: []}\n", "plan.yaml:6:16: a host gets one to 32 addresses"),
        (
            LEAST + "addresses: {a: [192.0.2.7], a.x.test: [192.0.2.8]}\n",
            "a.x.test stands in `addresses` a second time",
        ),
        (LEAST + "addresses: {a: [[192.0.2.7]]}\n", "a single word or text has to stand here"),
        (LEAST + "addresses: {a b: [192.0.2.7]}\n", "plan.yaml:6:13: not a domain name"),
        ("domain: x.test\n\told: []\n", "plan.yaml:2"),
        ("a: \x07\n", "plan.yaml:1: not YAML: a control character"),
        ("[" * 60000, "too many brackets"),
        ("x" * (MOST_OCTETS + 1), "the file has more than 65536 octets"),
    ],
)
def test_every_mistake_is_named_with_its_place_and_what_is_right(text: str, says: str) -> None:
    with pytest.raises(InputError) as refused:
        load_migration(text.encode(), "plan.yaml")

    assert says in str(refused.value)
    assert str(refused.value).startswith("plan.yaml")


def test_octets_that_are_no_text_are_refused() -> None:
    with pytest.raises(InputError, match=r"the file is not UTF-8 \(byte 9\)"):
        load_migration(b"domain: \xff", "plan.yaml")


@given(st.text(alphabet="domainxetl: []{}-\n\t\"'&*!|>%@`.,0123456789²\x00\x85\u2028", max_size=80))
def test_nothing_that_anybody_writes_raises_anything_else(text: str) -> None:
    for whole in (text, f"{LEAST}addresses: {text}", f"{LEAST}ttl: {text}", f"domain: x.test\nold: {text}"):
        try:
            load_migration(whole.encode(), "plan.yaml")
        except InputError as error:
            told = str(error)
        else:
            told = "plan.yaml"
        assert told.startswith("plan.yaml")
