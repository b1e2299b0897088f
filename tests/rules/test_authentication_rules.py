"""Rules about SPF, DMARC, DKIM and lists of addresses: what raises each, what comes near, what is not known."""

import pytest

from mxprobe.facts.finding import Finding, Severity, Status
from mxprobe.rules import judge_snapshot
from tests.support.examples import snapshot_of

OURS = ("MX85", "MX86", "MX884")
HOSTS = """\
example.test MX 10 mx1.example.test
example.test MX 20 mx2.example.test
mx1.example.test A 192.0.2.1
mx2.example.test A 192.0.2.2
"""
SPF = "example.test TXT v=spf1 ip4:192.0.2.1 -all\n"
DMARC = "_dmarc.example.test TXT v=DMARC1; p=none; rua=mailto:d@example.test\n_dmarc.test NXDOMAIN\n"
SOUND = HOSTS + SPF + DMARC
GOOGLE = HOSTS.replace("mx1.example.test", "smtp.google.com").replace("example.test MX 20 mx2.example.test\n", "")
GOOGLE_SPF = "_spf.google.com TXT v=spf1 ip4:203.0.113.0/24 ~all\n"
REPORTS = (
    "_dmarc.example.test TXT v=DMARC1; p=none; rua=mailto:x@reports.example\n_dmarc.test NXDOMAIN\n"
    "reports.example MX 5 mx.reports.example\nmx.reports.example A 192.0.2.9\nmx.reports.example AAAA NODATA\n"
    "example.test._report._dmarc.reports.example TXT v=DMARC1\n"
)
TESTS = "dnsbl bl.example\n2.0.0.127.bl.example A 127.0.0.2\n1.0.0.127.bl.example NXDOMAIN\n"
LIST = TESTS + "2.2.0.192.bl.example A NXDOMAIN\n"
PUBLIC = "example.test MX 10 mx1.example.test\nmx1.example.test A 198.41.0.4\n"
MANY = "\n".join(f"a{number}.example.test A 192.0.2.100" for number in range(11))
ASKS = " ".join(f"a:a{number}.example.test" for number in range(11))


def _spf(record: str) -> str:
    return f"example.test TXT {record}\n"


def _found(seen: str) -> list[Finding]:
    judged = judge_snapshot(snapshot_of(seen), wanted=OURS)
    return [one for judgement in judged for one in judgement.findings]


def _fired(seen: str) -> dict[str, Severity]:
    return {one.code: one.severity for one in _found(seen)}


def _open(seen: str) -> dict[str, str]:
    judged = judge_snapshot(snapshot_of(seen), wanted=OURS)
    return {one.code: one.reason or "" for one in judged if one.status is Status.INCONCLUSIVE}


def test_a_sound_domain_raises_nothing_and_leaves_open_what_nobody_named() -> None:
    assert _fired(SOUND) == {}
    assert set(_open(SOUND)) == {"MX860", "MX884"}


