"""Rules about expectations and waivers, at their edges: what is not known is no deviation, a waiver is exact."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from mxprobe.facts.approved import Approved, Exemption, WantedDane, WantedDmarc, WantedSpf
from mxprobe.facts.beside import Beside
from mxprobe.facts.finding import Finding, Judgement, Severity, Status
from mxprobe.jobs.look import judge
from mxprobe.jobs.look_at_zone import snapshot_of as snapshot_of_zone
from mxprobe.rules.moments import day_of
from mxprobe.rules.waivers import covers, waive
from mxprobe.scenario.zonefile import read_zone_file
from tests.support.examples import judged

TWO = """\
looked 2026-03-10T12:00Z
example.test MX 10 mx1.example.test
example.test MX 20 mx2.example.test
mx1.example.test A 192.0.2.1
mx2.example.test A 192.0.2.2
"""
HEARD = '{0} "220 {1} ESMTP" "250-{1}" "250 STARTTLS"\n'
TLS = TWO + HEARD.format("192.0.2.1", "mx1") + "192.0.2.1 certificate valid\n" + HEARD.format("192.0.2.2", "mx2")


def _of(code: str, block: str) -> Judgement:
    (found,) = (one for one in judged(block) if one.code == code)
    return found


def _told(code: str, block: str) -> tuple[str, ...]:
    """The evidence of a rule's findings; nothing where it passes, and where it is open that fails the test."""
    judgement = _of(code, block)
    assert judgement.status is not Status.INCONCLUSIVE, judgement.reason
    return tuple(line for one in judgement.findings for line in one.seen)


def _open(code: str, block: str) -> str:
    judgement = _of(code, block)
    assert (judgement.status, judgement.findings) == (Status.INCONCLUSIVE, ())
    return judgement.reason or ""


def test_without_a_file_and_for_what_it_does_not_say_nothing_is_judged() -> None:
    for code in ("MX531", "MX532", "MX533", "MX534", "MX535", "MX536", "MX537", "MX538", "MX539"):
        assert _open(code, TWO) == "nobody said what is approved: --expect FILE"
        if code not in ("MX535", "MX536"):
            assert _open(
                code, TWO + "approved migration: {old: [10 a], new: [10 b], cut-over: 2026-01-01, old-ttl: 1d}"
            ) == ("expected.yaml says nothing about it")


# -- MX records --------------------------------------------------------------------------------------------------------

BY = "by 192.0.2.53:53"
NONE = f"{BY} (expected.yaml:2 expects no such record)"


@pytest.mark.parametrize(
    ("line", "seen"),
    [
        ("mx: [10 mx1, 20 mx2]", ()),
        ("mx: [20 mx2, 10 mx1]", ()),
        ("mx: [10 mx1]\napproved operators: [example.test]", (f"MX 20 mx2.example.test, {NONE}",)),
        (
            "mx: [10 mx1, 20 mx2, 30 mx3]",
            (f"no MX record names mx3.example.test, {BY} (expected.yaml:2 expects 30 mx3.example.test)",),
        ),
        ("mx: [20 mx1, 10 mx2]", (
            f"MX 10 mx1.example.test, {BY} (expected.yaml:2 expects preference 20)",
            f"MX 20 mx2.example.test, {BY} (expected.yaml:2 expects preference 10)",
        )),
        ("mx: [0 .]", (f"there is no null MX, {BY} (expected.yaml:2 expects 0 .)",)),
        ("mx: []", ()),  # what is there nobody approved, which MX521 tells
    ],
)  # fmt: skip
def test_records_are_compared_as_a_set(line: str, seen: tuple[str, ...]) -> None:
    assert _told("MX531", f"{TWO}approved {line}\n") == seen


def test_a_null_mx_that_nobody_expects_is_told() -> None:
    null = "example.test MX 0 .\napproved mx: [10 mx1]\n"

    assert _told("MX531", null) == (
        f"no MX record names mx1.example.test, {BY} (expected.yaml:2 expects 10 mx1.example.test)",
        f"MX 0 ., {BY} (expected.yaml:2 expects no such record)",
    )
    assert _told("MX531", "example.test MX 0 .\napproved mx: [0 .]\n") == ()


def test_what_several_servers_say_is_told_once() -> None:
    both = "".join(f"authority ns{n}.example.test example.test MX 10 mx1.example.test\n" for n in (1, 2))

    (line,) = _told(
        "MX531", TWO.replace("example.test MX 20 mx2.example.test\n", "") + both + "approved mx: [10 mx1, 20 mx2]\n"
    )
    assert line == f"no MX record names mx2.example.test, {BY} and 2 more (expected.yaml:2 expects 20 mx2.example.test)"


