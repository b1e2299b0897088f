"""The file of what is approved: what it says, and every mistake with its file, line, key and what would be right."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from mxprobe.errors import InputError
from mxprobe.facts.approved import (
    Approved,
    Exemption,
    Span,
    TlsFloor,
    WantedAddresses,
    WantedDane,
    WantedDmarc,
    WantedMode,
    WantedReports,
    WantedSigning,
    WantedSpf,
    WantedTls,
)
from mxprobe.facts.migration import ApprovedMx, Migration
from mxprobe.rules.domain import RULES
from mxprobe.scenario.load_approved import load_approved
from mxprobe.scenario.small_file import MOST_OCTETS

README = Path(__file__).parents[2] / "README.md"

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
    read = load_approved(WHOLE.encode(), "e.yaml")

    assert replace(read, lines={}) == Approved(
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


DESIRED = """\
domain: example.test
mx:
  - 10 mx1
  - 20 mx2.isp.example
mx-ttl: 1h..1d
backups: [mx2.isp.example]
addresses:
  mx1: [192.0.2.1, "2001:DB8:0::1"]
tls:
  minimum: 1.2
  verified: true
  hosts:
    mx2.isp.example: {minimum: "1.0", verified: false}
dane: absent
mta-sts: none
tlsrpt: present
dnssec: unsigned
spf: softfail
dmarc: quarantine
waive:
  - rule: MX302
    because: >
      the second host comes
      in spring (OPS-412)
    until: 2027-03-31
  - {rule: mx533, host: [mx2.isp.example, _dmarc], because: old, until: 2027-01-31}