@pytest.mark.parametrize(
    ("seen", "fires"),
    [
        (HOSTS + DMARC + "example.test TXT NODATA", {"MX850": Severity.INFO}),
        (HOSTS + DMARC + _spf("v=spf10 -all"), {"MX850": Severity.INFO}),
        (GOOGLE + SPF + DMARC + GOOGLE_SPF, {"MX851": Severity.INFO}),
        (
            GOOGLE + DMARC + GOOGLE_SPF + _spf("v=spf1 a:out.example.test -all") + "out.example.test A 192.0.2.3",
            {"MX851": Severity.INFO},
        ),
        (GOOGLE + DMARC + _spf("v=spf1 mx include:_spf.google.com -all") + GOOGLE_SPF, {"MX852": Severity.WARNING}),
        (
            HOSTS.replace("mx1.example.test", "d1a.ess.barracudanetworks.com")
            + DMARC
            + _spf("v=spf1 mx:example.test ~all"),
            {"MX852": Severity.WARNING},
        ),
        (HOSTS + DMARC + _spf(f"v=spf1 {ASKS} -all") + MANY, {"MX854": Severity.ERROR}),
        (HOSTS + DMARC + _spf("v=spf1 include:example.test -all"), {"MX854": Severity.ERROR}),
        (
            HOSTS + DMARC + _spf("v=spf1 redirect=o.test") + "o.test TXT v=spf1 redirect=example.test",
            {"MX854": Severity.ERROR},
        ),
        (HOSTS + SPF + SPF + DMARC, {"MX855": Severity.ERROR}),
        (HOSTS + SPF + "_dmarc.example.test NXDOMAIN\n_dmarc.test NXDOMAIN", {"MX857": Severity.INFO}),
        (HOSTS + SPF + DMARC.replace("v=DMARC1", "v=dmarc1"), {"MX857": Severity.INFO}),
        (HOSTS + SPF + REPORTS.replace("TXT v=DMARC1\n", "NXDOMAIN\n"), {"MX858": Severity.WARNING}),
        (HOSTS + SPF + REPORTS.replace("5 mx.reports.example", "0 ."), {"MX858": Severity.WARNING}),
        (HOSTS + SPF + REPORTS.replace("A 192.0.2.9", "A 10.0.0.9"), {"MX858": Severity.WARNING}),
        (HOSTS + SPF + REPORTS.replace("A 192.0.2.9", "A NODATA"), {"MX858": Severity.WARNING}),
        (SOUND + "selector s1\ns1._domainkey.example.test NXDOMAIN", {"MX860": Severity.WARNING}),
        (SOUND + "selector s1\ns1._domainkey.example.test TXT v=DKIM1; p=", {"MX860": Severity.WARNING}),
        (SOUND + LIST + "1.2.0.192.bl.example A 127.0.0.4", {"MX884": Severity.WARNING}),
    ],
)
def test_each_fault_is_named_and_nothing_else(seen: str, fires: dict[str, Severity]) -> None:
    assert _fired(seen) == fires


def test_a_pool_of_a_provider_on_a_list_is_a_note() -> None:
    seen = GOOGLE + DMARC + _spf("v=spf1 include:_spf.google.com -all") + GOOGLE_SPF + LIST

    assert _fired(seen + "1.2.0.192.bl.example A 127.0.0.4") == {"MX884": Severity.INFO}


@pytest.mark.parametrize(
    "seen",
    [
        GOOGLE + DMARC + GOOGLE_SPF + _spf("v=spf1 include:_spf.google.com -all"),
        GOOGLE + DMARC + GOOGLE_SPF + _spf("v=spf1 redirect=o.test") + "o.test TXT v=spf1 include:_spf.google.com ~all",
        GOOGLE + DMARC + GOOGLE_SPF + _spf("v=spf1 ip4:203.0.113.0/24 -all"),
        GOOGLE + DMARC + GOOGLE_SPF + _spf("v=spf1 ip4:192.0.2.0/24 +all"),
        HOSTS + DMARC + _spf("v=spf1 mx -all"),
        GOOGLE + DMARC + GOOGLE_SPF + _spf("v=spf1 -mx include:_spf.google.com -all"),
        HOSTS + DMARC + _spf("v=spf1 " + ASKS.rpartition(" ")[0] + " -all") + MANY,
        HOSTS
        + DMARC
        + _spf("v=spf1 a:gone1.example.test a:gone2.example.test -all")
        + "gone1.example.test A NXDOMAIN\ngone2.example.test A NXDOMAIN",
        HOSTS + SPF + "_dmarc.example.test NXDOMAIN\n_dmarc.test TXT v=DMARC1; psd=y; p=none",
        HOSTS + SPF + REPORTS,
        HOSTS + SPF + DMARC.replace("d@example.test", "d@sub.example.test") + "sub.example.test MX 1 mx1.example.test",
        HOSTS + SPF + DMARC.replace("mailto:d@example.test", "https://reports.example/"),
        SOUND + "selector s1\ns1._domainkey.example.test TXT k=rsa; p=MIIB",
        SOUND + LIST + "1.2.0.192.bl.example A NXDOMAIN",
    ],
)
def test_what_comes_near_is_no_fault(seen: str) -> None:
    assert _fired(seen) == {}
    assert set(_open(seen)) <= {"MX860", "MX884"}