def test_around_a_planned_cut_over_the_records_of_the_plan_are_right() -> None:
    move = "{{old: [10 old], new: [10 mx1, 20 mx2], cut-over: {}, old-ttl: 1d}}"
    plan = f"approved mx: [10 old]\napproved migration: {move}\n"

    assert _told("MX531", TWO + plan.format("2026-03-09")) == ()
    assert len(_told("MX531", TWO + plan.format("2026-01-01"))) == 3


def test_a_ttl_that_a_cache_gives_can_only_be_too_long() -> None:
    block = TWO + "example.test MX ttl {}\napproved mx-ttl: 10m..1h\n"
    judgement = _of("MX531", block.format(3601))

    assert [one.seen for one in judgement.findings] == [(f"TTL 1 h 1 s, {BY} (expected.yaml:2 expects 10 min to 1 h)",)]
    for counted_down in (3600, 60):
        assert "none of the zone's own servers told it" in _open("MX531", block.format(counted_down))


# -- TLS ---------------------------------------------------------------------------------------------------------------

FLOOR = "approved tls: {{minimum: {}}}\n"


@pytest.mark.parametrize(
    ("second", "floor", "seen"),
    [
        ("192.0.2.2 certificate valid\n", "1.3", ""),
        ('192.0.2.2 STARTTLS "454 4.7.0 TLS not available"\n', "1.2", 'STARTTLS is refused: "454 4.7.0'),
        ('192.0.2.2 handshake "unsupported protocol"\n', "1.2", "the handshake fails: unsupported protocol"),
        ('192.0.2.2 handshake "bad certificate"\n', "1.0", "the handshake fails: bad certificate"),
        ('192.0.2.2 handshake "unsupported protocol"\n', "none", ""),
    ],
)
def test_a_floor_is_held_against_what_each_address_shows(second: str, floor: str, seen: str) -> None:
    lines = _told("MX533", TLS + second + FLOOR.format(floor))

    assert [line.startswith(f"mx2.example.test/192.0.2.2: {seen}") for line in lines] == ([True] if seen else [])


@pytest.mark.parametrize(
    ("second", "floor", "reason"),
    [
        ('192.0.2.2 handshake "unsupported protocol"\n', "1.1", "which it has was not learnt"),
        ("", "1.2", "mx2.example.test/192.0.2.2: offers STARTTLS, and no answer to it was heard"),
    ],
)
def test_a_version_that_was_not_learnt_is_left_open(second: str, floor: str, reason: str) -> None:
    assert reason in _open("MX533", TLS + second + FLOOR.format(floor))


def test_a_host_that_does_not_answer_is_left_open_beside_what_is_known_of_others() -> None:
    down = TWO + HEARD.format("192.0.2.1", "mx1") + "192.0.2.2 does not answer\n" + FLOOR.format("1.2")

    assert "mx2.example.test/192.0.2.2" in _open("MX533", down + "192.0.2.1 certificate valid\n")
    judgement = _of("MX533", down + '192.0.2.1 handshake "bad certificate"\n')
    assert [one.subject for one in judgement.findings] == ["mx1.example.test"]
    assert "mx2.example.test/192.0.2.2" in (judgement.reason or "")


@pytest.mark.parametrize(
    ("kind", "seen"),
    [
        ("valid", ""),
        ("another name", "the certificate is for relay.isp.example"),
        ("self-signed", "the certificate is not trusted: self-signed certificate"),
        ("expired", "the certificate is not in its dates"),
    ],
)
def test_a_certificate_is_verified_as_a_strict_client_does(kind: str, seen: str) -> None:
    lines = _told("MX533", f"{TLS}192.0.2.2 certificate {kind}\napproved tls: {{verified: true}}\n")

    assert [line.startswith(f"mx2.example.test/192.0.2.2: {seen}") for line in lines] == ([True] if seen else [])


# -- policies ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("block", "word", "fits"),
    [
        ("_dmarc.example.test TXT v=DMARC1; p=reject\n", "reject", True),
        ("_dmarc.example.test TXT v=DMARC1; p=reject; t=y\n", "reject", False),
        ("_dmarc.example.test TXT v=DMARC1; p=reject; t=y\n", "quarantine", True),
        ("_dmarc.example.test TXT v=DMARC1; p=reject\n", "none", False),
        ("_dmarc.example.test TXT v=DMARC1\n", "none", True),
        ("_dmarc.example.test NXDOMAIN\n_dmarc.test NXDOMAIN\n", "absent", True),
        ("_dmarc.example.test NXDOMAIN\n_dmarc.test NXDOMAIN\n", "none", False),
        ("_dmarc.example.test NXDOMAIN\n_dmarc.test TXT v=DMARC1; p=none; sp=reject\n", "reject", True),
        ("_dmarc.example.test NXDOMAIN\n_dmarc.test TXT v=DMARC1; p=quarantine\n", "quarantine", True),
    ],
)
def test_dmarc_is_what_receivers_are_asked_for_mail_of_the_domain(block: str, word: str, fits: bool) -> None:
    parent = "" if "_dmarc.test" in block else "_dmarc.test NXDOMAIN\n"

    assert (_told("MX537", f"{TWO}{block}{parent}approved dmarc: {word}\n") == ()) is fits