"""


def test_what_is_expected_is_read_with_the_line_of_each_part() -> None:
    read = load_approved(DESIRED.encode(), "e.yaml")

    assert replace(read, lines={}) == Approved(
        path="e.yaml",
        domain="example.test",
        mx=(ApprovedMx(preference=10, host="mx1.example.test"), ApprovedMx(preference=20, host="mx2.isp.example")),
        mx_ttl=Span(least=3600, most=86400),
        backups=("mx2.isp.example",),
        addresses=(WantedAddresses(host="mx1.example.test", addresses=("192.0.2.1", "2001:db8::1")),),
        tls=(
            WantedTls(minimum=TlsFloor.V12, verified=True),
            WantedTls(host="mx2.isp.example", minimum=TlsFloor.V10, verified=False),
        ),
        dane=WantedDane.ABSENT,
        mta_sts=WantedMode.NONE,
        tlsrpt=WantedReports.PRESENT,
        dnssec=WantedSigning.UNSIGNED,
        spf=WantedSpf.SOFTFAIL,
        dmarc=WantedDmarc.QUARANTINE,
        exemptions=(
            Exemption(
                rule="MX302",
                hosts=(),
                because="the second host comes in spring (OPS-412)",
                until="2027-03-31",
                line=21,
            ),
            Exemption(
                rule="MX533",
                hosts=("_dmarc.example.test", "mx2.isp.example"),
                because="old",
                until="2027-01-31",
                line=26,
            ),
        ),
    )
    assert str(read.place("mx mx2.isp.example", "mx")) == "e.yaml:4"
    assert str(read.place("tls mx1.example.test minimum", "tls minimum", "tls")) == "e.yaml:10"
    assert str(read.place("tls mx2.isp.example verified", "tls verified")) == "e.yaml:13"
    assert str(read.place("providers")) == "e.yaml:1"
    assert [str(read.place(key)) for key in ("mta-sts", "dmarc")] == ["e.yaml:15", "e.yaml:19"]


@pytest.mark.parametrize(
    ("host", "minimum", "verified"),
    [("mx2.isp.example", TlsFloor.V10, False), ("mx1.example.test", TlsFloor.V12, True)],
)
def test_what_is_said_of_one_host_stands_before_what_is_said_of_all(
    host: str, minimum: TlsFloor, verified: bool
) -> None:
    wanted = load_approved(DESIRED.encode(), "e.yaml").tls_at(host)

    assert (wanted.minimum, wanted.verified) == (minimum, verified)


def test_the_file_in_the_readme_is_one_and_its_report_names_its_lines() -> None:
    page = README.read_text(encoding="utf-8").partition("**As it should be, in Git.**")[2]
    text, report = page.split("```yaml\n")[1].split("```")[0], page.split("```\n$ ")[1].split("```")[0]
    rules = {word: module.RULE.code for module in RULES for word in (module.RULE.code, module.RULE.name)}
    read = load_approved(text.encode(), "expect.yaml", rules)

    assert {key for key in read.lines if " " not in key} >= {"mx", "tls", "dane", "spf", "migration", "waive"}
    assert f"DMARC of example.com asks for none ({read.place('dmarc')})" in report
    assert (
        f"until {read.exemptions[0].until}: {read.exemptions[0].because} (expect.yaml:{read.exemptions[0].line})"
        in report
    )


def test_a_rule_is_named_by_its_code_or_its_name() -> None:
    rules = {"MX302": "MX302", "single-mail-address": "MX302"}
    for word in ("MX302", "mx302", "single-mail-address", "Single-Mail-Address"):
        text = f"domain: x.test\nwaive: [{{rule: {word}, because: b, until: 2027-01-01}}]\n"
        assert [one.rule for one in load_approved(text.encode(), "e.yaml", rules).exemptions] == ["MX302"]


def _waive(entry: str) -> str:
    return f"domain: x.test\nwaive:\n  - {{{entry}}}\n"


GOOD = "rule: MX302, because: b, until: 2027-01-01"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("domain: x.test\nmx-ttl: 3600\n", "e.yaml:2:9: `3600` has no unit"),
        ("domain: x.test\nmx-ttl: 1d..1h\n", "e.yaml:2:9: `1d..1h` ends before it begins"),
        ("domain: x.test\nmx-ttl: 1h..\n", "is no range of TTLs"),
        ("domain: x.test\nmx-ttl: 1h..2h..3h\n", "Right is a TTL, or two with .. between: 1h, 1h..1d."),
        ("domain: x.test\nmx-ttl: 1h..99999w\n", "no TTL is that long"),
        ("domain: x.test\nbackups: []\n", "e.yaml:2:10: `backups` names nobody"),
        ("domain: x.test\nmx: [10 a]\nbackups: [b]\n", "e.yaml:3:11: `mx` does not list the backup b.x.test"),
        ("domain: x.test\nmx: [10 a, 10 b]\nbackups: [b]\n", "b.x.test has the best preference in `mx`"),
        ("domain: x.test\nproviders: []\n", "`providers` names nobody"),
        ("domain: x.test\nproviders: [Gogle]\n", "e.yaml:2:13: no provider is called `Gogle`"),
        ("domain: x.test\nproviders: [Gogle]\n", "Google?"),
        ("domain: x.test\nmx: [10 a]\nproviders: [Google]\n", "e.yaml:3:13: no host of `mx` is one of Google"),
        ("domain: x.test\naddresses: {}\n", "`addresses` names from 1 to 32 hosts, not 0"),
        ("domain: x.test\naddresses: [a]\n", "`addresses` has to be a mapping"),
        ("domain: x.test\naddresses: {a: []}\n", "a host has from 1 to 32 addresses, not 0"),
        ("domain: x.test\naddresses: {a: 192.0.2}\n", "e.yaml:2:16: `192.0.2` is no IP address"),
        ("domain: x.test\naddresses: {a: 192.0.2.0/24}\n", "is no IP address"),
        ("domain: x.test\naddresses: {a: fe80::1%eth0}\n", "is no IP address"),
        ("domain: x.test\naddresses:\n  a: [::1, 0::1]\n", "e.yaml:3:12: ::1 stands here a second time"),
        ("domain: x.test\naddresses:\n  a: ::1\n  a.x.test: ::1\n", "e.yaml:4:3: a.x.test stands here a second time"),
        ("domain: x.test\nmx: [10 a]\naddresses: {b: 192.0.2.1}\n", "e.yaml:3:13: `mx` does not list b.x.test"),
        ("domain: x.test\ntls: {}\n", "`tls` expects nothing: minimum, verified or hosts is missing"),
        ("domain: x.test\ntls: 1.2\n", "`tls` has to be a mapping"),
        ("domain: x.test\ntls: {minimum: 1.4}\n", "e.yaml:2:16: no value of `minimum` is called `1.4`"),
        ("domain: x.test\ntls: {minimum: 1.4}\n", "Known: 1.0, 1.1, 1.2, 1.3, none."),
        ("domain: x.test\ntls: {verified: yes}\n", "`yes` is neither true nor false"),
        ("domain: x.test\ntls: {minumum: 1.2}\n", "minimum?"),
        ("domain: x.test\ntls: {hosts: {a: {}}}\n", "nothing is expected of TLS at a.x.test"),
        ("domain: x.test\ntls: {minimum: none, verified: true}\n", "a host without TLS shows no certificate to verify"),
        ("domain: x.test\nmx: [10 a]\ntls: {hosts: {b: {minimum: 1.2}}}\n", "`mx` does not list b.x.test"),
        ("domain: x.test\ndane: yes\n", "e.yaml:2:7: no value of `dane` is called `yes`"),
        ("domain: x.test\nmta-sts: enforced\n", "enforce?"),
        ("domain: x.test\nmta_sts: enforce\n", "mta-sts?"),
        ("domain: x.test\ndmarc: rejected\n", "reject?"),
        ("domain: x.test\nspf: -all\n", "Known: absent, fail, neutral, present, softfail."),
        ("domain: x.test\ndnssec: true\n", "Known: signed, unsigned."),
        ("domain: x.test\ndnssec: unsigned\ndane: required\n", "e.yaml:3:7: DANE needs signed MX records"),
        ("domain: x.test\nwaive: {rule: MX302}\n", "`waive` has to be a list"),
        (_waive("rule: MX302, until: 2027-01-01"), "e.yaml:3:5: the waiver has no `because`"),
        (_waive("rule: MX302, because: b"), "e.yaml:3:5: the waiver has no `until`"),
        (_waive("because: b, until: 2027-01-01"), "e.yaml:3:5: the waiver has no `rule`"),
        (_waive(GOOD.replace("b,", "'',")), "e.yaml:3:28: a waiver says why"),
        (_waive(GOOD.replace("2027-01-01", "2027-02-29")), "e.yaml:3:38: `2027-02-29` is no day"),
        (_waive(GOOD.replace("2027-01-01", "spring")), "year, month and day, as in 2027-03-31"),
        (_waive(GOOD.replace("2027-01-01", "\uff12027-01-01")), "is no day"),
        (_waive(GOOD.replace("until", "til")), "no key of a waiver is called `til`"),
        (_waive(GOOD.replace("MX302", "302")), "e.yaml:3:12: no rule is called `302`"),
        (_waive(GOOD.replace("MX302", "MX535")), "e.yaml:3:12: MX535 tells how waivers stand, and cannot be waived"),
        (_waive(GOOD + ", host: []"), "`host` names nobody"),
        (_waive(GOOD + ", host: 192.0.2.1"), "not a domain name"),
        (_waive(f"{GOOD}}}\n  - {{{GOOD}"), "e.yaml:4:5: MX302 is waived already, on line 3"),
        ("domain: x.test\nwaive: [" + "a, " * 101 + "]\n", "`waive` has 101 entries; 100 is the most"),
    ],
)
def test_every_mistake_in_what_is_expected_is_named_with_its_place_and_what_is_right(text: str, says: str) -> None:
    with pytest.raises(InputError) as refused:
        load_approved(text.encode(), "e.yaml")

    assert says in str(refused.value)
    assert str(refused.value).startswith("e.yaml:")


def test_a_rule_that_there_is_not_is_refused_with_the_nearest() -> None:
    with pytest.raises(InputError) as refused:
        load_approved(_waive(GOOD.replace("MX302", "single-mx-adress")).encode(), "e.yaml", {"single-mx": "MX301"})

    assert "e.yaml:3:12: no rule is called `single-mx-adress`" in str(refused.value)
    assert "single-mx?" in str(refused.value)
    assert "All rules: mxprobe explain rules." in str(refused.value)


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
        ("domain: x.test\nnameservers: []\n", "e.yaml:2:14: `nameservers` names nobody"),
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
    keys = ("mx", "mx-ttl", "backups", "providers", "addresses", "tls", "dmarc", "waive", "migration: {cut-over")
    for whole in (text, *(f"domain: x.test\n{key}: {text}" for key in keys)):
        try:
            load_approved(whole.encode(), "e.yaml")
        except InputError as error:
            told = str(error)
        else:
            told = "e.yaml"
        assert told.startswith("e.yaml")