@pytest.mark.parametrize(
    ("seen", "codes", "reason"),
    [
        (HOSTS, ("MX850", "MX852", "MX853", "MX854", "MX855"), "nobody asked for the SPF record"),
        (HOSTS, ("MX857", "MX858"), "nobody asked for the DMARC record"),
        (HOSTS + "example.test TXT SERVFAIL", ("MX850", "MX853", "MX854", "MX855"), "could not be looked up"),
        (HOSTS + _spf("v=spf1 moo -all"), ("MX852", "MX853", "MX854"), "malformed: there is no mechanism moo"),
        (HOSTS + _spf("v=spf1 include:o.test -all"), ("MX853", "MX854"), "were not all asked for"),
        (HOSTS + _spf("v=spf1 include:o.test -all") + "o.test TXT SERVFAIL", ("MX854",), "could not be looked up"),
        (HOSTS + _spf("v=spf1 include:o.test -all") + "o.test TXT NXDOMAIN", ("MX854",), "has no record"),
        (GOOGLE + _spf("v=spf1 ip4:192.0.2.1 -all"), ("MX851",), "from where Google sends is not known"),
        (GOOGLE + _spf("v=spf1 include:o.test -all"), ("MX851",), "were not all asked for"),
        (GOOGLE + GOOGLE_SPF + _spf("v=spf1 ip4:192.0.2.1 moo"), ("MX851",), "there is no mechanism moo"),
        (
            GOOGLE
            + GOOGLE_SPF
            + _spf("v=spf1 exists:%{i}.ok.test -all")
            + "203.0.113.1.ok.test A NXDOMAIN\n255.255.255.255.ok.test A NXDOMAIN",
            ("MX851",),
            "depends on client and sender",
        ),
        (
            HOSTS
            + _spf("v=spf1 exists:%{i}.a.test exists:%{i}.b.test a:gone.test -all")
            + "255.255.255.255.a.test A NXDOMAIN\n255.255.255.255.b.test A NXDOMAIN\ngone.test A NXDOMAIN",
            ("MX854",),
            "finds nothing",
        ),
        (HOSTS + "_dmarc.example.test TXT SERVFAIL\n_dmarc.test NXDOMAIN", ("MX857", "MX858"), "servfail"),
        (HOSTS + REPORTS.replace("TXT v=DMARC1\n", "TXT SERVFAIL\n"), ("MX858",), "could not be looked up"),
        (HOSTS + REPORTS.replace("A 192.0.2.9", "A SERVFAIL"), ("MX858",), "could not be looked up"),
        (HOSTS + DMARC.replace("d@example.test", "d@r.example"), ("MX858",), "was not asked for"),
        (SOUND, ("MX860",), "--dkim-selector NAME would tell"),
        (SOUND, ("MX884",), "no list was named"),
        (SOUND + "selector s1\ns1._domainkey.example.test SERVFAIL", ("MX860",), "servfail"),
        (
            TESTS + PUBLIC,
            ("MX884",),
            "was not asked",
        ),
        (
            TESTS + PUBLIC + "4.0.41.198.bl.example A 127.255.255.254",
            ("MX884",),
            "did not answer the question",
        ),
    ],
)
def test_what_was_not_seen_is_left_open(seen: str, codes: tuple[str, ...], reason: str) -> None:
    unknown = _open(seen)

    for code in codes:
        assert reason in unknown.get(code, "judged"), code


def test_the_terms_that_ask_are_counted_as_evidence_and_the_backup_is_told() -> None:
    (found,) = _found(HOSTS + DMARC + _spf(f"v=spf1 ip4:192.0.2.1 {ASKS} -all") + MANY)

    assert found.seen[0].startswith("SPF of any other address: permerror (a:a10.example.test")
    assert found.seen[1].startswith("SPF of mx2.example.test 192.0.2.2: permerror")
    assert found.seen[-1] == "11. a:a10.example.test of example.test"


def test_what_a_list_says_is_evidence() -> None:
    (found,) = _found(SOUND + LIST + "1.2.0.192.bl.example A 127.0.0.4\n1.2.0.192.bl.example TXT see bl.example")

    assert found.subject == "mx1.example.test/192.0.2.1"
    assert found.seen == ("bl.example: 127.0.0.4", "bl.example: see bl.example")


def test_a_report_domain_is_named_with_the_address_that_stands_there() -> None:
    (found,) = _found(HOSTS + SPF + REPORTS.replace("TXT v=DMARC1\n", "NXDOMAIN\n"))

    assert found.subject == "reports.example"
    assert "example.test._report._dmarc.reports.example" in found.says
    assert found.seen == ("_dmarc.example.test: mailto:x@reports.example",)