@pytest.mark.parametrize(
    ("texts", "word", "fits"),
    [
        (["v=spf1 mx -all"], "fail", True),
        (["v=spf1 mx ~all"], "fail", False),
        (["v=spf1 mx ~all"], "softfail", True),
        (["v=spf1 mx"], "neutral", True),
        (["v=spf1 mx +all"], "neutral", False),
        (["v=spf1 mx ~all"], "present", True),
        (["v=spf1 mx ~all"], "absent", False),
        (["v=spf1 mx -all", "v=spf1 -all"], "present", False),
        (["v=spf1 mx -all", "v=spf1 -all"], "absent", False),
        (["other"], "absent", True),
        (["other"], "fail", False),
    ],
)
def test_spf_is_what_it_says_of_a_client_that_it_does_not_name(texts: list[str], word: str, fits: bool) -> None:
    block = "".join(f"example.test TXT {text}\n" for text in texts)

    assert (_told("MX537", f"{TWO}{block}approved spf: {word}\n") == ()) is fits


RECORD = "_mta-sts.example.test TXT v=STSv1; id=1\n"


@pytest.mark.parametrize(
    ("block", "word", "fits"),
    [
        ("_mta-sts.example.test NXDOMAIN\n", "none", True),
        ("_mta-sts.example.test NXDOMAIN\n", "testing", False),
        ("_mta-sts.example.test TXT v=STSv1; id=a-b\n", "enforce", False),
        (f'{RECORD}policy "version: STSv1" "mode: none" "max_age: 86400"\n', "none", True),
        (f'{RECORD}policy "version: STSv1" "mode: always"\n', "enforce", False),
    ],
)  # fmt: skip
def test_a_policy_that_no_sender_can_read_is_none(block: str, word: str, fits: bool) -> None:
    assert (_told("MX534", f"{TWO}{block}approved mta-sts: {word}\n") == ()) is fits


def test_a_policy_that_could_not_be_fetched_is_left_open() -> None:
    block = "_mta-sts.example.test TXT v=STSv1; id=1\npolicy timeout no answer\napproved mta-sts: enforce\n"

    assert "could not be had" in _open("MX534", TWO + block)


# -- waivers -----------------------------------------------------------------------------------------------------------


def _finding(code: str = "MX306", subject: str = "mx2.example.test", severity: Severity = Severity.ERROR) -> Finding:
    return Finding(code=code, name="n", severity=severity, subject=subject, says="s")


def _exemption(hosts: tuple[str, ...] = (), until: str = "2027-03-31") -> Exemption:
    return Exemption(rule="MX306", hosts=hosts, because="b", until=until, line=7)


@pytest.mark.parametrize(
    ("hosts", "subject", "is_covered"),
    [
        ((), "mx2.example.test", True),
        ((), "mx2.example.test, mx3.example.test", True),
        (("mx2.example.test",), "mx2.example.test", True),
        (("mx2.example.test",), "mx2.example.test/192.0.2.1:2525", True),
        (("mx2.example.test",), "mx2.example.test, mx3.example.test", False),
        (("mx2.example.test", "mx3.example.test"), "mx2.example.test, mx3.example.test", True),
        (("mx2.example.test",), "amx2.example.test", False),
        (("example.test",), "mx2.example.test", False),
    ],
)
def test_a_waiver_covers_the_hosts_that_it_names_and_no_other(
    hosts: tuple[str, ...], subject: str, is_covered: bool
) -> None:
    assert covers(_exemption(hosts), _finding(subject=subject)) is is_covered
    assert not covers(_exemption(hosts), _finding(code="MX307", subject=subject))
    assert not covers(_exemption(hosts), _finding(subject=subject, severity=Severity.OK))


@given(st.dates(), st.dates())
def test_a_waiver_holds_to_the_end_of_its_day(today: object, until: object) -> None:
    judgement = Judgement(code="MX306", name="n", status=Status.FIRES, findings=(_finding(),))
    approved = Approved(path="e.yaml", domain="example.test", exemptions=(_exemption(until=str(until)),))
    ((found,),) = (one.findings for one in waive((judgement,), approved, str(today)))

    assert (found.waived is not None) is (str(today) <= str(until))
    assert replace(found, waived=None) == _finding()
    assert found.waived is None or found.waived.place == "e.yaml:7"


