"""One domain in which much is wrong, and one in which nothing is: what was planted is found, and nothing else."""

import pytest
from msgspec.structs import replace

from mxprobe.facts.finding import Severity
from mxprobe.lab.memory import SynAnswer
from mxprobe.scenario.reaction import CertificateKind
from tests.support.judged import FLAWLESS, NS2, Domain, MailHost, look_at, tlsa_of

ERROR, WARNING, INFO = Severity.ERROR, Severity.WARNING, Severity.INFO
TO = "alice@example.test"

ALIASED, EXPIRED, UNNAMED, MISNAMED, SHAKEN, BUSY = (
    "192.203.230.10",
    "192.36.148.17",
    "192.58.128.30",
    "199.7.83.42",
    "202.12.28.1",
    "198.97.190.53",
)
UNDERSCORE, TWIN = "192.112.36.4", EXPIRED
V6 = "2001:503:ba3e::2:30"


def _planted() -> Domain:
    """The domain with everything that PLANTED lists."""
    domain = (
        FLAWLESS.without("example.test", "MX")
        .without("example.test", "TXT")
        .plus(
            "example.test",
            "MX 10 mx1.example.test.",
            "MX 10 alias.example.test.",
            "MX 20 mx2.example.test.",
            "MX 30 gone.example.test.",
            "MX 30 bare.example.test.",
            "MX 40 private.example.test.",
            "MX 40 own.example.test.",
            "MX 50 expired.example.test.",
            "MX 50 unnamed.example.test.",
            "MX 50 misnamed.example.test.",
            "MX 60 shaken.example.test.",
            "MX 60 busy.example.test.",
            "MX 70 192.0.2.25.",
            "MX 70 under_score.example.test.",
            "MX 80 misnamed.example.test.",
            "MX 90 twin.example.test.",
            'TXT "v=spf1 -all"',
            'TXT "v=spf1 mx -all"',
        )
        .plus("mx1.example.test", f"AAAA {V6}")
        .at("alias.example.test", "CNAME real.example.test.")
        .at("real.example.test", f"A {ALIASED}")
        .at("bare.example.test", 'TXT "no address"')
        .at("private.example.test", "A 192.168.7.7")
        .at("own.example.test", "A 127.0.0.1")
        .at("expired.example.test", f"A {EXPIRED}")
        .at("unnamed.example.test", f"A {UNNAMED}")
        .at("misnamed.example.test", f"A {MISNAMED}")
        .at("shaken.example.test", f"A {SHAKEN}")
        .at("busy.example.test", f"A {BUSY}")
        .at("under_score.example.test", f"A {UNDERSCORE}")
        .at("twin.example.test", f"A {TWIN}")
        .at("_mta-sts.example.test", 'TXT "v=STSv1; id=not-right"')
        .at("_smtp._tls.example.test")
        .at("_dmarc.example.test")
        .at(
            "_25._tcp.mx2.example.test",
            f"TLSA {tlsa_of('another.example.test')}",
            f"TLSA {tlsa_of('next.example.test')}",
        )
    )
    named = {
        V6: "mx1",
        ALIASED: "real",
        EXPIRED: "expired",
        MISNAMED: "mx2",
        SHAKEN: "shaken",
        BUSY: "busy",
        UNDERSCORE: "under_score",
    }
    for address, name in named.items():
        domain = domain.named(address, f"PTR {name}.example.test.")
    hosts = {
        **domain.hosts,
        V6: MailHost(name="mx1.example.test", syn=SynAnswer.REFUSE),
        ALIASED: MailHost(name="alias.example.test", kind=CertificateKind.SELF_SIGNED),
        EXPIRED: MailHost(name="expired.example.test", kind=CertificateKind.EXPIRED),
        UNNAMED: MailHost(name="unnamed.example.test", banner="220 localhost ESMTP"),
        MISNAMED: MailHost(name="misnamed.example.test", kind=CertificateKind.WRONG_NAME),
        SHAKEN: MailHost(name="shaken.example.test", alert=bytes.fromhex("15030300020228")),
        UNDERSCORE: MailHost(name="under_score.example.test", banner="220 mail.example.test ESMTP"),
        BUSY: MailHost(name="busy.example.test", banner="554 5.3.2 no mail here"),
    }
    records = tuple(f"604800 {text}" if text.startswith("MX") else text for text in domain.records["example.test"])
    return replace(domain.at("example.test", *records), hosts=hosts, silent=frozenset({NS2}))


PLANTED = {
    "MX104": WARNING,
    "MX110": ERROR,
    "MX111": WARNING,
    "MX113": WARNING,
    "MX118": WARNING,
    "MX201": ERROR,
    "MX202": ERROR,
    "MX205": ERROR,
    "MX206": ERROR,
    "MX208": WARNING,
    "MX401": WARNING,
    "MX601": ERROR,
    "MX608": WARNING,
    "MX610": INFO,
    "MX703": WARNING,
    "MX707": WARNING,
    "MX708": WARNING,
    "MX709": ERROR,
    "MX751": ERROR,
    "MX757": WARNING,
    "MX771": ERROR,
    "MX855": ERROR,
    "MX857": INFO,
    "MX880": WARNING,
    "MX881": WARNING,
}
SUMS_UP = {"MX317": INFO}
"""What says of each backup that it does harm, by the findings above."""


def test_all_that_was_planted_is_found_and_nothing_else() -> None:
    looked = look_at(_planted(), recipients=(TO,))

    assert len(PLANTED) == 25
    assert looked.found == PLANTED | SUMS_UP


@pytest.mark.parametrize("domain", [FLAWLESS, _planted()], ids=["flawless", "planted"])
def test_a_report_has_its_answer_first_its_evidence_beside_and_fits_the_width(domain: Domain) -> None:
    looked = look_at(domain, recipients=(TO,))
    lines = looked.text.splitlines()

    assert lines[0].startswith("example.test: ")
    assert [line for line in lines if len(line) > 100 and " IN TLSA " not in line] == []  # lines to paste stay whole
    at = {line[9:14]: number for number, line in enumerate(lines) if line[9:11] == "MX"}
    for code in looked.found:
        number = at[code]
        block = lines[number : next(n for n in range(number + 1, len(lines)) if "Page:" in lines[n]) + 1]
        assert f"mxprobe explain {code}" in block[-1]
        assert any(line.strip().startswith("means") for line in block), code
    assert "DNS queries" in " ".join(lines[-2:])


def test_a_flawless_domain_raises_nothing_but_what_is_good() -> None:
    looked = look_at(FLAWLESS, recipients=(TO,))

    assert looked.found == {}
    assert {"MX750", "MX770", "MX800"} <= looked.good