@pytest.mark.parametrize("moment", [math.nan, math.inf, -math.inf, 1e300, -1e300, 1e12])
def test_on_a_day_that_no_calendar_has_nothing_is_waived(moment: float) -> None:
    assert day_of(moment) > "9999-12-31"


def test_the_days_are_those_of_utc() -> None:
    assert (day_of(0.0), day_of(86399.9), day_of(86400.0)) == ("1970-01-01", "1970-01-01", "1970-01-02")


def test_a_waiver_of_what_was_told_under_another_finding_is_not_called_unused() -> None:
    block = f"{TWO}approved mx: [10 mx1]\napproved waive: [{{rule: MX520, because: b, until: 2027-01-01}}]\n"
    judgement = _of("MX536", block)

    assert (judgement.status, judgement.findings) == (Status.INCONCLUSIVE, ())
    assert "told under MX521" in (judgement.reason or "")


# -- zone files --------------------------------------------------------------------------------------------------------

ZONE = """\
$TTL 3600
@ IN SOA ns1 hostmaster 1 7200 900 1209600 300
@ IN NS ns1
@ IN MX 10 mx1
@ IN TXT "v=spf1 include:_spf.isp.example mx {}all"
ns1 IN A 192.0.2.53
mx1 IN A 192.0.2.1
_25._tcp.mx1 IN TLSA 3 1 1 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
"""
DMARC = '_dmarc IN TXT "v=DMARC1; p={}"\n'


def _in_zone(zone: str, **expected: Any) -> Judgement:
    approved = Approved(path="e.yaml", domain="shop.test", lines={"spf": 2, "dmarc": 3, "dane": 4}, **expected)
    snapshot = snapshot_of_zone(read_zone_file(zone, "shop.test", "db.shop"), "shop.test", 1.8e9)
    look = judge(snapshot, beside=Beside(approved=approved))
    (found,) = (one for one in look.judgements if one.code in ("MX534", "MX537") and expected.keys() & KEYS[one.code])
    return found


KEYS = {"MX534": {"dane"}, "MX537": {"spf", "dmarc"}}


@pytest.mark.parametrize(
    ("end", "wanted", "status"),
    [
        ("-", WantedSpf.FAIL, Status.INCONCLUSIVE),
        ("~", WantedSpf.SOFTFAIL, Status.INCONCLUSIVE),
        ("~", WantedSpf.FAIL, Status.FIRES),
        ("?", WantedSpf.FAIL, Status.FIRES),
        ("-", WantedSpf.SOFTFAIL, Status.FIRES),
    ],
)
def test_a_zone_file_whose_spf_can_never_give_what_is_expected_is_a_deviation(
    end: str, wanted: WantedSpf, status: Status
) -> None:
    found = _in_zone(ZONE.format(end), spf=wanted)

    assert found.status is status
    if status is Status.FIRES:
        assert [one.says for one in found.findings] == [
            f"SPF of shop.test gives {wanted.value} to no client (e.yaml:2)"
        ]
        assert [str(line) for line in found.findings[0].places] == ["db.shop:5", "e.yaml:2"]
    else:
        assert str(found.reason).endswith("_spf.isp.example TXT is not known")


def test_a_zone_file_without_the_dmarc_record_that_is_expected_is_a_deviation_at_the_line_that_expects_it() -> None:
    found = _in_zone(ZONE.format("-"), dmarc=WantedDmarc.REJECT)

    assert [one.says for one in found.findings] == ["DMARC of shop.test is not there (e.yaml:3)"]
    assert [str(line) for line in found.findings[0].places] == ["e.yaml:3", "db.shop:2"]
    assert _in_zone(ZONE.format("-"), dmarc=WantedDmarc.ABSENT).status is Status.INCONCLUSIVE


def test_a_finding_about_dmarc_has_the_line_of_that_record_alone() -> None:
    zone = ZONE.format("-") + DMARC.format("none")
    found = _in_zone(zone, dmarc=WantedDmarc.REJECT)

    assert [str(line) for line in found.findings[0].places] == ["db.shop:9", "e.yaml:3"]
    assert _in_zone(ZONE.format("-") + DMARC.format("reject"), dmarc=WantedDmarc.REJECT).status is Status.PASSES


def test_tlsa_records_that_are_not_expected_are_shown_with_their_line() -> None:
    found = _in_zone(ZONE.format("-"), dane=WantedDane.ABSENT)

    assert [str(line) for line in found.findings[0].places] == ["db.shop:8", "e.yaml:4"]
